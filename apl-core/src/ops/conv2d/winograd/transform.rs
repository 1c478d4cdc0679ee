//! The transformations at the points 0, 5/8, -5/8, 3/2, -3/2 and infinity, for registers of channels.
//!
//! `D` numbers are the coefficients of a polynomial. [`evaluate`] gives its values at the six points (at infinity: the last coefficient), [`adjoint`]
//! is the transpose of that matrix. [`image`] takes six pixels to the transformed domain. A convolution of a line of six pixels with `K` weights that
//! gives `M = 7 - K` outputs is then `adjoint::<M>(image(pixels) * scaled(evaluate::<K>(weights)))`.
//!
//! Pairs of opposite points share their even and odd halves, powers of 5/8 and 3/2 are exact, and rounding errors are a third to a half smaller than
//! at 0, 1, -1, 1/2, -2: among pairs of opposite points those near 2/3 and 3/2 have the smallest.

use pulp::Simd;

use crate::ops::simd::Vectors;

/// Points, which is also the side of a tile of pixels.
pub(super) const POINTS: usize = 6;

/// The two positive points.
const NEAR: f64 = 0.625;
const FAR: f64 = 1.5;
const NEAR2: f64 = NEAR * NEAR;
const FAR2: f64 = FAR * FAR;

/// One over the product of a point's distances from the other finite points.
const SCALES: [f64; POINTS] = [
    1.0 / (NEAR2 * FAR2),
    0.5 / (NEAR2 * (NEAR2 - FAR2)),
    0.5 / (NEAR2 * (NEAR2 - FAR2)),
    0.5 / (FAR2 * (FAR2 - NEAR2)),
    0.5 / (FAR2 * (FAR2 - NEAR2)),
    1.0,
];

/// Multiplies by the coefficients of the product of `x - point` over the finite points other than the row's; with a = 5/8, b = 3/2:
///
/// | point | 1 | x | x^2 | x^3 | x^4 | x^5 |
/// |---|---|---|---|---|---|---|
/// | 0 | a^2 b^2 | | -a^2 - b^2 | | 1 | |
/// | a, -a | | -+ a b^2 | -b^2 | +- a | 1 | |
/// | b, -b | | -+ b a^2 | -a^2 | +- b | 1 | |
/// | infinity | | a^2 b^2 | | -a^2 - b^2 | | 1 |
#[inline(always)]
pub(super) fn image<T: Vectors, S: Simd>(
    simd: S,
    d: [T::Vector<S>; POINTS],
) -> [T::Vector<S>; POINTS] {
    let add = |a: f64, b, c| T::fused(simd, T::splat(simd, T::of(a)), b, c);
    let (near_even, near_odd) = (add(-FAR2, d[2], d[4]), add(-FAR2, d[1], d[3]));
    let (far_even, far_odd) = (add(-NEAR2, d[2], d[4]), add(-NEAR2, d[1], d[3]));
    [
        add(NEAR2 * FAR2, d[0], add(-NEAR2 - FAR2, d[2], d[4])),
        add(NEAR, near_odd, near_even),
        add(-NEAR, near_odd, near_even),
        add(FAR, far_odd, far_even),
        add(-FAR, far_odd, far_even),
        add(NEAR2 * FAR2, d[1], add(-NEAR2 - FAR2, d[3], d[5])),
    ]
}

/// The values of `c[0] + c[1] x + ...` at the points.
#[inline(always)]
pub(super) fn evaluate<T: Vectors, S: Simd, const D: usize>(
    simd: S,
    c: [T::Vector<S>; D],
) -> [T::Vector<S>; POINTS] {
    let add = |a: f64, b, c| T::fused(simd, T::splat(simd, T::of(a)), b, c);
    let pair = |point: f64| {
        // Horner's rule for the even and the odd coefficients, from the last two down.
        let mut halves = [c[0], c[1]];
        if D > 2 {
            for (first, half) in halves.iter_mut().enumerate() {
                let last = D - 1 - (D - 1 - first) % 2;
                *half = c[last];
                for i in (first..last).rev().skip(1).step_by(2) {
                    *half = add(point * point, *half, c[i]);
                }
            }
        }
        [add(point, halves[1], halves[0]), add(-point, halves[1], halves[0])]
    };
    let ([a, b], [d, e]) = (pair(NEAR), pair(FAR));
    [c[0], a, b, d, e, c[D - 1]]
}

/// `y[i] = sum over the finite points of point^i p`, with `p` at infinity added to the last.
#[inline(always)]
pub(super) fn adjoint<T: Vectors, S: Simd, const D: usize>(
    simd: S,
    p: [T::Vector<S>; POINTS],
) -> [T::Vector<S>; D] {
    let even = [T::plus(simd, p[1], p[2]), T::plus(simd, p[3], p[4])];
    let odd = [T::minus(simd, p[1], p[2]), T::minus(simd, p[3], p[4])];
    let mut y = [T::plus(simd, p[0], T::plus(simd, even[0], even[1])); D];
    let (mut near, mut far) = (1.0, 1.0);
    for (i, y) in y.iter_mut().enumerate().skip(1) {
        (near, far) = (near * NEAR, far * FAR);
        let [a, b] = if i % 2 == 0 { even } else { odd };
        let sum = T::times(simd, T::splat(simd, T::of(near)), a);
        *y = T::fused(simd, T::splat(simd, T::of(far)), b, sum);
    }
    y[D - 1] = T::plus(simd, y[D - 1], p[5]);
    y
}

/// `p` times [`SCALES`].
#[inline(always)]
pub(super) fn scaled<T: Vectors, S: Simd>(
    simd: S,
    mut p: [T::Vector<S>; POINTS],
) -> [T::Vector<S>; POINTS] {
    for (p, scale) in p.iter_mut().zip(SCALES) {
        if scale != 1.0 {
            *p = T::times(simd, *p, T::splat(simd, T::of(scale)));
        }
    }
    p
}

/// The same transformation along both axes: `read(i, j)` gives the square, `write(i, j, value)` takes the result.
#[inline(always)]
pub(super) fn both_axes<V: Copy, const I: usize, const O: usize>(
    zero: V,
    read: impl Fn(usize, usize) -> V,
    line: impl Fn([V; I]) -> [V; O],
    mut write: impl FnMut(usize, usize, V),
) {
    let mut half = [[zero; O]; I];
    for (j, half) in half.iter_mut().enumerate() {
        let mut column = [zero; I];
        for (i, value) in column.iter_mut().enumerate() {
            *value = read(i, j);
        }
        *half = line(column);
    }
    for i in 0..O {
        let mut row = [zero; I];
        for (value, half) in row.iter_mut().zip(&half) {
            *value = half[i];
        }
        for (j, value) in line(row).into_iter().enumerate() {
            write(i, j, value);
        }
    }
}
