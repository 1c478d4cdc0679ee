//! Where a run lives, who owns it and whether it may go on.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Error, Result,
    run::{Status, Summary, file},
};

/// A run's place among all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The folder of its configuration: `quick`, `cpu`, `paper` or another.
    pub scale: String,
    /// The configuration's name and its overrides.
    pub id: String,
    /// The seed.
    pub seed: u32,
}

impl Identity {
    /// `<runs>/<scale>/<id>/seed-<n>`.
    pub fn directory(&self, runs: &Path) -> PathBuf {
        seed_folder(&runs.join(&self.scale).join(&self.id), self.seed)
    }
}

/// A run directory that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// Locked as long as it is open; the system unlocks it when the process ends, however it ends.
    _lock: File,
}

/// What was found in a run directory.
#[derive(Debug)]
pub enum Opened {
    /// Nothing: the run starts.
    New,
    /// The same run, not done: it goes on from its checkpoint, if there is one.
    Unfinished(Box<Summary>),
    /// The same run, done.
    Done(Box<Summary>),
}

impl RunDirectory {
    /// Opens the directory of a run, or makes it. `hash` is the run's; with `fresh`, what was there is moved aside first.
    ///
    /// # Errors
    /// Another process owns it; it holds a run with another hash; what the file system reports.
    pub fn open(path: &Path, hash: &str, fresh: bool) -> Result<(Self, Opened)> {
        let mut directory = Self::owned(path)?;
        file::remove_unfinished(path);
        let empty =
            fs_err::read_dir(path)?.all(|entry| entry.is_ok_and(|entry| entry.file_name() == LOCK));
        if empty {
            return Ok((directory, Opened::New));
        }
        if fresh {
            fs_err::rename(path, unused_neighbour(path))?;
            directory = Self::owned(path)?;
            return Ok((directory, Opened::New));
        }
        // A run writes its summary first, so files without one are somebody else's.
        if !Summary::is_in(path) {
            let problem = "holds files but no summary.json: not a run directory";
            let hint = "choose another folder with --runs, or move these files aside with --fresh";
            return Err(Error::run(path, problem).with_hint(hint));
        }
        let summary = Summary::read(path)?;
        if summary.hash != hash {
            let problem = format!(
                "holds a run of another configuration or other data (hash {}, expected {})",
                short(&summary.hash),
                short(hash)
            );
            let hint = "choose another folder with --runs, or move this run aside and start anew with --fresh";
            return Err(Error::run(path, problem).with_hint(hint));
        }
        let found = if summary.status == Status::Done { Opened::Done } else { Opened::Unfinished };
        Ok((directory, found(Box::new(summary))))
    }

    fn owned(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(|error| file::failure(path, &error))?;
        Ok(Self { path: path.to_path_buf(), _lock: lock(path)? })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

const LOCK: &str = "lock";
/// What is said of a run that another process has in hand.
pub const OWNED: &str = "another process is training this run";

fn lock(directory: &Path) -> Result<File> {
    let path = directory.join(LOCK);
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    let file = file.map_err(|error| file::failure(&path, &error))?;
    let mut tries = 0;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // Who only looks whether a directory is owned holds its lock for a moment.
            Err(TryLockError::WouldBlock) if tries < 5 => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                let error = Error::run(directory, OWNED);
                return Err(error.with_hint("wait for it, or choose another folder with --runs"));
            }
            // Some network file systems have no locks; a run there is as safe as its user is careful.
            Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// Whether a process is training the run of this directory.
pub fn is_owned(directory: &Path) -> bool {
    let file = std::fs::OpenOptions::new().append(true).open(directory.join(LOCK));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// A seed's run directory in the folder of its row.
pub fn seed_folder(row: &Path, seed: u32) -> PathBuf {
    row.join(format!("seed-{seed}"))
}

/// `seed-1.before-1`, `seed-1.before-2`, ...: the first name not taken.
fn unused_neighbour(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let candidate = |n: u32| path.with_file_name(format!("{name}.before-{n}"));
    (1..).map(candidate).find(|path| !path.exists()).unwrap_or_else(|| candidate(0))
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// Every run directory at or below `root`, sorted by path. What `--fresh` moved aside is left out.
///
/// # Errors
/// A folder that cannot be read; none at all is an error too.
pub fn find(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(root, &mut found)?;
    if found.is_empty() {
        let problem = "found no run (a folder with a summary.json) here or below";
        return Err(Error::run(root, problem).with_hint("train one with `apl train CONFIG`"));
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if Summary::is_in(folder) {
        found.push(folder.to_path_buf());
        return Ok(());
    }
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let aside = entry.file_name().to_string_lossy().contains(".before-");
        if entry.file_type()?.is_dir() && !aside {
            collect(&entry.path(), found)?;
        }
    }
    Ok(())
}
