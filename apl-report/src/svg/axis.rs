//! Ranges, scales and ticks.

/// An interval with a width, of finite numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Range {
    /// The interval between two numbers; one without width is widened, one that is none becomes 0 to 1.
    pub fn new(low: f64, high: f64) -> Self {
        const LARGEST: f64 = 1e300;
        if !low.is_finite() || !high.is_finite() {
            return Self { low: 0.0, high: 1.0 };
        }
        let (low, high) = (low.min(high).max(-LARGEST), low.max(high).min(LARGEST));
        let half = 0.5 * low.abs().max(high.abs());
        if high - low > 1e-9 * half {
            Self { low, high }
        } else if half == 0.0 {
            Self { low: -0.5, high: 0.5 }
        } else {
            Self { low: low - half, high: high + half }
        }
    }

    /// The interval that holds all of the finite numbers.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values = values.into_iter().filter(|value| value.is_finite());
        let first = values.next()?;
        let (low, high) = values.fold((first, first), |(low, high), v| (low.min(v), high.max(v)));
        Some(Self::new(low, high))
    }

    /// Both.
    pub fn union(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.max(other.high))
    }

    /// Its length.
    pub fn width(self) -> f64 {
        self.high - self.low
    }

    /// Longer by a share of its length at either end.
    pub fn padded(self, share: f64) -> Self {
        let more = self.width() * share;
        Self::new(self.low - more, self.high + more)
    }
}

/// From numbers to pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The numbers shown.
    pub range: Range,
    /// The pixel of `range.low`.
    pub from: f64,
    /// The pixel of `range.high`.
    pub to: f64,
}

impl Scale {
    /// The pixel of a number.
    pub fn at(&self, value: f64) -> f64 {
        self.from + (value - self.range.low) / self.range.width() * (self.to - self.from)
    }
}

/// Round numbers in a range, about `most` of them, as places and labels.
pub fn ticks(range: Range, most: usize) -> Vec<(f64, String)> {
    let rough = range.width() / most.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    if !power.is_finite() || power <= 0.0 {
        return Vec::new();
    }
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power);
    let step = step.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(rough);
    let (first, last) = ((range.low / step - 1e-6).ceil(), (range.high / step + 1e-6).floor());
    // Where the numbers are much larger than their differences, steps cannot be told apart.
    if last - first > 50.0 || first.abs() > 1e12 {
        return Vec::new();
    }
    let count = (last - first) as usize + 1;
    (0..count).map(|i| first + i as f64).map(|i| (i * step, label(i * step, step))).collect()
}

fn label(value: f64, step: f64) -> String {
    let exponent = step.log10().floor() as i32;
    let text = if value != 0.0 && !(-5..=5).contains(&exponent) {
        let digits = (value.abs().log10().floor() as i32 - exponent).clamp(0, 12) as usize;
        format!("{value:.digits$e}")
    } else {
        let decimals = (-exponent).max(0) as usize;
        format!("{:.decimals$}", if value == 0.0 { 0.0 } else { value })
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, most: usize) -> Vec<String> {
        ticks(Range::new(low, high), most).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(-1.3, 2.2, 4), ["−1", "0", "1", "2"]);
        assert_eq!(labels(0.0, 0.5, 5), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(labels(0.0, 3e9, 3), ["0", "1e9", "2e9", "3e9"]);
        assert_eq!(labels(0.0, 130.0, 4), ["0", "50", "100"]);
    }

    #[test]
    fn weird_ranges_are_ranges() {
        for (low, high) in [
            (f64::NAN, 1.0),
            (1.0, 1.0),
            (0.0, 0.0),
            (-f64::INFINITY, 0.0),
            (f64::MIN, f64::MAX),
            (1e300, 1e300),
            (5e-324, 1e-323),
            (1e15, 1e15 + 1.0),
            (3.0, -3.0),
        ] {
            let range = Range::new(low, high);
            assert!(range.width() > 0.0 && range.width().is_finite(), "{low} {high}");
            assert!(ticks(range, 5).len() < 60);
            assert!(range.padded(0.1).width().is_finite());
        }
        assert_eq!(Range::of([f64::NAN]), None);
        assert_eq!(Range::of([2.0, -1.0]), Some(Range { low: -1.0, high: 2.0 }));
    }
}
