//! Every unit with parameters of its own: `x` is `[batch, units]`, parameters are `[hinges, units]`.

mod block;
mod rows;

use std::sync::atomic::{AtomicBool, Ordering};

use self::block::Block;
use super::{Gradients, Size};
use crate::ops::{
    check,
    parallel::Shared,
    scratch::with_scratch,
    simd::{Vectors, dispatch},
};

/// Writes `h(x)` into `y`; `false` where a parameter is not finite.
pub fn forward<T: Vectors>(x: &[T], a: &[T], b: &[T], y: &mut [T], size: Size) -> bool {
    let Size { batch, groups: units, hinges, .. } = size;
    let finite = AtomicBool::new(true);
    let y = Shared::new(y);
    Block::for_each(units, hinges, |block| {
        let (length, room) = block.packed(hinges);
        with_scratch([room], |[parameters]: [&mut [T]; 1]| {
            let parameters = &mut parameters[..length];
            block.pack(a, b, hinges, parameters);
            if !check::all_finite(parameters) {
                finite.store(false, Ordering::Relaxed);
            }
            let (parameters, y) = (&*parameters, &y);
            dispatch(rows::Forward { x, y, parameters, block, batch, hinges });
        });
    });
    finite.into_inner()
}

/// Writes the gradients, see [`super::backward`].
pub fn backward<T: Vectors>(
    x: &[T],
    a: &[T],
    b: &[T],
    g: &[T],
    gradients: Gradients<T>,
    size: Size,
) {
    let Size { batch, groups: units, hinges, .. } = size;
    let dx = gradients.x.map(Shared::new);
    let learned = gradients.parameters.map(|(da, db)| (Shared::new(da), Shared::new(db)));
    Block::for_each(units, hinges, |block| {
        let (length, room) = block.packed(hinges);
        let wanted = if learned.is_some() { length } else { 0 };
        with_scratch([room; 2], |[parameters, sums]: [&mut [T]; 2]| {
            let (parameters, sums) = (&mut parameters[..length], &mut sums[..wanted]);
            block.pack(a, b, hinges, parameters);
            sums.fill(T::ZERO);
            let (parameters, dx) = (&*parameters, dx.as_ref());
            let work =
                rows::Backward { x, g, dx, parameters, sums: &mut *sums, block, batch, hinges };
            dispatch(work);
            let Some((da, db)) = &learned else { return };
            block.finish(parameters, hinges, sums);
            block.unpack(sums, hinges, da, db);
        });
    });
}
