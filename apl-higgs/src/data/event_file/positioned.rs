//! Reads at a place of a file that leave its position alone, so that several threads may read one file.

use std::{
    fs::File,
    io::{Error, ErrorKind, Result},
};

/// Fills `buffer` from `offset` on.
#[cfg(unix)]
pub(super) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// Fills `buffer` from `offset` on.
#[cfg(windows)]
pub(super) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> Result<()> {
    let mut done = 0;
    while done < buffer.len() {
        let place = offset + done as u64;
        match std::os::windows::fs::FileExt::seek_read(file, &mut buffer[done..], place) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => done += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a read failed because the file ends too early.
pub(super) fn ended(error: &Error) -> bool {
    error.kind() == ErrorKind::UnexpectedEof
}
