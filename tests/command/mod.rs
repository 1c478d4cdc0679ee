//! The `apl` command as a user calls it, on a network and a data set small enough for a test.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// A run of seconds: 300 generated images, 24 steps, an evaluation every 8, a checkpoint every 3.
const CONFIG: &str = r#"task = "vision"
seed = 1

[data]
source = "embedded"
train = 300
test = 100
validation = 30
scale = 0.0156
augment = "pad-crop-flip"
shuffle = "epoch"

[network]
widths = [4, 4, 8]
hidden = [16, 16]
init = "he"

[activation]
kind = "apl"
hinges = 2

[optimizer]
batch = 40
momentum = { from = 0.5, to = 0.9, steps = 10 }
weight-decay = 0.001
rates = [{ until = 16, lr = 0.01 }, { until = 24, lr = 0.001 }]

[record]
evaluate-every = 8
checkpoint-every = 3
sample = 50
units = 8
"#;

/// A folder of its own with a configuration in `small/net.toml`.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        bench.write("small/net.toml", CONFIG);
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The configuration with one text replaced by another.
    pub fn config_with(&self, from: &str, to: &str) {
        assert!(CONFIG.contains(from), "{from}");
        self.write("small/net.toml", &CONFIG.replace(from, to));
    }

    /// `apl` with these arguments, in the folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apl"));
        command.args(arguments).current_dir(self.folder.path());
        command.env("APL_CACHE", self.path("cache")).env_remove("HF_HUB_CACHE");
        command.env("HF_HOME", self.path("huggingface"));
        // No test asks the real hub, nor uses what the one who runs it may have set.
        command.env("HF_HUB_OFFLINE", "1").env_remove("HF_TOKEN").env_remove("HF_TOKEN_PATH");
        command
    }

    /// The command in the background, its output kept.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        Running::new(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// The same as the head of a group of processes.
    #[cfg(unix)]
    pub fn start_group(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Running(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    pub fn apl(&self, arguments: &[&str]) -> Ended {
        self.ended(self.command(arguments).output().unwrap())
    }

    /// How a command in the folder ended.
    pub fn ended(&self, output: Output) -> Ended {
        Ended::new(output, self.folder.path())
    }

    /// `apl train small/net.toml` with more arguments.
    pub fn train(&self, arguments: &[&str]) -> Ended {
        self.apl(&[&["train", "small/net.toml"], arguments].concat())
    }

    /// The directory of the run in the folder `runs`.
    pub fn run(&self, runs: &str) -> PathBuf {
        self.path(runs).join("small/net/seed-1")
    }

    pub fn bytes(&self, runs: &str, file: &str) -> Vec<u8> {
        let path = self.run(runs).join(file);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn summary(&self, runs: &str) -> serde_json::Value {
        serde_json::from_slice(&self.bytes(runs, "summary.json")).unwrap()
    }
}

/// A command in the background, killed where a test fails before it ended.
pub struct Running(Option<Child>);

/// No test waits longer for anything.
const LONGEST: Duration = Duration::from_secs(120);

impl Running {
    pub fn new(child: Child) -> Self {
        Self(Some(child))
    }

    pub fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// Waits until the file is there; the command must not end before.
    pub fn until_exists(&mut self, path: &Path) {
        let started = Instant::now();
        while !path.exists() {
            assert!(started.elapsed() < LONGEST, "no {}", path.display());
            assert!(self.child().try_wait().unwrap().is_none(), "ended without {}", path.display());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits so long; `true` if the command ended by itself.
    pub fn ended_within(&mut self, time: Duration) -> bool {
        let started = Instant::now();
        while started.elapsed() < time {
            if self.child().try_wait().unwrap().is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        false
    }

    /// Sends a signal, such as `-INT`.
    pub fn signal(&mut self, name: &str) {
        let pid = self.child().id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Kills all processes of its group.
    pub fn kill_group(&mut self) {
        let group = format!("-{}", self.child().id());
        assert!(Command::new("kill").args(["-KILL", "--", &group]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn output(mut self) -> Output {
        assert!(self.ended_within(LONGEST), "it did not end");
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// How a command ended; the folder's path is written `<folder>`.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    fn new(output: Output, folder: &Path) -> Self {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.replace(&folder.display().to_string(), "<folder>")
        };
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The command succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self
    }

    /// The command failed with this code and exactly this message.
    #[track_caller]
    pub fn fails(self, code: i32, message: &str) {
        assert_eq!((self.code, self.err.trim_end()), (Some(code), message));
        assert_eq!(self.out, "");
    }

    /// The command failed with this code and a message that holds all of these.
    #[track_caller]
    pub fn fails_with(self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        for part in parts {
            assert!(self.err.contains(part), "no `{part}` in:\n{}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}
