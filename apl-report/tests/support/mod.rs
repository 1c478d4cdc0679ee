//! Run directories as training writes them, with made-up numbers.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod markup;

use std::path::{Path, PathBuf};

use apl_report::{Format, Report, Result, Sources};
use apl_train::run::{
    ActivationSummary, Better, DataSummary, FORMAT, Host, LayerSnapshots, Measure, ParameterCounts,
    Score, Snapshots, Software, Status, Summary, Time,
    activations::{
        Activations, Histogram, LayerActivations, LayerDescription, Moment, Spread, Units,
    },
    curves::{self, Axis, Curve, Series},
    metrics::{self, Evaluation},
};

/// The report of some runs, without any tables.
pub fn report(runs: &[PathBuf], out: &Path) -> Result<Report> {
    apl_report::write(&Sources { runs: runs.to_vec(), tables: Vec::new() }, out, &Format::USUAL)
}

/// A stream of numbers that is the same everywhere (xorshift).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Between 0 and 1.
    pub fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Mean 0, deviation 1, nearly normal.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// A run to be written.
#[derive(Clone)]
pub struct Recipe {
    pub scale: &'static str,
    pub id: String,
    pub kind: &'static str,
    pub hinges: usize,
    pub seed: u32,
    pub status: Status,
    /// Test error at the end.
    pub error: f64,
    pub layers: Vec<(&'static str, Vec<usize>)>,
    /// Whether there is a validation split.
    pub validation: bool,
}

pub fn cnn_layers() -> Vec<(&'static str, Vec<usize>)> {
    vec![
        ("act1", vec![16, 32, 32]),
        ("act2", vec![16, 16, 16]),
        ("act3", vec![32, 8, 8]),
        ("act4", vec![64]),
        ("act5", vec![64]),
    ]
}

impl Recipe {
    pub fn new(id: &str, kind: &'static str, hinges: usize, seed: u32, error: f64) -> Self {
        let layers = cnn_layers();
        let (scale, status) = ("quick", Status::Done);
        let id = id.into();
        Self { scale, id, kind, hinges, seed, status, error, layers, validation: false }
    }

    pub fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    fn steps(&self) -> u64 {
        match self.status {
            Status::Done => 500,
            Status::Running => 0,
            _ => 200,
        }
    }

    pub fn summary(&self) -> Summary {
        let apl = self.hinges > 0;
        let learned = |_| String::from("learned");
        let units: usize = self.layers.iter().map(|(_, s)| s.iter().product::<usize>()).sum();
        let activation = 2 * self.hinges * units;
        Summary {
            format: FORMAT,
            id: self.id.clone(),
            task: "vision".into(),
            seed: self.seed,
            status: self.status.clone(),
            hash: format!("{:064x}", self.seed),
            score: (self.status == Status::Done).then(|| Score {
                measure: Measure { name: "error".into(), unit: "%".into(), better: Better::Lower },
                value: self.error,
                split: "test".into(),
                interval: None,
            }),
            scores: Vec::new(),
            activation: ActivationSummary {
                kind: self.kind.into(),
                hinges: self.hinges,
                sharing: apl.then(|| "unit".into()),
                slopes: apl.then_some(()).map(learned),
                offsets: apl.then_some(()).map(learned),
            },
            parameters: ParameterCounts {
                weights: 61_234,
                activation,
                learned: 61_234 + activation,
            },
            step: self.steps(),
            steps: 500,
            batch: 100,
            time: Time {
                training: 42.0 + f64::from(self.seed),
                evaluation: 3.0,
                examples_per_second: 1190.0,
            },
            data: ["train", "test"]
                .map(|split| DataSummary {
                    split: split.into(),
                    examples: if split == "train" { 780 } else { 156 },
                    digest: "4f1d".repeat(16),
                    source: Vec::new(),
                })
                .to_vec(),
            software: Software { version: "0.1.0".into(), git: Some("6513672".into()) },
            host: Host {
                cpu: "Imaginary Processor 9000".into(),
                level: "avx512".into(),
                threads: 2,
                device: "cpu".into(),
                system: "linux x86_64".into(),
            },
            algorithms: Default::default(),
            warnings: Vec::new(),
        }
    }

    pub fn config(&self) -> String {
        let activation = if self.hinges > 0 {
            format!(
                "kind = \"apl\"\nhinges = {}\nsharing = \"unit\"\nslopes = {{ init = {{ uniform = 0.1 }}, learned = true }}",
                self.hinges
            )
        } else {
            format!("kind = \"{}\"", self.kind)
        };
        format!(
            "task = \"vision\"\nseed = {}\n\n[data]\nsource = \"embedded\"\nset = \"cifar10\"\n\n[network]\nkind = \"cnn\"\n\n[activation]\n{activation}\n\n[optimizer]\nbatch = 100\n",
            self.seed
        )
    }

