//! A source cut into blocks of whole lines, hashed and inflated on the way.

use std::{
    io::{BufReader, Read},
    path::{Path, PathBuf},
    sync::mpsc::Receiver,
};

use flate2::bufread::MultiGzDecoder;
use fs_err::File;
use sha2::{Digest, Sha256};

use crate::{Error, Result, data::event_file::hex};

/// Bytes of text in a block, and the longest line.
pub(super) const BLOCK: usize = 1 << 20;
/// Bytes of a gzipped source read at a time.
const PIECE: usize = 1 << 18;

/// Some lines of a source.
#[derive(Debug, PartialEq)]
pub(super) struct Block {
    /// The lines, whole; only the last of the source may lack its end.
    pub(super) text: Vec<u8>,
    /// How many bytes of the source were read for it and those before.
    pub(super) read: u64,
}

/// Cuts a source into blocks.
pub(super) struct Blocks {
    path: PathBuf,
    input: Input,
    /// What is left of a line whose end was not read yet.
    rest: Vec<u8>,
    done: bool,
    /// Buffers to be used again.
    spare: Receiver<Vec<u8>>,
}

enum Input {
    Plain(Hashing),
    Gzip(Box<MultiGzDecoder<BufReader<Hashing>>>),
}

impl Input {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Input::Plain(file) => file.read(buffer),
            Input::Gzip(file) => file.read(buffer),
        }
    }

    fn source(&self) -> &Hashing {
        match self {
            Input::Plain(file) => file,
            Input::Gzip(file) => file.get_ref().get_ref(),
        }
    }
}

/// A file whose bytes are counted and hashed as they are read.
struct Hashing {
    file: File,
    hasher: Sha256,
    count: u64,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

/// The blocks in order; none after an error.
impl Iterator for Blocks {
    type Item = Result<Block>;

    fn next(&mut self) -> Option<Result<Block>> {
        if self.done {
            return None;
        }
        match self.fill() {
            Ok(block) if block.text.is_empty() => None,
            Ok(block) => Some(Ok(block)),
            Err(error) => {
                self.done = true;
                Some(Err(error))
            }
        }
    }
}

impl Blocks {
    /// The blocks of a file that is open at its beginning. Buffers that come back through `spare` are filled again.
    pub(super) fn new(path: &Path, file: File, gzip: bool, spare: Receiver<Vec<u8>>) -> Self {
        let source = Hashing { file, hasher: Sha256::new(), count: 0 };
        let input = if gzip {
            let buffered = BufReader::with_capacity(PIECE, source);
            Input::Gzip(Box::new(MultiGzDecoder::new(buffered)))
        } else {
            Input::Plain(source)
        };
        Self { path: path.into(), input, rest: Vec::new(), done: false, spare }
    }

    fn fill(&mut self) -> Result<Block> {
        let mut text = self.spare.try_recv().unwrap_or_default();
        text.clear();
        text.append(&mut self.rest);
        let mut filled = text.len();
        text.resize(BLOCK, 0);
        while filled < BLOCK {
            match self.input.read(&mut text[filled..]) {
                Ok(0) => {
                    self.done = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.damaged(&error)),
            }
        }
        text.truncate(filled);
        if !self.done {
            let end = text.iter().rposition(|&byte| byte == b'\n').ok_or_else(|| {
                self.wrong(
                    format!("a line of more than {BLOCK} bytes"),
                    "a table of text with a line for each row",
                    "is this the right file?",
                )
            })?;
            self.rest.extend_from_slice(&text[end + 1..]);
            text.truncate(end + 1);
        }
        if text.contains(&0) {
            let found = if matches!(self.input, Input::Gzip(_)) {
                "something gzipped that is no text"
            } else {
                "bytes that are no text"
            };
            return Err(self.wrong(found.into(), "a table of text", "is this the right file?"));
        }
        Ok(Block { text, read: self.input.source().count })
    }

    /// SHA-256 of the bytes of the source that were read: all of them after the last block.
    pub(super) fn sha256(&self) -> String {
        hex(&self.input.source().hasher.clone().finalize())
    }

    fn damaged(&self, error: &std::io::Error) -> Error {
        let read = self.input.source().count;
        match self.input {
            Input::Plain(_) => {
                let found = format!("{error} after {read} bytes");
                self.wrong(found, "a file that can be read", "copy or download the file again")
            }
            Input::Gzip(_) => {
                let found = if error.kind() == std::io::ErrorKind::UnexpectedEof {
                    format!("a gzip stream that is cut short after {read} bytes")
                } else {
                    format!("{error} in the first {read} bytes")
                };
                self.wrong(found, "a whole gzip file", "download the file again")
            }
        }
    }

    fn wrong(&self, found: String, expected: &str, hint: &str) -> Error {
        Error::File { path: self.path.clone(), found, expected: expected.into(), hint: hint.into() }
    }
}
