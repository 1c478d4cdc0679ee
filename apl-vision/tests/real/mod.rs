//! Where the real images are.

use std::path::PathBuf;

/// The folder of a set, if there is real data.
pub fn real(set: &str) -> Option<PathBuf> {
    match std::env::var_os("APL_REAL_DATA") {
        Some(folder) => Some(PathBuf::from(folder).join("hub/uoft-cs").join(set)),
        None => {
            println!("skipped: APL_REAL_DATA is not set");
            None
        }
    }
}
