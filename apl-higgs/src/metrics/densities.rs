//! How a network's outputs are distributed.

use crate::metrics::scored::Scored;

/// Densities of signal and background, in this order, over the sigmoid output, in equal bins from 0 to 1; scores are logits. A class that is absent is 0
/// everywhere.
///
/// ```
/// use apl_higgs::metrics::{Scored, densities};
/// let events = Scored::new(&[5.0, 4.0, -6.0, 3.0], &[1, 1, 0, 0], None)?;
/// assert_eq!(densities(&events, 2), [[0.0, 2.0], [1.0, 1.0]]);
/// # Ok::<(), apl_higgs::Error>(())
/// ```
pub fn densities(events: &Scored, bins: usize) -> [Vec<f64>; 2] {
    let mut heights = [vec![0.0; bins], vec![0.0; bins]];
    for group in events.groups() {
        let output = 1.0 / (1.0 + libm::exp(-f64::from(group.score)));
        let bin = ((output * bins as f64) as usize).min(bins.saturating_sub(1));
        for (heights, height) in
            heights.iter_mut().zip([group.yields.signal, group.yields.background])
        {
            if let Some(to) = heights.get_mut(bin) {
                *to += height;
            }
        }
    }
    heights.map(|heights| {
        let total: f64 = heights.iter().sum();
        let scale = if total > 0.0 { bins as f64 / total } else { 0.0 };
        heights.into_iter().map(|height| height * scale).collect()
    })
}
