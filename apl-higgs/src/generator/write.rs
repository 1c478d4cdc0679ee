//! Generated events in a file.

use std::path::Path;

use super::{Generator, NAMES};
use crate::{
    Error, Result,
    data::{EventFile, EventWriter, Progress, check_absent},
    network::FEATURES,
};

/// Events that are in memory at a time, twice.
const PIECE: usize = 1 << 16;

/// Writes the first `events` events of a seed into an event file, in constant memory. `progress` hears how far it has come; an error that it returns ends
/// the work and is passed on.
///
/// # Errors
/// No events; an `out` that is there already or cannot be written.
pub fn write(
    events: u64,
    seed: u32,
    out: &Path,
    progress: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<EventFile> {
    check_absent(out)?;
    replace(events, seed, out, progress)
}

/// [`write`] in place of an earlier file.
pub(crate) fn replace(
    events: u64,
    seed: u32,
    out: &Path,
    progress: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<EventFile> {
    if events == 0 {
        return Err(Error::Setting {
            place: "events".into(),
            found: "0".into(),
            expected: "at least 1".into(),
        });
    }
    let generator = Generator::new(seed);
    let name = format!("seed {seed}");
    let mut writer =
        EventWriter::create(out, &NAMES.map(String::from), (&name, "generated"), false)?;
    let make = |first: u64| {
        let count = (events - first).min(PIECE as u64) as usize;
        let (mut features, mut labels) = (vec![0.0; count * FEATURES], vec![0; count]);
        generator.fill(first, &mut features, &mut labels);
        (features, labels)
    };
    let (mut first, mut piece) = (0, make(0));
    while first < events {
        progress(Progress { rows: first, share: first as f64 / events as f64 })?;
        let next = first + piece.1.len() as u64;
        let (written, made) =
            rayon::join(|| writer.append(&piece.0, &piece.1, &[]), || make(next.min(events)));
        written?;
        (first, piece) = (next, made);
    }
    writer.finish("", 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_the_events_of_its_seed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.safetensors");
        let mut heard = Vec::new();
        let file = write(70_000, 4, &path, &mut |progress| {
            heard.push(progress.rows);
            Ok(())
        });
        let file = file.unwrap();
        assert_eq!((file.rows(), heard), (70_000, vec![0, 65_536]));
        file.verify().unwrap();
        let (mut features, mut labels) = (vec![0.0; 20 * FEATURES], vec![0; 20]);
        let mut expected = (features.clone(), labels.clone());
        file.read_rows(65_530..65_550, &mut features, &mut labels, None).unwrap();
        Generator::new(4).fill(65_530, &mut expected.0, &mut expected.1);
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!((bits(&features), labels), (bits(&expected.0), expected.1));
        let again = write(5, 4, &path, &mut |_| Ok(())).unwrap_err().to_string();
        assert!(again.contains("found a file, expected nothing"), "{again}");
        // One that is stopped leaves nothing.
        let other = folder.path().join("other.safetensors");
        let stopped = write(70_000, 4, &other, &mut |_| Err(Error::Interrupted));
        assert!(matches!(stopped, Err(Error::Interrupted)) && !other.exists());
    }
}
