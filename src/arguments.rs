//! The command line.

use std::path::PathBuf;

use apl_core::ops::cuda::Arithmetic;
use apl_train::device::Compute;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Trainable activation functions: reproduces "Learning Activation Functions to Improve Deep Neural Networks" and carries on.
#[derive(Debug, Parser)]
#[command(name = "apl", version, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 75 interrupted and resumable."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network from a configuration, or go on where it was interrupted.
    Train(Train),
    /// Do every run of a table of the paper that is missing, and print the table.
    Reproduce(Reproduce),
    /// Score a finished run's network on a split, whole or pruned.
    Evaluate(Evaluate),
    /// Show the layers, shapes and parameter counts of a configuration or a run.
    Inspect(Inspect),
    /// Show, download, check, convert and look at data sets.
    Data(Data),
    /// Write the compact form of finished runs, without weights: what a repository keeps.
    Compact(Compact),
    /// Make a page of figures and tables from runs.
    Report(Report),
    /// Measure the speed and memory of training steps and of their operations, beside PyTorch's if asked.
    Bench(Bench),
}

#[derive(Debug, Args)]
pub struct Train {
    /// The configuration, such as configs/quick/cifar10-cnn-apl.toml, or the config.toml of a run.
    pub config: PathBuf,
    /// Change a key of the configuration, such as activation.hinges=2; may be given again.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Where the data is: embedded (generated), hub (the Hugging Face hub, or its cache), a folder or an archive of images, a file of events.
    #[arg(long, value_name = "SOURCE")]
    pub data: Option<String>,
    /// The seed of every random number.
    #[arg(long)]
    pub seed: Option<u32>,
    /// The folder of all runs.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    pub runs: PathBuf,
    /// What computes: the processor, or an NVIDIA GPU by its number.
    #[arg(long, default_value = "cpu", value_name = "cpu|cuda[:N]")]
    pub device: Compute,
    /// How many threads compute [default: one a core]. Results do not depend on it.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Move an earlier run aside and start anew.
    #[arg(long)]
    pub fresh: bool,
    /// Show no progress.
    #[arg(long)]
    pub no_progress: bool,
    /// Print the run's summary as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Reproduce {
    /// table1, table2, table3, ablation, hinges: a file of configs; all of them: all; or another table's file.
    pub table: String,
    /// The folder of configurations: quick (generated data), cpu (real images, generated collisions, shorter training), paper (the authors' recipes).
    #[arg(long, default_value = "quick")]
    pub scale: String,
    /// Only rows of this id, such as s5 or c10-*; may be given again; rows run in the order given.
    #[arg(long = "row", value_name = "PATTERN")]
    pub rows: Vec<String>,
    /// Seeds of every row [default: the table's]; ensembles of more networks are left out.
    #[arg(long, value_name = "N")]
    pub seeds: Option<u32>,
    /// Where a data set is: cifar10=FOLDER; may be given again.
    #[arg(long, value_name = "NAME=SOURCE")]
    pub data: Vec<String>,
    /// Change a key in every row, such as arithmetic=tf32; may be given again.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// The folder of all runs.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    pub runs: PathBuf,
    /// How many runs are trained side by side, each in a process [default: one a core, at most 4].
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Threads of each process [default: a fair share of the cores].
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// What computes: the processor, all NVIDIA GPUs (cuda), or one of them.
    #[arg(long, default_value = "cpu", value_name = "cpu|cuda[:N]")]
    pub device: Compute,
    /// Show what would be run, how long it would take, how much it would store and, with --device cuda, how much of the GPU's memory it would need.
    #[arg(long)]
    pub dry_run: bool,
    /// Show no progress.
    #[arg(long)]
    pub no_progress: bool,
}

#[derive(Debug, Args)]
pub struct Evaluate {
    /// The run's directory.
    pub run: PathBuf,
    /// The split.
    #[arg(long, default_value = "test")]
    pub split: SplitName,
    /// Other data than the run's: embedded, hub, a folder, an archive or a file.
    #[arg(long, value_name = "SOURCE")]
    pub data: Option<String>,
    /// Score a smaller network too: without the hinges that change a unit by less than this on the inputs it has in training.
    #[arg(long, value_name = "TOL", allow_negative_numbers = true)]
    pub prune: Option<f64>,
    /// What computes: the processor, or an NVIDIA GPU by its number.
    #[arg(long, default_value = "cpu", value_name = "cpu|cuda[:N]")]
    pub device: Compute,
    /// Print the score as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// A configuration or a run's directory.
    pub target: PathBuf,
    /// Print the layers as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Data {
    #[command(subcommand)]
    pub command: DataCommand,
}

#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// The data sets and where they are on this machine.
    List,
    /// Download data sets from the Hugging Face hub into its cache.
    Fetch(Fetch),
    /// Read a source whole and say what it holds, and whether it is the original.
    Verify(Verify),
    /// Write a source in the form that training reads, which is a source itself: a folder of decoded images, a file of events.
    Import(Import),
    /// Make events by Monte-Carlo.
    Generate(Generate),
    /// Look at a source: of images a contact sheet, for every class its name and its first training images; of events their features in numbers.
    Show(Show),
}

#[derive(Debug, Args)]
pub struct Fetch {
    /// Which.
    #[arg(required = true)]
    pub sets: Vec<SetName>,
    /// Another state of the repository than the one results were measured on: a commit, a branch or a tag.
    #[arg(long)]
    pub revision: Option<String>,
    /// Show no progress.
    #[arg(long)]
    pub no_progress: bool,
}

