//! Losses and outputs of the last steps that nobody has looked at yet.
//!
//! Looking means waiting for the device. On the processor that costs nothing and is done after every step; a GPU is kept busy by looking only when some
//! steps have gathered, and before anything depends on them: an evaluation, a checkpoint, the end. What is looked at is the same.

use apl_core::nn::Loss;
use candle_core::{DType, Device, Tensor};

use crate::{Result, evaluate::gather, run::Predictions, task::Examples};

/// Steps that gather on a GPU.
pub const GATHERED: usize = 32;

/// The steps that wait.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Their numbers; what they came to is in the pages, one after the other.
    waiting: Vec<u64>,
    pages: Option<Pages>,
    /// Looked at when they were added.
    seen: Vec<Seen>,
}

/// Room for what some steps come to, where it is computed: all of it is fetched at once.
#[derive(Debug)]
struct Pages {
    /// `[pages]`, `f64`.
    losses: Tensor,
    /// `[pages, shape...]`.
    scores: Tensor,
    targets: Tensor,
    weights: Option<Tensor>,
}

impl Pages {
    /// Room for twice the usual number of steps like this one.
    fn like(loss: &Tensor, scores: &Tensor, examples: &Examples) -> Result<Self> {
        let pages = |one: &Tensor| {
            Tensor::zeros([&[2 * GATHERED], one.dims()].concat(), one.dtype(), one.device())
        };
        Ok(Self {
            losses: Tensor::zeros(2 * GATHERED, DType::F64, loss.device())?,
            scores: pages(scores)?,
            targets: pages(&examples.targets)?,
            weights: examples.weights.as_ref().map(pages).transpose()?,
        })
    }

    /// Whether a step fits, which differs in nothing from those before.
    fn fit(&self, page: usize, scores: &Tensor, examples: &Examples) -> bool {
        let like = |pages: &Tensor, one: &Tensor| pages.dims()[1..] == *one.dims();
        let weighted = match (&self.weights, &examples.weights) {
            (Some(pages), Some(one)) => like(pages, one),
            (pages, one) => pages.is_none() == one.is_none(),
        };
        page < 2 * GATHERED
            && weighted
            && like(&self.scores, scores)
            && like(&self.targets, &examples.targets)
    }

    fn write(&self, page: usize, loss: &Tensor, scores: &Tensor, of: &Examples) -> Result<()> {
        let write = |pages: &Tensor, one: &Tensor| pages.slice_set(&one.unsqueeze(0)?, 0, page);
        self.losses.slice_set(loss, 0, page)?;
        write(&self.scores, scores)?;
        write(&self.targets, &of.targets)?;
        if let (Some(pages), Some(one)) = (&self.weights, &of.weights) {
            write(pages, one)?;
        }
        Ok(())
    }

    /// The losses and predictions of the first so many pages.
    fn read(&self, count: usize) -> Result<Vec<(f64, Predictions)>> {
        let here = |pages: &Tensor| pages.narrow(0, 0, count)?.to_device(&Device::Cpu);
        let losses = here(&self.losses)?.to_vec1::<f64>()?;
        let (scores, targets) = (here(&self.scores)?, here(&self.targets)?);
        let weights = self.weights.as_ref().map(here).transpose()?;
        let page = |(i, loss)| {
            let mut predictions = Predictions::default();
            let targets = targets.get(i)?;
            let inputs = targets.narrow(0, 0, 0)?;
            let weights = weights.as_ref().map(|weights| weights.get(i)).transpose()?;
            let examples = Examples { inputs, targets, weights };
            gather(&mut predictions, &scores.get(i)?, &examples)?;
            Ok((loss, predictions))
        };
        losses.into_iter().enumerate().map(page).collect()
    }
}

/// A loss.
#[derive(Debug)]
pub enum Measured {
    /// As a number.
    Now(f64),
    /// Where the device has it: `[1]`, `f64`.
    Later(Tensor),
}

/// A step as it was.
#[derive(Debug)]
pub struct Seen {
    /// Which.
    pub step: u64,
    /// The mean loss of its batch.
    pub loss: f64,
    /// The outputs and the labels.
    pub predictions: Predictions,
}