    fn metrics(&self) -> Vec<Evaluation> {
        let mut numbers = Numbers::new(u64::from(self.seed) * 77 + self.hinges as u64);
        let mut lines = Vec::new();
        for step in (0..=self.steps()).step_by(25) {
            let time = step as f64 / 500.0;
            let course = (-4.0 * time).exp();
            for (split, gap) in [("train", 0.85), ("validation", 0.98), ("test", 1.0)] {
                if split == "train" && step == 0 || split == "validation" && !self.validation {
                    continue;
                }
                let score = (self.error + (88.0 - self.error) * course) * gap;
                lines.push(Evaluation {
                    step,
                    epoch: step as f64 / 7.8,
                    split: split.into(),
                    loss: 2.303 * (score / 88.0).max(0.02) + 0.03 * numbers.normal().abs(),
                    score: Some(score + 0.8 * numbers.normal() * course),
                    lr: 0.02,
                    momentum: 0.9,
                    seconds: step as f64 / 10.0,
                });
            }
        }
        lines
    }

    pub fn activations(&self) -> Activations {
        let mut numbers = Numbers::new(u64::from(self.seed) + 1000 * self.hinges as u64);
        let layers = self.layers.iter().enumerate().map(|(depth, (name, unit))| {
            let about = LayerDescription {
                name: (*name).into(),
                kind: self.kind.into(),
                hinges: self.hinges,
                sharing: (self.hinges > 0).then(|| "unit".into()),
                negative_slope: (self.hinges == 0).then_some(0.0),
                unit: unit.clone(),
            };
            let before = self.moment(unit, depth, None, &mut numbers);
            let done = self.status == Status::Done;
            let after = done.then(|| self.moment(unit, depth, Some(&before), &mut numbers));
            LayerActivations { about, before, after }
        });
        Activations { layers: layers.collect() }
    }

    fn moment(
        &self,
        unit: &[usize],
        depth: usize,
        before: Option<&Moment>,
        numbers: &mut Numbers,
    ) -> Moment {
        let width = if before.is_some() { 1.2 + 0.3 * depth as f64 } else { 0.9 };
        let shift = if before.is_some() { -0.5 } else { 0.0 };
        let inputs: Vec<f32> =
            (0..4000).map(|_| (numbers.normal() * width + shift) as f32).collect();
        let outputs: Vec<f32> = inputs.iter().map(|x| x.max(0.0)).collect();
        let inputs = Histogram::of(&inputs);
        let units = (self.hinges > 0).then(|| {
            let count = unit.iter().product::<usize>() * self.hinges;
            let (mut slopes, mut offsets) = (Vec::new(), Vec::new());
            for i in 0..count {
                let (a, b) = match before.and_then(|before| before.units.as_ref()) {
                    Some(units) => (
                        f64::from(units.slopes[i]) + 0.25 * numbers.normal() - 0.1,
                        f64::from(units.offsets[i]) + 0.2 * numbers.normal(),
                    ),
                    None => (0.2 * numbers.uniform() - 0.1, 0.5 * numbers.normal()),
                };
                slopes.push(a as f32);
                offsets.push(b as f32);
            }
            Units { slopes, offsets, shape: unit.to_vec(), kept: None }
        });
        let spread = units.as_ref().map(|units| spread(units, inputs.low, inputs.high));
        Moment { units, spread, outputs: Histogram::of(&outputs), inputs }
    }

    pub fn directory(&self, runs: &Path) -> PathBuf {
        runs.join(self.scale).join(&self.id).join(format!("seed-{}", self.seed))
    }

