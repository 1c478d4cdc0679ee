//! Splits that are kept where they are shown, such as in a GPU's memory.

use std::sync::{Arc, Mutex, PoisonError};

use crate::task::Split;

/// What is kept of the splits, each made when it is first shown.
#[derive(Debug)]
pub struct Residents<R>(Mutex<Vec<(Split, Arc<R>)>>);

impl<R> Default for Residents<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<R> Residents<R> {
    /// What is kept of a split; others wait while it is made.
    ///
    /// # Errors
    /// What making it reports: then nothing is kept.
    pub fn of<E>(&self, split: Split, make: impl FnOnce() -> Result<R, E>) -> Result<Arc<R>, E> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, resident)) = known.iter().find(|(known, _)| *known == split) {
            return Ok(resident.clone());
        }
        let resident = Arc::new(make()?);
        known.push((split, resident.clone()));
        Ok(resident)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_split_is_made_once() {
        let residents = Residents::default();
        assert_eq!(residents.of(Split::Train, || Err::<u8, _>("full")), Err("full"));
        assert_eq!(residents.of(Split::Train, || Ok::<_, ()>(1)).as_deref(), Ok(&1));
        assert_eq!(residents.of(Split::Train, || Ok::<_, ()>(2)).as_deref(), Ok(&1));
        assert_eq!(residents.of(Split::Test, || Ok::<_, ()>(3)).as_deref(), Ok(&3));
    }
}
