//! What is found in the outputs of a network beside the area under the curve: significances, their intervals, and drawings.

use apl_core::random::Streams;
use apl_train::{
    run::{
        Better, Interval, Measure, Score,
        curves::{Axis, Curve, Series},
    },
    task::{Findings, Split},
};

use crate::{
    Result,
    metrics::{Cut, REPLICATES, Scored, SignificanceConfig, Spread, cut_curve, densities, roc},
};

/// The score of reading (A) in a table: the significance above one threshold.
pub const CUT: &str = "significance, one cut";
/// The score of reading (B): the significance of a histogram.
pub const BINNED: &str = "significance, binned";
/// Its unit.
const SIGMA: &str = "σ";

/// The most points of a line.
const POINTS: usize = 400;
/// Bins of the drawn distributions.
const BINS: usize = 50;

/// The scores and drawings of a test split; threshold and bins are chosen on the validation split.
///
/// # Errors
/// Settings out of their range.
pub fn findings(
    config: &SignificanceConfig,
    validation: &Scored,
    test: &Scored,
) -> Result<Findings> {
    let choices = config.choose(validation)?;
    let readings = choices.read(test);
    let spreads = choices.bootstrap(test, REPLICATES, &Streams::new(0));
    let binned = readings.binned.as_ref().map(|binned| binned.z);
    let scores = [
        score("AUC", "", readings.auc, spreads.auc),
        score(CUT, SIGMA, readings.cut.map(|cut| cut.z), spreads.cut),
        score(BINNED, SIGMA, binned, spreads.binned),
    ];
    let mut curves = vec![distributions(test)];
    curves.extend(roc_curve(test));
    curves.push(significances(config, validation, test));
    Ok(Findings { scores: scores.into_iter().flatten().collect(), curves })
}

fn score(name: &str, unit: &str, value: Option<f64>, spread: Option<Spread>) -> Option<Score> {
    let measure = Measure { name: name.into(), unit: unit.into(), better: Better::Higher };
    let interval = spread.map(|Spread { deviation, low, high, replicates }| Interval {
        low,
        high,
        deviation,
        replicates,
    });
    Some(Score { measure, value: value?, split: Split::Test.name().into(), interval })
}

fn roc_curve(test: &Scored) -> Option<Curve> {
    let points = roc(test, POINTS)?;
    Some(Curve {
        name: "roc".into(),
        title: "ROC curve, test events".into(),
        x: axis("background that passes", ""),
        y: axis("signal that passes", ""),
        series: vec![Series {
            name: "network".into(),
            x: points.iter().map(|point| point.background_efficiency).collect(),
            y: points.iter().map(|point| point.signal_efficiency).collect(),
        }],
    })
}

/// How the network's outputs are distributed in both classes.
fn distributions(test: &Scored) -> Curve {
    let centres: Vec<f64> = (0..BINS).map(|bin| (bin as f64 + 0.5) / BINS as f64).collect();
    let series = |(name, y): (&str, Vec<f64>)| Series { name: name.into(), x: centres.clone(), y };
    Curve {
        name: "scores".into(),
        title: "Outputs of the network, test events".into(),
        x: axis("sigmoid output", ""),
        y: axis("density", ""),
        series: ["signal", "background"]
            .into_iter()
            .zip(densities(test, BINS))
            .map(series)
            .collect(),
    }
}

/// The significance of one cut against the share of signal that passes.
fn significances(config: &SignificanceConfig, validation: &Scored, test: &Scored) -> Curve {
    let series = [("validation", validation), ("test", test)].map(|(name, events)| {
        let cuts = cut_curve(events, config, POINTS);
        Series {
            name: name.into(),
            x: cuts.iter().map(|cut: &Cut| cut.signal_efficiency).collect(),
            y: cuts.iter().map(|cut| cut.z).collect(),
        }
    });
    Curve {
        name: "significance".into(),
        title: "Expected significance above a threshold".into(),
        x: axis("signal that passes", ""),
        y: axis("significance", SIGMA),
        series: series.to_vec(),
    }
}

fn axis(name: &str, unit: &str) -> Axis {
    Axis { name: name.into(), unit: unit.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(offset: f32) -> Scored {
        let (mut scores, mut labels) = (Vec::new(), Vec::new());
        let mut random = Streams::new(3).named(apl_core::random::Purpose::Sample, "findings");
        for event in 0..20_000u32 {
            let label = event % 2;
            scores.push(random.normal() as f32 + offset * label as f32);
            labels.push(label);
        }
        Scored::new(&scores, &labels, None).unwrap()
    }

    #[test]
    fn all_three_scores_come_with_intervals() {
        let (validation, test) = (scored(1.5), scored(1.4));
        let found = findings(&SignificanceConfig::default(), &validation, &test).unwrap();
        let names: Vec<&str> = found.scores.iter().map(|s| s.measure.name.as_str()).collect();
        assert_eq!(names, ["AUC", CUT, BINNED]);
        for score in &found.scores {
            let interval = score.interval.unwrap();
            assert!(interval.low < score.value && score.value < interval.high, "{score:?}");
            assert_eq!(interval.replicates, REPLICATES);
        }
        // Two normal distributions 1.4 apart.
        let auc = found.scores[0].value;
        assert!((auc - 0.8389).abs() < 0.01, "{auc}");
    }

    #[test]
    fn drawings_are_whole() {
        let test = scored(1.4);
        let found = findings(&SignificanceConfig::default(), &test, &test).unwrap();
        let names: Vec<&str> = found.curves.iter().map(|curve| curve.name.as_str()).collect();
        assert_eq!(names, ["scores", "roc", "significance"]);
        for curve in &found.curves {
            for series in &curve.series {
                assert_eq!(series.x.len(), series.y.len());
                assert!(series.x.len() > 40 && series.x.len() <= POINTS, "{}", curve.name);
                assert!(series.x.iter().chain(&series.y).all(|value| value.is_finite()));
            }
        }
        let density = &found.curves[0].series[0];
        assert!((density.y.iter().sum::<f64>() / BINS as f64 - 1.0).abs() < 1e-9);
    }
}
