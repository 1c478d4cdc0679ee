//! What names the contents of a source that is not read from its beginning to its end anyway.

use std::io::{ErrorKind, Read};

use fs_err::File;
use sha2::{Digest, Sha256};

use crate::{Result, data::event_file::hex};

/// SHA-256 of all bytes of a file that is open at its beginning.
pub(super) fn sha256(mut file: &File) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}
