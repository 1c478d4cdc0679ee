//! Where images lie on disk: the format is found out from what is there, and every format ends in the same rows.
//!
//! ```text
//! a path -> detect -> Layout -> Encoded -> shards + parquet  the hub's parquet files
//!                                       -> cifar             the authors' files: binary, or python (pickles)
//!                                       -> archive -> cifar  the same in .tar.gz or .tar
//!                                       -> pictures          a folder for each class
//!                            -> imported                     what an import wrote: decoded already
//! ```

mod archive;
mod binary;
mod cifar;
mod detect;
mod encoded;
mod formats;
pub(crate) mod imported;
mod parquet;
mod pictures;
mod python;
pub(crate) mod shards;

use std::path::PathBuf;

pub(crate) use detect::detect;
pub(crate) use encoded::Encoded;

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Files that have to be decoded.
    Encoded(Encoded),
    /// A folder that an import wrote.
    Imported(PathBuf),
}

#[cfg(test)]
mod tests;
