//! A process that does training steps when told to, and sleeps otherwise.
//!
//! It is told by lines on its standard input and answers each with one line of JSON on its standard output, after a first one, with its `version`, when
//! it is ready: `steps N` with the `seconds` of N steps, `peak` with the most bytes of memory since `reset`, which is answered by `{}`.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

pub(crate) const HINT: &str = "this argument is the command's own; leave it away";

/// An answer; every request fills its own part.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// Of the software.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Of each step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Vec<f64>>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak: Option<u64>,
}

/// The process, ended when dropped.
pub struct Worker {
    name: String,
    version: String,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    complaints: File,
}

impl Worker {
    /// Starts a command and waits until it is ready.
    ///
    /// # Errors
    /// A command that cannot be started or that ends early; the message has the last lines of its standard error.
    pub fn start(name: &str, mut command: Command) -> Result<Self> {
        let complaints = tempfile::tempfile()?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints.try_clone()?);
        let mut child = command.spawn()?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let Some(answers) = answers else { return Err(failed(name, "it has no output")) };
        let answers = BufReader::new(answers);
        let mut worker = Self {
            name: name.into(),
            version: String::new(),
            child,
            requests,
            answers,
            complaints,
        };
        worker.version = worker.answer()?.version.unwrap_or_default();
        Ok(worker)
    }

    /// Of the software that does the steps.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Does so many steps; the seconds of each.
    ///
    /// # Errors
    /// A process that ended or that answers something else.
    pub fn steps(&mut self, count: usize) -> Result<Vec<f64>> {
        match self.ask(&format!("steps {count}"))?.seconds {
            Some(seconds) if seconds.len() == count => Ok(seconds),
            other => Err(failed(&self.name, format!("found {other:?}, expected {count} times"))),
        }
    }

    /// Lets the peak begin anew.
    ///
    /// # Errors
    /// As [`steps`](Self::steps).
    pub fn reset_peak(&mut self) -> Result<()> {
        self.ask("reset").map(|_| ())
    }

    /// The most memory since the last reset, in bytes, where the system tells it.
    ///
    /// # Errors
    /// As [`steps`](Self::steps).
    pub fn peak(&mut self) -> Result<Option<u64>> {
        Ok(self.ask("peak")?.peak)
    }

    fn ask(&mut self, request: &str) -> Result<Answer> {
        if let Some(requests) = &mut self.requests {
            // A process that has gone is noticed, and its last words read, when no answer comes.
            let _ = writeln!(requests, "{request}").and_then(|()| requests.flush());
        }
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            let words = self.last_words();
            return Err(failed(&self.name, format!("ended without an answer{words}")));
        }
        serde_json::from_str(&line).map_err(|error| {
            failed(&self.name, format!("found \"{}\", expected JSON: {error}", line.trim()))
        })
    }

    /// The end of what it wrote to standard error.
    fn last_words(&mut self) -> String {
        let mut text = Vec::new();
        if self.complaints.rewind().is_ok() {
            let _ = self.complaints.read_to_end(&mut text);
        }
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(4)..];
        last.iter().map(|line| format!("\n  {line}")).collect()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input is the end of the process; one that hangs in a step is not waited for.
        self.requests = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn failed(process: &str, problem: impl Into<String>) -> Error {
    Error::Process { process: process.into(), problem: problem.into() }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn answers_come_back() {
        let script = r#"echo '{"version": "7"}'; read a; echo '{"seconds": [0.5, 0.25]}'; read a; echo '{"peak": 12}'"#;
        let mut worker = Worker::start("test", shell(script)).unwrap();
        assert_eq!(worker.version(), "7");
        assert_eq!(worker.steps(2).unwrap(), [0.5, 0.25]);
        assert_eq!(worker.peak().unwrap(), Some(12));
        let error = worker.steps(1).unwrap_err().to_string();
        assert_eq!(error, "test: ended without an answer");
    }

    #[test]
    fn last_words_are_told() {
        let error = Worker::start("test", shell("echo no torch >&2; exit 3")).err().unwrap();
        assert_eq!(error.to_string(), "test: ended without an answer\n  no torch");
        let error = Worker::start("test", shell("echo hello")).err().unwrap().to_string();
        assert!(error.starts_with("test: found \"hello\", expected JSON"), "{error}");
    }
}