#[derive(Debug, Args)]
pub struct DataSource {
    /// Which data set it is.
    pub set: SetName,
    /// Where it is: embedded, hub (the Hugging Face hub, or its cache), a folder or an archive; for higgs a file [default: hub].
    #[arg(long, value_name = "SOURCE")]
    pub data: Option<String>,
    /// The number of classes of images of one's own.
    #[arg(long, value_name = "N")]
    pub classes: Option<usize>,
}

#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    pub source: DataSource,
    /// Print what was found as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    pub source: DataSource,
    /// The folder, which must be empty or absent; for higgs the file.
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    #[command(flatten)]
    pub columns: Columns,
}

/// What the columns of a table of events are, where that cannot be told from their names.
#[derive(Debug, Args)]
#[command(next_help_heading = "Events")]
pub struct Columns {
    /// The column of the label: 1, s or signal, and 0, b or background.
    #[arg(long, value_name = "NAME")]
    pub label: Option<String>,
    /// The column of the weight; of an HDF5 file, the data set.
    #[arg(long, value_name = "NAME")]
    pub weight: Option<String>,
    /// The columns of the features, in the order they shall have; of an HDF5 file, the names they shall have.
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub features: Vec<String>,
    /// Of an HDF5 file, the data set of the features [default: data].
    #[arg(long, value_name = "NAME")]
    pub data_set: Option<String>,
    /// Of an HDF5 file, the data set of the labels [default: label].
    #[arg(long, value_name = "NAME")]
    pub label_set: Option<String>,
    /// The number that stands for a missing value, or nan.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub missing: Option<f32>,
    /// Leave out rows that cannot be used, and count them, instead of refusing the file.
    #[arg(long)]
    pub skip_bad: bool,
}

impl Columns {
    /// Whether any of them was given.
    pub fn given(&self) -> bool {
        let Self { label, weight, features, data_set, label_set, missing, skip_bad } = self;
        let names = [label, weight, data_set, label_set];
        let named = names.iter().any(|name| name.is_some()) || !features.is_empty();
        named || missing.is_some() || *skip_bad
    }
}

#[derive(Debug, Args)]
pub struct Generate {
    /// Of what: higgs, H -> tau tau against Z -> tau tau.
    pub what: GenerateWhat,
    /// How many events; half of them are signal.
    #[arg(long, value_name = "N")]
    pub events: u64,
    /// The seed: other events of the same kind.
    #[arg(long, default_value_t = 1)]
    pub seed: u32,
    /// The file that is written, 101 bytes an event.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GenerateWhat {
    Higgs,
}

#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub source: DataSource,
    /// Images of each class, at most 50.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub images: usize,
    /// The PNG that is written.
    #[arg(long, default_value = "sheet.png", value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SetName {
    Cifar10,
    Cifar100,
    Images,
    Higgs,
}

#[derive(Debug, Args)]
pub struct Compact {
    /// Run directories, or folders with runs below them; runs that are not done are left out.
    #[arg(default_value = "runs")]
    pub runs: Vec<PathBuf>,
    /// Where they go: DIR/SCALE/NAME/seed-N.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Units of a layer that are kept, at most 1000; fewer where a run would be larger than 500 kB.
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub units: usize,
}

#[derive(Debug, Args)]
pub struct Report {
    /// Run directories, folders with runs below them, or tables as they were run (runs/cpu/table3.toml).
    #[arg(default_value = "runs")]
    pub runs: Vec<PathBuf>,
    /// Where the page goes.
    #[arg(long, default_value = "report", value_name = "DIR")]
    pub out: PathBuf,
    /// What is written: the page (html), tables (md, tex, csv), figures (svg, png).
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "html,md,tex,csv,svg")]
    pub format: Vec<apl_report::Format>,
    /// Only check that the tables and sentences published beside the runs are what the runs say; exit 1 where they are not.
    #[arg(long)]
    pub check: bool,
    /// Draw one unit of the first run too, as unit.svg: a layer and, if not the first unit sampled, a number, as in act5:12.
    #[arg(long, value_name = "LAYER[:N]")]
    pub unit: Option<String>,
}

#[derive(Debug, Args)]
pub struct Bench {
    /// Who is measured in turn with us.
    #[arg(long)]
    pub peer: Option<PeerName>,
    /// The interpreter that has the peer [default: that of bench/pytorch/venv, else python3].
    #[arg(long, value_name = "FILE", requires = "peer")]
    pub python: Option<PathBuf>,
    /// The peer's ways to run a step that are measured, such as eager,compile [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "peer")]
    pub forms: Option<Vec<String>>,
    /// How often everything is measured.
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub rounds: usize,
    /// What computes, ours and the peer's; on a GPU training steps alone are measured.
    #[arg(long, default_value = "cpu", value_name = "cpu|cuda[:N]")]
    pub device: Compute,
    /// How products and convolutions are rounded on a GPU, ours and the peer's.
    #[arg(long, default_value = "f32", value_name = "f32|tf32|bf16")]
    pub arithmetic: Arithmetic,
    /// How many threads compute, ours and the peer's [default: one a core].
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Only what has this in its name, such as cnn-apl (a step) or cnn/conv1 (operations).
    #[arg(long, value_name = "PATTERN")]
    pub only: Option<String>,
    /// Print every figure as JSON.
    #[arg(long)]
    pub json: bool,
    /// Do steps of one workload on request: how the command starts itself.
    #[arg(long, hide = true, value_name = "NAME")]
    pub worker: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PeerName {
    Pytorch,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SplitName {
    Train,
    Validation,
    Test,
}
