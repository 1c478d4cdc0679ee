//! What validation scores say about S, and what they do not.

use apl_train::run::Better;

use super::{Candidate, Question};
use crate::{
    format::{list, number},
    statistics::{
        FEWEST, Family, LEVEL, Statistics, decimals, equivalence, p_value, seeds_for_equivalence,
        welch,
    },
};

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// No validation split: test scores are not used to choose.
    Refused,
    /// Some S has fewer seeds than can be tested.
    Few {
        /// Which.
        hinges: Vec<usize>,
    },
    /// Every two are as good as equal: take the fewest.
    Same {
        /// The fewest.
        hinges: usize,
        /// The largest p-value of the equivalence tests.
        p: f64,
    },
    /// The fewest within one standard error of the best, and some other S is worse beyond chance.
    Take {
        /// The choice.
        hinges: usize,
        /// What carries it.
        evidence: Evidence,
    },
    /// Neither a difference nor its absence is shown.
    Unclear {
        /// The fewest within one standard error of the best, for the time being.
        hinges: usize,
        /// Seeds a row with which differences below the margin would probably be shown to be so; `None` where more than a thousand.
        seeds: Option<usize>,
    },
}

/// A difference that is no chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The better S.
    pub better: usize,
    /// The worse S.
    pub worse: usize,
    /// By how much, without a sign.
    pub difference: f64,
    /// After Holm over all pairs.
    pub p: f64,
}

impl Question {
    /// The answer, where scores closer than `margin` count as equal.
    pub fn answer(&self, margin: f64) -> Verdict {
        let known: Option<Vec<(usize, Statistics)>> =
            self.candidates.iter().map(|c| Some((c.hinges, c.validation?))).collect();
        let Some(known) = known else {
            let missing = |c: &&Candidate| c.validation.is_none() && c.runs > 0;
            if self.candidates.iter().any(|c| missing(&c)) {
                return Verdict::Refused;
            }
            return self.few();
        };
        if known.iter().any(|(_, statistics)| statistics.n < FEWEST) {
            return self.few();
        }
        if let Some(p) = equivalent(&known, margin) {
            return Verdict::Same { hinges: known[0].0, p };
        }
        let hinges = self.within_one_error(&known);
        match self.evidence(&known) {
            Some(evidence) => Verdict::Take { hinges, evidence },
            None => Verdict::Unclear { hinges, seeds: seeds(&known, margin) },
        }
    }

    fn few(&self) -> Verdict {
        let few = |c: &&Candidate| c.validation.is_none_or(|v| v.n < FEWEST);
        Verdict::Few { hinges: self.candidates.iter().filter(few).map(|c| c.hinges).collect() }
    }

    /// The one-standard-error rule: the fewest hinges whose mean is within one standard error of the best mean, that error being the best's own.
    fn within_one_error(&self, known: &[(usize, Statistics)]) -> usize {
        let better = self.measure.better;
        let best = known.iter().map(|(_, s)| s).fold(&known[0].1, |best, s| {
            if better.is_better(s.mean, best.mean) { s } else { best }
        });
        let error = best.deviation.unwrap_or(0.0) / (best.n as f64).sqrt();
        let near = |s: &Statistics| match better {
            Better::Lower => s.mean <= best.mean + error,
            Better::Higher => s.mean >= best.mean - error,
        };
        known.iter().find(|(_, s)| near(s)).map_or(known[0].0, |(hinges, _)| *hinges)
    }

