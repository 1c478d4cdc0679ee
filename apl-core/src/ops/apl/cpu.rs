//! APL on the CPU: one pass each way, no memory per hinge.
//!
//! Where every unit has its own parameters ([`units`]), a task owns a block of units and walks the batch. Where positions share parameters
//! ([`groups`]), a task owns one group of positions and a run of the batch. Both work on tiles of a few vectors ([`tile`]) and have the
//! parameters at hand in small memory of their own.
//!
//! Groups with many hinges are worked on in another form: sorted hinges cut the line into [`segments`], and a value looks up its own by [`rank`].

mod groups;
mod rank;
mod segments;
mod tile;
mod units;

use self::rank::Rank;
pub(super) use self::segments::MOST as MOST_SORTED;
use super::Form;
use crate::{Result, ops::check};

/// An input seen as `[batch, groups, positions]`, the parameters as `[hinges, groups]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub batch: usize,
    pub groups: usize,
    pub positions: usize,
    pub hinges: usize,
}

/// Writes `h(x)` into `y`.
pub(super) fn forward<T: Rank>(
    x: &[T],
    a: &[T],
    b: &[T],
    y: &mut [T],
    size: Size,
    form: Form,
) -> Result<()> {
    let form = if size.hinges > MOST_SORTED { Form::Direct } else { form };
    let finite = if size.positions == 1 {
        units::forward(x, a, b, y, size)
    } else {
        check::all_finite(a) && check::all_finite(b) && {
            groups::forward(x, a, b, y, size, form);
            true
        }
    };
    if finite {
        return Ok(());
    }
    check::finite_values("apl: slopes", a)?;
    check::finite_values("apl: offsets", b)
}

/// What [`backward`] writes; parts that nobody needs are absent.
pub(super) struct Gradients<'a, T> {
    pub x: Option<&'a mut [T]>,
    pub parameters: Option<(&'a mut [T], &'a mut [T])>,
}

/// Writes the gradients of the loss, given its gradient `g` by `h(x)`.
pub(super) fn backward<T: Rank>(
    x: &[T],
    a: &[T],
    b: &[T],
    g: &[T],
    gradients: Gradients<T>,
    size: Size,
    form: Form,
) {
    let form = if size.hinges > MOST_SORTED { Form::Direct } else { form };
    if size.positions == 1 {
        units::backward(x, a, b, g, gradients, size);
    } else {
        groups::backward(x, a, b, g, gradients, size, form);
    }
}