    /// Writes the whole directory.
    pub fn write(&self, runs: &Path) -> PathBuf {
        let path = self.directory(runs);
        std::fs::create_dir_all(&path).unwrap();
        self.summary().write(&path).unwrap();
        std::fs::write(path.join("config.toml"), self.config()).unwrap();
        let lines = self.metrics();
        metrics::append(&path, &lines).unwrap();
        if self.steps() > 0 {
            let activations = self.activations();
            activations.write(&path).unwrap();
            snapshots(&activations).write(&path).unwrap();
        }
        if self.status == Status::Done {
            curves::write(&path, &[confidence()]).unwrap();
        }
        path
    }
}

fn spread(units: &Units, low: f64, high: f64) -> Spread {
    let x: Vec<f64> = (0..81).map(|i| low + (high - low) * f64::from(i) / 80.0).collect();
    let count = units.count();
    let at = |&x: &f64| {
        let values: Vec<f64> = (0..count.min(2000))
            .map(|i| {
                let hinges = units.unit(i).into_iter();
                hinges.fold(x.max(0.0), |sum, (a, b)| sum + a * (b - x).max(0.0))
            })
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        (mean, (square / values.len() as f64).sqrt())
    };
    let (mean, deviation) = x.iter().map(at).unzip();
    Spread { x, mean, deviation }
}

fn snapshots(activations: &Activations) -> Snapshots {
    let layers = activations.layers.iter().filter_map(|layer| {
        let units = layer.before.units.as_ref()?;
        let hinges = units.hinges();
        let of = |values: &[f32]| {
            let pairs = (0..hinges).flat_map(|s| [0, 1].map(|u| values[s * units.count() + u]));
            pairs.collect::<Vec<f32>>().repeat(2)
        };
        let (slopes, offsets) = (of(&units.slopes), of(&units.offsets));
        let (layer, units) = (layer.about.name.clone(), vec![0, 1]);
        Some(LayerSnapshots { layer, hinges, units, slopes, offsets })
    });
    Snapshots { steps: vec![0, 1], layers: layers.collect() }
}

fn confidence() -> Curve {
    let axis = |name: &str, unit: &str| Axis { name: name.into(), unit: unit.into() };
    let x: Vec<f64> = (0..=500).map(|i| f64::from(i) / 500.0).collect();
    let series = |name: &str, power: f64| Series {
        name: name.into(),
        y: x.iter().map(|x| 100.0 * x.powf(power)).collect(),
        x: x.clone(),
    };
    Curve {
        name: "calibration".into(),
        title: "Accuracy against confidence".into(),
        x: axis("confidence", ""),
        y: axis("accuracy", "%"),
        series: vec![series("this network", 1.4), series("perfectly calibrated", 1.0)],
    }
}

/// [`example`], and a study of S with a validation split, three seeds a row, with the record of its table.
pub fn study(runs: &Path) {
    example(runs);
    let mut rows = String::new();
    for (hinges, error) in [(0, 33.0), (1, 31.6), (2, 30.9), (5, 30.8)] {
        let (id, kind) = if hinges == 0 {
            ("study-relu".into(), "relu")
        } else {
            (format!("study-s{hinges}"), "apl")
        };
        for seed in 1..=3 {
            let mut recipe = Recipe::new(&id, kind, hinges, seed, error + 0.2 * f64::from(seed));
            recipe.validation = true;
            recipe.write(runs);
        }
        rows.push_str(&format!(
            "[[row]]\nid = \"s{hinges}\"\nlabel = \"S = {hinges}\"\nrun = \"{id}\"\nseeds = [1, 2, 3]\n\n"
        ));
    }
    let record = format!(
        "format = 1\ntitle = \"Effect of S\"\nscale = \"quick\"\ncontrasts = [[\"s1\", \"s0\"], [\"s2\", \"s0\"], [\"s5\", \"s0\"]]\n\n{rows}"
    );
    std::fs::write(runs.join("quick/study.toml"), record).unwrap();
}

/// An APL row of three seeds, a ReLU row, a failed and an interrupted run, a row with a weird name, and a damaged directory.
pub fn example(runs: &Path) -> Vec<PathBuf> {
    let failed = Status::Failed {
        why: "step 200: training diverged: the loss is NaN, first in layer act2".into(),
    };
    let recipes = [
        Recipe::new("cifar10-cnn-apl", "apl", 2, 1, 31.2),
        Recipe::new("cifar10-cnn-apl", "apl", 2, 2, 30.6),
        Recipe::new("cifar10-cnn-apl", "apl", 2, 3, 32.0),
        Recipe::new("cifar10-cnn-relu", "relu", 0, 1, 34.1),
        Recipe::new("cifar10-cnn-relu", "relu", 0, 2, 33.2),
        Recipe::new("cifar10-cnn-relu", "relu", 0, 3, 35.0).status(Status::Interrupted),
        Recipe::new("cifar10-cnn-apl,activation.hinges=5", "apl", 5, 1, 31.0).status(failed),
        Recipe::new("<script>alert(1)", "apl", 1, 1, 33.0),
    ];
    let mut paths: Vec<PathBuf> = recipes.iter().map(|recipe| recipe.write(runs)).collect();
    let damaged = runs.join("quick/torn/seed-1");
    std::fs::create_dir_all(&damaged).unwrap();
    std::fs::write(damaged.join("summary.json"), "{\"format\": 1, \"id\"").unwrap();
    paths.push(damaged);
    paths
}