    /// The clearest difference between two S, where one is left after Holm over all pairs.
    fn evidence(&self, known: &[(usize, Statistics)]) -> Option<Evidence> {
        let pairs: Vec<_> = pairs(known).collect();
        let tests: Vec<Option<f64>> =
            pairs.iter().map(|(one, other)| Some(welch(&one.1, &other.1).ok()?.p)).collect();
        let adjusted = Family::holm(&tests).adjusted;
        let clear = pairs.iter().zip(adjusted).filter_map(|(pair, p)| Some((pair, p?)));
        let ((one, other), p) =
            clear.filter(|(_, p)| *p < LEVEL).min_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let first = self.measure.better.is_better(one.1.mean, other.1.mean);
        let (better, worse) = if first { (one, other) } else { (other, one) };
        let difference = (one.1.mean - other.1.mean).abs();
        Some(Evidence { better: better.0, worse: worse.0, difference, p })
    }

    /// The answer in a sentence.
    pub fn sentence(&self, verdict: &Verdict, margin: f64) -> String {
        let unit = &self.measure.unit;
        let margin = match unit.as_str() {
            "%" => format!("{} points", number(margin, 2)),
            _ => number(margin, 4),
        };
        let name = |hinges: &usize| format!("S = {hinges}");
        match verdict {
            Verdict::Refused => "No answer: these runs have no validation split, and test scores are not used to choose S (train with data.validation).".into(),
            Verdict::Few { hinges } => format!(
                "These runs cannot tell: add seeds ({} has fewer than {FEWEST} finished runs).",
                list(&hinges.iter().map(name).collect::<Vec<_>>())
            ),
            Verdict::Same { hinges, p } => format!(
                "Take S = {hinges}: S does not matter here, as every two rows are equal within {margin} ({}, the largest of the equivalence tests).",
                p_value(*p)
            ),
            Verdict::Take { hinges, evidence: Evidence { better, worse, difference, p } } => {
                let sides: Vec<&Statistics> =
                    self.candidates.iter().filter_map(|c| c.validation.as_ref()).collect();
                let difference = number(*difference, decimals(unit, &sides));
                let most = self.candidates.iter().map(|candidate| candidate.hinges).max();
                let more = match most == Some(*hinges) {
                    true => " No larger S was tried, so that a larger one may be better still.",
                    false => "",
                };
                format!(
                    "Take S = {hinges}, the fewest hinges within one standard error of the best: S = {better} is better than S = {worse} by {difference} ({} after Holm over all pairs).{more}",
                    p_value(*p)
                )
            }
            Verdict::Unclear { hinges, seeds } => {
                let seeds = match seeds {
                    Some(seeds) => format!("about {seeds} a row would show whether they are equal within {margin}"),
                    None => format!("even a thousand a row would hardly show whether they are equal within {margin}"),
                };
                format!("These runs cannot tell: add seeds ({seeds}). Until then S = {hinges}, the fewest hinges within one standard error of the best.")
            }
        }
    }
}

/// The largest p-value of the equivalence tests of all pairs, if every pair is equivalent.
fn equivalent(known: &[(usize, Statistics)], margin: f64) -> Option<f64> {
    pairs(known).try_fold(0.0, |largest: f64, (one, other)| {
        let test = equivalence(&one.1, &other.1, margin).ok()?;
        test.holds().then_some(largest.max(test.p))
    })
}

/// Seeds by the mean square of all deviations.
fn seeds(known: &[(usize, Statistics)], margin: f64) -> Option<usize> {
    let squares = known.iter().map(|(_, s)| s.deviation.unwrap_or(0.0).powi(2));
    let deviation = (squares.sum::<f64>() / known.len() as f64).sqrt();
    seeds_for_equivalence(deviation, margin)
}

type Known = (usize, Statistics);

fn pairs(known: &[Known]) -> impl Iterator<Item = (&Known, &Known)> {
    known
        .iter()
        .enumerate()
        .flat_map(|(i, one)| known[i + 1..].iter().map(move |other| (one, other)))
}

#[cfg(test)]
mod tests {
    use apl_train::run::Measure;

    use super::*;

