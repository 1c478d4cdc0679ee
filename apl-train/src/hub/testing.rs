//! A small cache for tests.

use crate::hub::{Request, cache::Repository};

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A cache with these files.
pub fn cache(files: &[(&str, &str)]) -> tempfile::TempDir {
    let cache = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = cache.path().join("datasets--a--b").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    cache
}

pub fn request<'a>(revision: &'a str, files: &'a [&'a str]) -> Request<'a> {
    Request { repository: "a/b", revision, files }
}

pub fn repository(cache: &tempfile::TempDir) -> Repository {
    Repository::new(cache.path(), &request("main", &[])).unwrap()
}
