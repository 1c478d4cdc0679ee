//! Events from any path: an event file as it is, anything else imported once.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use apl_train::run::file::{Replacement, folder};
use sha2::{Digest, Sha256};

use crate::{
    Error, Result,
    data::{
        EventFile, ImportOptions, Progress,
        event_file::hex,
        import::{Kind, detect, replace},
    },
};

/// What names the way in which sources are imported; its number is raised when the same source would give other events.
const NAME: &[u8] = b"apl-higgs-import-1";

/// The events of a path. An event file is opened as it is, whatever the options. Anything else is imported into `cache/higgs/<key>.safetensors`, unless
/// an earlier call did that: `progress` then hears nothing. Of several processes one imports, the others wait for it.
///
/// The key is a SHA-256 over the options and the source's canonical path, length and time of last modification. A source that is moved or touched is
/// imported again; one whose contents are exchanged without a trace in any of these is not. The source's own SHA-256 stands in the event file; to take
/// it for the key would mean to read gigabytes before every run.
///
/// # Errors
/// As [`import`](crate::data::import); an event file that is damaged.
pub fn open(
    path: &Path,
    options: &ImportOptions,
    cache: &Path,
    progress: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<EventFile> {
    if let (Kind::Safetensors, _) = detect(path)? {
        return EventFile::open(path);
    }
    let kept = kept(path, options, cache)?;
    once(&kept, || Ok(replace(path, options, &kept, progress)?.events))
}

/// The event file of the cache at a path, made by the first who needs it.
///
/// # Errors
/// Those of `make`; a cache that cannot be written.
pub(crate) fn once(kept: &Path, make: impl FnOnce() -> Result<EventFile>) -> Result<EventFile> {
    if let Ok(events) = EventFile::open(kept) {
        return Ok(events);
    }
    let failed = |error| Error::unwritable(kept, &error);
    std::fs::create_dir_all(folder(kept)).map_err(failed)?;
    let lock = File::create(kept.with_extension("lock")).map_err(failed)?;
    // Held until it is dropped, or its owner dies.
    lock.lock().map_err(failed)?;
    match EventFile::open(kept) {
        Ok(events) => Ok(events),
        // None yet, or one that was damaged since.
        Err(_) => {
            Replacement::clear(kept);
            make()
        }
    }
}

/// Where the events of a source are kept.
fn kept(path: &Path, options: &ImportOptions, cache: &Path) -> Result<PathBuf> {
    let unreadable = |error: std::io::Error| Error::File {
        path: path.into(),
        found: format!("that it cannot be looked at ({error})"),
        expected: "a file that can be read".into(),
        hint: "copy it to where it can be read".into(),
    };
    let source = path.canonicalize().map_err(unreadable)?;
    let metadata = source.metadata().map_err(unreadable)?;
    let modified = metadata.modified().map_err(unreadable)?;
    let modified = modified.duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos());

    let ImportOptions { label, weight, features, data_set, label_set, skip_bad, missing } = options;
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(NAME);
    part(source.as_os_str().as_encoded_bytes());
    part(&metadata.len().to_le_bytes());
    part(&modified.to_le_bytes());
    for name in [label, weight] {
        part(&[u8::from(name.is_some())]);
        part(name.as_deref().unwrap_or_default().as_bytes());
    }
    let count = features.as_ref().map_or(u64::MAX, |features| features.len() as u64);
    part(&count.to_le_bytes());
    for name in features.iter().flatten().chain([data_set, label_set]) {
        part(name.as_bytes());
    }
    part(&[u8::from(*skip_bad), u8::from(missing.is_some())]);
    part(&missing.unwrap_or_default().to_bits().to_le_bytes());
    let key = hex(&hasher.finalize());
    Ok(cache.join("higgs").join(format!("{key}.safetensors")))
}

#[cfg(test)]
mod tests;
