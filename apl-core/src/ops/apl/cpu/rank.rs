//! How many sorted offsets lie above a value, and what a table holds for that rank: in registers where the CPU can look up there.

use pulp::Simd;

use super::tile::LANES;
use crate::ops::simd::Vectors;

/// Tables have a power of two of entries.
pub trait Rank: Vectors {
    /// For every value, the number of `offsets`, which descend, above it: 0 for NaN.
    #[inline(always)]
    fn ranks<S: Simd, const W: usize>(
        _simd: S,
        offsets: &[Self; W],
        x: &[Self; LANES],
    ) -> [u32; LANES] {
        ranks(offsets, x)
    }

    /// `table[rank - 1]` for every rank, 0 for rank 0.
    #[inline(always)]
    fn entries<S: Simd, const W: usize>(
        _simd: S,
        table: &[Self; W],
        ranks: &[u32; LANES],
    ) -> [Self; LANES] {
        entries(table, ranks)
    }
}

/// By halves; the last comparison tells the whole table from all but one.
#[inline(always)]
fn ranks<T: Vectors, const W: usize>(offsets: &[T; W], x: &[T; LANES]) -> [u32; LANES] {
    let mut ranks = [0u32; LANES];
    for (rank, &x) in ranks.iter_mut().zip(x) {
        let mut above = 0;
        let mut step = W / 2;
        while step > 0 {
            above += if offsets[above + step - 1] > x { step } else { 0 };
            step /= 2;
        }
        *rank = (above + usize::from(offsets[above] > x)) as u32;
    }
    ranks
}

#[inline(always)]
fn entries<T: Vectors, const W: usize>(table: &[T; W], ranks: &[u32; LANES]) -> [T; LANES] {
    ranks.map(
        #[inline(always)]
        |rank| if rank == 0 { T::ZERO } else { table[rank as usize - 1] },
    )
}

impl Rank for f64 {}

#[cfg(not(target_arch = "x86_64"))]
impl Rank for f32 {}

#[cfg(target_arch = "x86_64")]
impl Rank for f32 {
    #[inline(always)]
    fn ranks<S: Simd, const W: usize>(
        simd: S,
        offsets: &[f32; W],
        x: &[f32; LANES],
    ) -> [u32; LANES] {
        match avx512::registers(simd, offsets) {
            Some((simd, table)) => avx512::ranks::<W>(simd, table, x),
            None => ranks(offsets, x),
        }
    }

    #[inline(always)]
    fn entries<S: Simd, const W: usize>(
        simd: S,
        table: &[f32; W],
        ranks: &[u32; LANES],
    ) -> [f32; LANES] {
        match avx512::registers(simd, table) {
            Some((simd, table)) => avx512::entries::<W>(simd, table, ranks),
            None => entries(table, ranks),
        }
    }
}

/// Tables of two or four registers.
#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::{
        any::Any,
        arch::x86_64::{__m512, __m512i, _CMP_GT_OQ},
    };

    use pulp::{Simd, bytemuck::cast, x86::V4};

    use super::LANES;

    /// The instructions and the table, where both fit.
    #[inline(always)]
    pub fn registers<S: Simd, const W: usize>(
        simd: S,
        table: &[f32; W],
    ) -> Option<(V4, [__m512; 4])> {
        let simd = *(&simd as &dyn Any).downcast_ref::<V4>()?;
        if W != 2 * LANES && W != 4 * LANES {
            return None;
        }
        let part = |i: usize| {
            let mut lanes = [0f32; LANES];
            lanes.copy_from_slice(&table[i * LANES % W..][..LANES]);
            cast(lanes)
        };
        Some((simd, [part(0), part(1), part(2), part(3)]))
    }

    #[inline(always)]
    fn look_up<const W: usize>(simd: V4, table: [__m512; 4], index: __m512i) -> __m512 {
        let f = simd.avx512f;
        let low = f._mm512_permutex2var_ps(table[0], index, table[1]);
        if W == 2 * LANES {
            return low;
        }
        let high = f._mm512_permutex2var_ps(table[2], index, table[3]);
        let upper = f._mm512_test_epi32_mask(index, f._mm512_set1_epi32(2 * LANES as i32));
        f._mm512_mask_blend_ps(upper, low, high)
    }

    #[inline(always)]
    pub fn ranks<const W: usize>(simd: V4, table: [__m512; 4], x: &[f32; LANES]) -> [u32; LANES] {
        let f = simd.avx512f;
        let x: __m512 = cast(*x);
        let mut rank = f._mm512_set1_epi32(0);
        let mut step = W as i32 / 2;
        while step > 0 {
            let index = f._mm512_add_epi32(rank, f._mm512_set1_epi32(step - 1));
            let above = f._mm512_cmp_ps_mask::<_CMP_GT_OQ>(look_up::<W>(simd, table, index), x);
            rank = f._mm512_mask_add_epi32(rank, above, rank, f._mm512_set1_epi32(step));
            step /= 2;
        }
        let above = f._mm512_cmp_ps_mask::<_CMP_GT_OQ>(look_up::<W>(simd, table, rank), x);
        cast(f._mm512_mask_add_epi32(rank, above, rank, f._mm512_set1_epi32(1)))
    }

    #[inline(always)]
    pub fn entries<const W: usize>(
        simd: V4,
        table: [__m512; 4],
        ranks: &[u32; LANES],
    ) -> [f32; LANES] {
        let f = simd.avx512f;
        let rank: __m512i = cast(*ranks);
        let index = f._mm512_add_epi32(rank, f._mm512_set1_epi32(-1));
        let some = f._mm512_test_epi32_mask(rank, rank);
        let entry = look_up::<W>(simd, table, index);
        cast(f._mm512_mask_blend_ps(some, f._mm512_set1_ps(0.0), entry))
    }
}
