//! The answer to "how many hinges?", and the effect of S.

use serde::Serialize;

use super::{
    Gallery, Shown,
    needed::{Left, Needed},
};
use crate::{
    choice::{self, Candidate, Question, Verdict},
    figure,
    format::number,
    row::Row,
    statistics::decimals,
};

#[derive(Debug, Serialize)]
pub(super) struct Section {
    questions: Vec<Answered>,
    /// Why some questions have no answer, and which.
    refused: Option<Refused>,
    rule: &'static str,
    effect: Option<Shown>,
    needed: Vec<Needed>,
}

/// A question with its answer.
#[derive(Debug, Serialize)]
struct Answered {
    title: String,
    /// Whether the answer is none, for want of a validation split.
    #[serde(skip)]
    refused: bool,
    answer: String,
    measure: String,
    lines: Vec<Line>,
}

/// Questions without an answer.
#[derive(Debug, Serialize)]
struct Refused {
    why: String,
    titles: Vec<String>,
}

/// What validation says of an S.
#[derive(Debug, Serialize)]
struct Line {
    hinges: usize,
    mean: String,
    error: String,
    seeds: usize,
}

const RULE: &str = "Scores of the validation split after the last step; test scores are not used. Rule: if every two S are equal within the margin, by two one-sided tests at level 0.05 fixed before looking, S does not matter and the smallest is taken; else the smallest S within one standard error of the best mean is, provided that some difference between two S is significant (Welch, adjusted after Holm over all pairs); else the runs cannot tell.";

/// `None` where no row has hinges. `left` is what is left in those that have.
pub(super) fn section(rows: &[Row], left: Vec<Left>, gallery: &mut Gallery) -> Option<Section> {
    let (refused, questions): (Vec<Answered>, Vec<Answered>) =
        Question::of(rows).iter().map(answered).partition(|answered| answered.refused);
    let refused = refused.first().map(|first| Refused {
        why: first.answer.clone(),
        titles: refused.iter().map(|question| question.title.clone()).collect(),
    });
    let effect = figure::effect("effect-of-s", rows).map(|figure| gallery.show(3, figure));
    let needed = Needed::tables(left);
    let any = !questions.is_empty() || refused.is_some() || effect.is_some() || !needed.is_empty();
    any.then_some(Section { questions, refused, rule: RULE, effect, needed })
}

fn answered(question: &Question) -> Answered {
    let measure = &question.measure;
    let margin = choice::usual_margin(&measure.unit);
    let verdict = question.answer(margin);
    let lines = match verdict {
        Verdict::Refused => Vec::new(),
        _ => question.candidates.iter().filter_map(|one| line(one, &measure.unit)).collect(),
    };
    let unit = if measure.unit.is_empty() { String::new() } else { format!(", {}", measure.unit) };
    Answered {
        title: question.title.clone(),
        refused: verdict == Verdict::Refused,
        answer: question.sentence(&verdict, margin),
        measure: format!("validation {}{unit}", measure.name),
        lines,
    }
}

fn line(candidate: &Candidate, unit: &str) -> Option<Line> {
    let statistics = candidate.validation?;
    let digits = decimals(unit, &[&statistics]);
    let error = statistics.deviation.map(|deviation| deviation / (statistics.n as f64).sqrt());
    Some(Line {
        hinges: candidate.hinges,
        mean: number(statistics.mean, digits),
        error: error.map_or_else(|| "–".into(), |error| number(error, digits)),
        seeds: statistics.n,
    })
}