    fn question(candidates: &[(usize, &[f64])]) -> Question {
        let candidate = |(hinges, scores): &(usize, &[f64])| Candidate {
            hinges: *hinges,
            label: format!("s{hinges}"),
            validation: Statistics::of(scores.iter().copied()),
            runs: scores.len(),
        };
        Question {
            title: "CNN".into(),
            measure: Measure { name: "error".into(), unit: "%".into(), better: Better::Lower },
            candidates: candidates.iter().map(candidate).collect(),
        }
    }

    fn answer(question: &Question) -> (Verdict, String) {
        let verdict = question.answer(0.5);
        let sentence = question.sentence(&verdict, 0.5);
        (verdict, sentence)
    }

    #[test]
    fn equal_rows_take_the_fewest() {
        let (verdict, sentence) = answer(&question(&[
            (1, &[12.0, 12.1, 11.9, 12.0]),
            (2, &[12.05, 11.95, 12.1, 12.0]),
            (5, &[12.0, 12.0, 12.1, 11.9]),
        ]));
        assert!(matches!(verdict, Verdict::Same { hinges: 1, .. }), "{verdict:?}");
        let expected = "Take S = 1: S does not matter here, as every two rows are equal within 0.50 points (p < 0.001";
        assert!(sentence.starts_with(expected), "{sentence}");
    }

    #[test]
    fn a_clear_difference_carries_the_choice() {
        let few: &[f64] = &[14.0, 14.2, 13.9, 14.1];
        let (verdict, sentence) = answer(&question(&[
            (1, few),
            (2, &[12.1, 12.0, 12.3, 11.9]),
            (5, &[12.0, 11.9, 12.2, 12.1]),
        ]));
        let Verdict::Take { hinges: 2, evidence } = verdict else { panic!("{verdict:?}") };
        assert_eq!(evidence.worse, 1);
        assert!(sentence.starts_with("Take S = 2, the fewest hinges within one"), "{sentence}");
        assert!(!sentence.contains("No larger S"), "{sentence}");
        assert!(sentence.contains("is better than S = 1 by 2.0"), "{sentence}");
        let (_, most) = answer(&question(&[(1, few), (2, &[12.1, 12.0, 12.3, 11.9])]));
        assert!(most.contains("No larger S was tried"), "{most}");
    }

    #[test]
    fn noise_is_called_noise() {
        let (verdict, sentence) =
            answer(&question(&[(1, &[12.0, 13.5, 11.1]), (5, &[12.6, 11.0, 13.1])]));
        let Verdict::Unclear { hinges: 1, seeds: Some(seeds) } = verdict else {
            panic!("{verdict:?}")
        };
        assert!((20..200).contains(&seeds), "{seeds}");
        assert!(sentence.starts_with("These runs cannot tell: add seeds (about "), "{sentence}");
    }

    #[test]
    fn too_few_seeds_and_no_validation_are_no_answer() {
        let (verdict, sentence) =
            answer(&question(&[(1, &[12.0, 12.1]), (2, &[12.0, 11.0, 12.0])]));
        assert_eq!(verdict, Verdict::Few { hinges: vec![1] });
        assert!(
            sentence.contains("add seeds (S = 1 has fewer than 3 finished runs)"),
            "{sentence}"
        );
        let mut without = question(&[(1, &[]), (2, &[])]);
        without.candidates.iter_mut().for_each(|candidate| candidate.runs = 5);
        let (verdict, sentence) = answer(&without);
        assert_eq!(verdict, Verdict::Refused);
        assert!(sentence.contains("test scores are not used"), "{sentence}");
    }

    /// Scores of which more is better turn the rule around.
    #[test]
    fn the_rule_follows_the_measure() {
        let mut question = question(&[(1, &[0.70, 0.71, 0.69]), (2, &[0.80, 0.81, 0.79])]);
        let known: Vec<_> =
            question.candidates.iter().map(|c| (c.hinges, c.validation.unwrap())).collect();
        assert_eq!(question.within_one_error(&known), 1);
        question.measure.better = Better::Higher;
        assert_eq!(question.within_one_error(&known), 2);
    }
}
