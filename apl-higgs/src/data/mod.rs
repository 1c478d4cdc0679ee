//! Collisions to learn from: public data sets in the formats in which they are published, imported once into one file that training reads.
//!
//! ```text
//! a path -> open -> an event file         used as it is
//!                -> anything else: import -> detect -> csv, csv.gz | parquet | hdf5 -> columns -> rows -> an event file in the cache
//! ```
//!
//! What lies at a path is found out from its first bytes and its columns, never from its name. [`LAYOUTS`] are the sets whose columns are known; of
//! another table the caller says in [`ImportOptions`] which column is the label and which are features.
//!
//! ```
//! use apl_higgs::data::{ImportOptions, import};
//!
//! let folder = tempfile::tempdir()?;
//! let table = folder.path().join("events.csv");
//! std::fs::write(&table, "mass,pt,kind\n125.1,40.5,s\n91.2,33.0,b\n90.8,41.5,b\n")?;
//!
//! let options = ImportOptions { label: Some("kind".into()), ..ImportOptions::default() };
//! let imported = import(&table, &options, &folder.path().join("events.safetensors"), &mut |_| Ok(()))?;
//!
//! let events = imported.events;
//! assert_eq!((events.features(), events.rows()), (&["mass".to_string(), "pt".to_string()][..], 3));
//! let (mut features, mut labels) = ([0.0; 4], [0; 2]);
//! events.read_rows(0..2, &mut features, &mut labels, None)?;
//! assert_eq!((features, labels), ([125.1, 40.5, 91.2, 33.0], [1, 0]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod event_file;
mod import;
pub(crate) mod layout;
mod source;
mod survey;
#[cfg(test)]
mod testing;

pub use event_file::{About, EventFile, EventWriter, Source};
pub(crate) use event_file::{digest::of as digest, hex};
pub(crate) use import::check_absent;
pub use import::{ImportOptions, Imported, Progress, import};
pub use layout::{LAYOUTS, Layout};
pub(crate) use source::once;
pub use source::open;
pub use survey::{Feature, Survey};
