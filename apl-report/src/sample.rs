//! Which units are shown, by a rule that does not look at them, and what they are called.

use apl_train::run::activations::LayerDescription;

/// The rule in words.
pub const RULE: &str = "at golden-section steps through the layer, whatever they look like";

/// Up to `most` of `count` units, ascending: at steps near the golden section of the layer, which visit every unit before any twice, from [`first`] on.
///
/// Even steps would land on the same row and column of every feature map wherever the sizes are powers of two.
pub fn units(count: usize, most: usize) -> Vec<usize> {
    let (step, count) = (step(count) as u128, count as u128);
    let place = |i: usize| (first(count as usize) as u128 + i as u128 * step) % count;
    let mut units: Vec<usize> = (0..most.min(count as usize)).map(|i| place(i) as usize).collect();
    units.sort_unstable();
    units
}

/// The unit that stands for a layer where there is room for one: the shorter part of the golden section, since the middle is a corner of a feature map
/// wherever sizes are even.
pub fn first(count: usize) -> usize {
    (count as f64 * 0.381_966_011_25) as usize
}

fn step(count: usize) -> usize {
    let divisor = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let start = (count as f64 * 0.618_033_988_75) as usize;
    (start.max(1)..count).find(|&step| divisor(count, step) == 1).unwrap_or(1)
}

/// A unit's coordinates, counted from 0: `channel 3, row 10, column 7`, `unit 12`.
pub fn name(shape: &[usize], index: usize) -> String {
    let names: &[&str] = match shape.len() {
        0 => return "all units".into(),
        1 => &["unit"],
        3 => &["channel", "row", "column"],
        _ => return format!("unit {index}"),
    };
    let mut rest = index;
    let mut parts = Vec::with_capacity(shape.len());
    for (name, &size) in names.iter().zip(shape).rev() {
        parts.push(format!("{name} {}", rest % size.max(1)));
        rest /= size.max(1);
    }
    parts.reverse();
    parts.join(", ")
}

/// The same for a layer's units: positions of a feature map that share parameters are a channel.
pub fn name_in(about: &LayerDescription, shape: &[usize], index: usize) -> String {
    if about.sharing.as_deref() == Some("channel") {
        format!("channel {index}")
    } else {
        name(shape, index)
    }
}

/// `96 × 32 × 32`.
pub fn size(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    sizes.join(" × ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_sample_is_distinct_and_spread() {
        for count in [0, 1, 2, 7, 8, 100, 16_384, 98_304] {
            let sample = units(count, 8);
            assert_eq!(sample.len(), count.min(8));
            assert_eq!(sample.iter().collect::<BTreeSet<_>>().len(), sample.len());
            assert!(sample.iter().all(|&unit| unit < count));
        }
        let columns: BTreeSet<usize> = units(16_384, 8).iter().map(|unit| unit % 32).collect();
        assert!(columns.len() > 4, "{columns:?}");
    }

    #[test]
    fn units_are_named_by_their_coordinates() {
        assert_eq!(name(&[96, 32, 32], 3 * 1024 + 10 * 32 + 7), "channel 3, row 10, column 7");
        assert_eq!((name(&[64], 12), name(&[], 0)), ("unit 12".into(), "all units".into()));
        assert_eq!(name(&[2, 2], 3), "unit 3");
    }
}
