//! The real events. `APL_REAL_DATA` names a folder with `higgs/` (docs/data.md); without it these tests print that they were skipped.

#![allow(clippy::unwrap_used)]

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use apl_higgs::data::{EventFile, ImportOptions, LAYOUTS, import, open};

/// A file of the real data, if there is some.
fn real(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("APL_REAL_DATA") else {
        println!("skipped: APL_REAL_DATA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join("higgs").join(name);
    if !path.exists() {
        println!("skipped: no {}", path.display());
        return None;
    }
    Some(path)
}

/// The events of a file, as any caller gets them, and the name of the layout that was recognised.
fn events(path: &Path) -> (EventFile, &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("events.safetensors");
    let imported = import(path, &ImportOptions::default(), &out, &mut |_| Ok(())).unwrap();
    assert_eq!((imported.events.about().skipped, imported.first_skipped), (0, None));
    imported.events.verify().unwrap();
    (imported.events, imported.layout.unwrap())
}

/// Features, labels and weights.
fn rows(events: &EventFile) -> (Vec<f32>, Vec<u8>, Vec<f32>) {
    let count = events.rows();
    let mut features = vec![0.0; count * events.features().len()];
    let mut labels = vec![0; count];
    let mut weights = vec![0.0; if events.has_weights() { count } else { 0 }];
    let wanted = events.has_weights().then_some(&mut weights[..]);
    events.read_rows(0..count, &mut features, &mut labels, wanted).unwrap();
    (features, labels, weights)
}

#[test]
fn atlas_is_the_same_as_csv_and_as_parquet() {
    let Some(csv) = real("atlas-higgs-challenge-2014-v2.first22889.csv.gz") else { return };
    let Some(parquet) = real("atlas_higgsml_22889.parquet") else { return };
    let ([csv, parquet], layouts) = {
        let ((csv, a), (parquet, b)) = (events(&csv), events(&parquet));
        ([csv, parquet], [a, b])
    };
    assert_eq!(layouts, ["ATLAS HiggsML"; 2]);
    assert_eq!((csv.rows(), csv.features().len()), (22_889, 30));
    assert_eq!(csv.digest(), parquet.digest());
    assert_eq!(csv.about().missing, parquet.about().missing);
    let (features, labels, weights) = rows(&csv);
    // The first line of the file.
    let first = [138.47, 51.655, 97.827, 27.98, 0.91, 124.711, 2.666, 3.064, 41.928, 197.76];
    assert_eq!((&features[..10], labels[0], weights[0]), (&first[..], 1, 0.000_814_480_4));
    // The second event has one jet: what needs two is missing, and nothing is -999.
    let missing = |feature: usize| features[30 + feature].is_nan();
    assert_eq!([3, 4, 5, 6, 7].map(missing), [false, true, true, true, false]);
    assert!(features.iter().all(|&value| value != -999.0));
    let signals = labels.iter().filter(|&&label| label == 1).count();
    println!("{signals} signals; missing: {:?}", csv.about().missing);
    assert!(signals > 7000 && signals < 8500, "{signals}");
    // Why the weight is no feature: the classes do not overlap in it.
    let of = |wanted: u8| {
        labels.iter().zip(&weights).filter(move |(l, _)| **l == wanted).map(|(_, w)| *w)
    };
    assert!(of(1).fold(0.0, f32::max) < of(0).fold(f32::MAX, f32::min));
}

#[test]
fn uci_is_the_same_as_csv_and_as_parquet() {
    let Some(csv) = real("uci_higgs_h2o_train_10k.csv") else { return };
    let Some(parquet) = real("uci_higgs_first10k_3digits.parquet") else { return };
    let ((csv, layout), (parquet, _)) = (events(&csv), events(&parquet));
    assert_eq!((layout, csv.rows()), ("UCI HIGGS", 10_000));
    assert_eq!(csv.features(), LAYOUTS[0].features);
    assert_eq!(csv.digest(), parquet.digest());
    assert!(!csv.has_weights() && csv.about().missing == [0; 28]);
    let (features, labels, _) = rows(&csv);
    assert_eq!((&features[..4], labels[0]), (&[0.869, -0.635, 0.226, 0.327][..], 1));
    let signals = labels.iter().filter(|&&label| label == 1).count();
    assert!((signals as f64 / 10_000.0 - 0.53).abs() < 0.02, "{signals}");
}

#[test]
fn real_events_are_imported_once() {
    let Some(path) = real("uci_higgs_h2o_train_10k.csv") else { return };
    let cache = tempfile::tempdir().unwrap();
    let mut told = 0;
    for _ in 0..2 {
        let events = open(&path, &ImportOptions::default(), cache.path(), &mut |_| {
            told += 1;
            Ok(())
        });
        assert_eq!(events.unwrap().rows(), 10_000);
        assert!(told > 0);
        told = 100;
    }
    assert_eq!(told, 100);
}

/// The most memory this process ever had, in MB, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
}

/// `cargo test --release --workspace --test real_higgs -- --ignored --nocapture`: rows per second of tables like UCI's HIGGS.csv, 29 columns of 25
/// characters, and the memory that takes. `ROWS` (600000) sets their number.
///
/// On two cores of an AMD EPYC with SHA-NI, nothing else running: 600 000 to 690 000 rows/s plain, 560 000 to 580 000 gzipped, in 15 MB.
#[test]
#[ignore = "a measurement"]
fn importing_is_quick() {
    let count: usize = std::env::var("ROWS").map_or(600_000, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let [plain, zipped] = ["a.csv", "a.csv.gz"].map(|name| folder.path().join(name));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&plain).unwrap());
    let gzip = std::fs::File::create(&zipped).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(gzip, flate2::Compression::new(6));
    let mut state = 1u64;
    let mut line = String::new();
    for row in 0..count {
        line.clear();
        write!(line, "{}.000000000000000000e+00", row % 2).unwrap();
        for _ in 0..28 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            // Floats of 32 bits written in full, as UCI has them.
            let value = f64::from((state >> 40) as f32 / (1 << 22) as f32 - 2.0);
            let text = format!("{value:.18e}");
            let (digits, exponent) = text.split_once('e').unwrap();
            let exponent: i32 = exponent.parse().unwrap();
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(line, ",{digits}e{sign}{:02}", exponent.abs()).unwrap();
        }
        line.push('\n');
        file.write_all(line.as_bytes()).unwrap();
        gzip.write_all(line.as_bytes()).unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    gzip.finish().unwrap().sync_all().unwrap();
    let size = |path: &PathBuf| std::fs::metadata(path).unwrap().len() >> 20;
    println!(
        "{count} rows, {} MB, gzipped {} MB; peak {:?} MB before",
        size(&plain),
        size(&zipped),
        peak()
    );
    for (name, path) in [("csv", &plain), ("csv.gz", &zipped)] {
        for _ in 0..3 {
            let out = folder.path().join("out");
            let start = Instant::now();
            let imported = import(path, &ImportOptions::default(), &out, &mut |_| Ok(())).unwrap();
            let seconds = start.elapsed().as_secs_f64();
            println!(
                "{name}: {seconds:.2} s, {:.0} rows/s; peak {:?} MB",
                count as f64 / seconds,
                peak()
            );
            assert_eq!(imported.events.rows(), count);
            std::fs::remove_file(out).unwrap();
        }
    }
}
