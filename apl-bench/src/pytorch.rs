//! PyTorch: where it is, and its processes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use apl_train::device::Compute;
use tempfile::TempDir;

use crate::{
    Error, Request, Result,
    process::Worker,
    workload::{Network, Workload},
};

const SCRIPT: &str = include_str!("../../bench/pytorch/steps.py");
const HINT: &str = "python3 -m venv bench/pytorch/venv && bench/pytorch/venv/bin/pip install -r bench/pytorch/requirements.txt";
/// What the hint's line makes.
const INSTALLED: &str = "bench/pytorch/venv/bin/python";

/// PyTorch's ways to run a network of images.
const IMAGE_FORMS: [&str; 4] = ["eager", "channels-last", "compile", "compile-channels-last"];
/// Rows of numbers have no channels to put last.
const ROW_FORMS: [&str; 2] = ["eager", "compile"];
/// On a GPU there are CUDA graphs too.
const GPU_IMAGE_FORMS: [&str; 6] = [
    "eager",
    "channels-last",
    "compile",
    "compile-channels-last",
    "graphs",
    "graphs-channels-last",
];
const GPU_ROW_FORMS: [&str; 3] = ["eager", "compile", "graphs"];

/// An interpreter that has PyTorch, and the script for it.
pub struct Pytorch {
    python: PathBuf,
    script: TempDir,
}

impl Pytorch {
    /// The interpreter that was named, or the one of the installation line, or `python3`.
    ///
    /// # Errors
    /// [`Error::Usage`] where there is none or it has no PyTorch.
    pub fn find(python: Option<&Path>) -> Result<Self> {
        let installed = Path::new(INSTALLED);
        let python = match python {
            Some(python) => python.to_path_buf(),
            None if installed.exists() => installed.to_path_buf(),
            None => PathBuf::from("python3"),
        };
        let mut test = Command::new(&python);
        test.args(["-c", "import torch"]).stdin(Stdio::null()).stdout(Stdio::null());
        let problem = match test.stderr(Stdio::null()).status() {
            Ok(status) if status.success() => None,
            Ok(_) => Some(format!("{} cannot import torch", python.display())),
            Err(error) => Some(format!("cannot start {}: {error}", python.display())),
        };
        if let Some(problem) = problem {
            let place = "--peer pytorch".into();
            let hint =
                format!("install PyTorch: {HINT}\n      or name its interpreter: --python FILE");
            return Err(Error::Usage { place, problem, hint });
        }
        let script = tempfile::tempdir()?;
        fs::write(script.path().join("steps.py"), SCRIPT)?;
        Ok(Self { python, script })
    }

    /// The ways to run a workload.
    pub fn forms(workload: Workload, device: Compute) -> &'static [&'static str] {
        match (workload.network, device) {
            (Network::Cnn | Network::Nin, Compute::Cpu) => &IMAGE_FORMS,
            (Network::Higgs, Compute::Cpu) => &ROW_FORMS,
            (Network::Cnn | Network::Nin, Compute::Cuda(_)) => &GPU_IMAGE_FORMS,
            (Network::Higgs, Compute::Cuda(_)) => &GPU_ROW_FORMS,
        }
    }

    /// A process that trains a workload in a form.
    ///
    /// # Errors
    /// As [`Worker::start`].
    pub fn start(&self, workload: Workload, form: &str, request: &Request) -> Result<Worker> {
        let Request { threads, device, arithmetic, .. } = request;
        let mut command = Command::new(&self.python);
        command.arg(self.script.path().join("steps.py"));
        command.args([workload.name, form, &threads.to_string(), &device.to_string()]);
        command.arg(arithmetic.name());
        Worker::start(&format!("pytorch {} {form}", workload.name), command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pytorch_is_a_usage_error_with_the_line_that_installs_it() {
        let error = Pytorch::find(Some(Path::new("no/such/python"))).err().unwrap();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        assert!(text.starts_with("--peer pytorch: cannot start no/such/python"), "{text}");
        assert!(text.contains("pip install -r bench/pytorch/requirements.txt"), "{text}");
    }
}
