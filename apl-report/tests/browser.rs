//! The page in a real browser: a browser of units that works, light and dark, no message, no request, and nothing serious that axe finds.
//!
//! ```sh
//! cargo test --release --workspace --test browser -- --ignored --nocapture
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use apl_report::{Format, Sources};

/// The browser's program: that of `APL_CHROMIUM`, or the first on the path.
fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("APL_CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    named.or_else(|| {
        let candidates = names.iter().flat_map(|name| folders.iter().map(move |f| f.join(name)));
        candidates.into_iter().find(|candidate| candidate.is_file())
    })
}

/// A Python that has what `browser.py` needs, installed once.
fn python(folder: &Path) -> PathBuf {
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    let run = |command: &mut Command| {
        let status = command.status().unwrap();
        assert!(status.success(), "{command:?}: {status}");
    };
    if !venv.join("whole").exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        let packages = ["playwright==1.65.2", "axe-playwright-python==0.1.8"];
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages));
        std::fs::write(venv.join("whole"), "").unwrap();
    }
    python
}

#[test]
#[ignore = "long: needs Chromium, and PyPI once"]
fn the_page_works_in_a_browser() {
    let Some(chromium) = chromium() else {
        println!("skipped: no Chromium on the path and none named by APL_CHROMIUM");
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    std::fs::create_dir_all(&folder).unwrap();
    let runs = tempfile::tempdir().unwrap();
    // A page of one's own is looked at where it is named.
    let page = std::env::var_os("APL_PAGE").map(PathBuf::from).unwrap_or_else(|| {
        support::study(runs.path());
        let sources = Sources::find(&[runs.path().to_path_buf()]).unwrap();
        apl_report::write(&sources, &folder, &[Format::Html]).unwrap().page.unwrap()
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser.py");
    let mut command = Command::new(python(&folder));
    let ended = command.arg(script).args([&page, &chromium, &folder]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    println!("{}: {said}screenshots in {}", page.display(), folder.display());
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
}
