//! The digest of an event file's content, as the module's documentation defines it.

use sha2::{Digest, Sha256};

use super::write::to_bytes;

/// What names the definition; its number is raised when the definition changes.
const NAME: &[u8] = b"apl-events-1";

/// The three parts of a content, each hashed as its bytes come.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub(super) features: Sha256,
    pub(super) labels: Sha256,
    pub(super) weights: Sha256,
}

impl Parts {
    /// The digest in hexadecimal.
    pub(super) fn digest(self, names: &[String], rows: u64, weights: bool) -> String {
        let mut all = Sha256::new();
        all.update(NAME);
        all.update((names.len() as u64).to_le_bytes());
        for name in names {
            all.update((name.len() as u64).to_le_bytes());
            all.update(name);
        }
        all.update(rows.to_le_bytes());
        all.update(self.features.finalize());
        all.update(self.labels.finalize());
        if weights {
            all.update(self.weights.finalize());
        }
        hex(&all.finalize())
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of events in memory, without weights: that of a file of them.
pub(crate) fn of(names: &[String], features: &[f32], labels: &[u8]) -> String {
    const PIECE: usize = 1 << 14;
    let mut parts = Parts::default();
    let mut bytes = Vec::with_capacity(4 * PIECE);
    for piece in features.chunks(PIECE) {
        to_bytes(&mut bytes, piece);
        parts.features.update(&bytes);
    }
    parts.labels.update(labels);
    parts.digest(names, labels.len() as u64, false)
}