impl Ledger {
    /// Computes the loss of a batch and its gradient, waiting for it only where it is wanted `now`.
    ///
    /// # Errors
    /// What the operation reports.
    pub fn loss(
        loss: Loss,
        scores: &Tensor,
        shown: &Examples,
        gradient: &Tensor,
        now: bool,
    ) -> Result<Measured> {
        let (targets, weights) = (&shown.targets, shown.weights.as_ref());
        if now {
            return Ok(Measured::Now(loss.evaluate(scores, targets, weights, Some(gradient))?));
        }
        let total = Tensor::zeros(1, DType::F64, scores.device())?;
        loss.accumulate(scores, targets, weights, Some(gradient), &total)?;
        Ok(Measured::Later(total))
    }

    /// Adds a step: its loss, its outputs and its examples as they were filled. Where the loss comes later, all of them are copied.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn add(
        &mut self,
        step: u64,
        loss: Measured,
        scores: &Tensor,
        examples: &Examples,
    ) -> Result<()> {
        let loss = match loss {
            Measured::Later(loss) => loss,
            Measured::Now(loss) => {
                let mut predictions = Predictions::default();
                gather(&mut predictions, scores, examples)?;
                self.seen.push(Seen { step, loss, predictions });
                return Ok(());
            }
        };
        let page = self.waiting.len();
        let fits = |pages: &Pages| pages.fit(page, scores, examples);
        if !self.pages.as_ref().is_some_and(fits) {
            let waiting = self.settle()?;
            self.seen.extend(waiting);
            self.pages = Some(Pages::like(&loss, scores, examples)?);
        }
        if let Some(pages) = &self.pages {
            pages.write(self.waiting.len(), &loss, scores, examples)?;
            self.waiting.push(step);
        }
        Ok(())
    }

    /// How many steps wait.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.seen.len()
    }

    /// Looks at all that wait, in order.
    ///
    /// # Errors
    /// What Candle reports.
    pub fn settle(&mut self) -> Result<Vec<Seen>> {
        let mut seen = std::mem::take(&mut self.seen);
        if let (Some(pages), false) = (&self.pages, self.waiting.is_empty()) {
            let read = pages.read(self.waiting.len())?;
            let waited = self.waiting.drain(..).zip(read);
            seen.extend(waited.map(|(step, (loss, predictions))| Seen { step, loss, predictions }));
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(number: usize, rows: usize, weighted: bool) -> (Tensor, Tensor, Examples) {
        let device = &Device::Cpu;
        let numbers = |count: usize| (0..count).map(|i| (10 * number + i) as f32).collect();
        let tensor = |count: usize| Tensor::from_vec::<_, f32>(numbers(count), count, device);
        let labels: Vec<u32> = (0..rows as u32).map(|i| i + number as u32).collect();
        let examples = Examples {
            inputs: tensor(1).unwrap(),
            targets: Tensor::from_vec(labels, rows, device).unwrap(),
            weights: weighted.then(|| tensor(rows).unwrap()),
        };
        let scores = tensor(2 * rows).unwrap().reshape((rows, 2)).unwrap();
        (Tensor::new(&[number as f64], device).unwrap(), scores, examples)
    }

    /// More steps than there is room for, a batch of another size among them.
    #[test]
    fn what_is_looked_at_later_is_the_same() {
        for weighted in [false, true] {
            let (mut later, mut now) = (Ledger::default(), Ledger::default());
            for number in 0..150 {
                let rows = if number == 20 { 2 } else { 3 };
                let (loss, scores, examples) = step(number, rows, weighted);
                let at_once = Measured::Now(number as f64);
                now.add(number as u64, at_once, &scores, &examples).unwrap();
                later.add(number as u64, Measured::Later(loss), &scores, &examples).unwrap();
                assert_eq!(later.len(), number + 1);
            }
            let (found, expected) = (later.settle().unwrap(), now.settle().unwrap());
            assert_eq!(found.len(), 150);
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!((found.step, found.loss), (expected.step, expected.loss));
                assert_eq!(found.predictions, expected.predictions);
            }
            assert_eq!(later.len(), 0);
        }
    }
}
