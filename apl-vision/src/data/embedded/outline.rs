//! The shapes of generated images.

/// Shapes there are.
pub(super) const OUTLINES: u32 = 10;

/// No shape reaches farther from its centre.
pub(super) const REACH: f64 = 1.5;

/// How far `(x, y)` lies outside shape `kind` (inside: negative), for shapes about as large as the unit disc. Distances are near the outline
/// those of the plane, or a little more. Every shape is its own mirror image.
pub(super) fn distance(kind: u32, x: f64, y: f64) -> f64 {
    let (across, down) = (x.abs(), y.abs());
    let length = |x: f64, y: f64| (x * x + y * y).sqrt();
    let triangle = |y: f64| (0.87 * across + 0.5 * y).max(-y) - 0.62;
    match kind {
        // Disc, square, diamond.
        0 => length(x, y) - 1.0,
        1 => across.max(down) - 0.85,
        2 => (across + down) * std::f64::consts::FRAC_1_SQRT_2 - 0.85,
        // Triangles, pointing down and up.
        3 => triangle(y + 0.1),
        4 => triangle(0.1 - y),
        // Plus, ring, bars lying and standing.
        5 => (across - 0.42).max(down - 1.05).min((across - 1.05).max(down - 0.42)),
        6 => (length(x, y) - 0.72).abs() - 0.36,
        7 => (across - 1.15).max(down - 0.55),
        8 => (across - 0.55).max(down - 1.15),
        // Four petals.
        _ => length(across - 0.55, down - 0.55) - 0.55,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_bounded_filled_and_their_own_mirror_images() {
        for kind in 0..OUTLINES {
            let mut inside = 0;
            for (i, j) in (0..64).flat_map(|i| (0..64).map(move |j| (i, j))) {
                let (x, y) = (f64::from(i - 32) / 16.0, f64::from(j - 32) / 16.0);
                let value = distance(kind, x, y);
                assert_eq!(value, distance(kind, -x, y));
                if value < 0.0 {
                    inside += 1;
                    assert!(x.hypot(y) < REACH, "{kind} {x} {y}");
                }
            }
            // Of 256 cells in a unit square.
            assert!((500..1000).contains(&inside), "{kind}: {inside}");
        }
    }
}
