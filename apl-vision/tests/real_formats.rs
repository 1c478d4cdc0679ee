//! The real images in every format. `APL_REAL_DATA` names a folder as `docs/data.md` says; without it these tests print that they were skipped.

#![allow(clippy::unwrap_used)]

mod real;

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use apl_vision::data::{
    Data, DataConfig, Folders, Images, Official, PIXELS, Set, Source, Verified, import, show,
    verify,
};
use real::real;

/// Images from `first` on, up to `end`, and their labels.
fn part(images: &Images, first: usize, end: usize) -> (&[u8], &[u32]) {
    (&images.pixels()[first * PIXELS..end * PIXELS], &images.labels()[first..end])
}

fn write_binary(path: &Path, (pixels, labels): (&[u8], &[u32])) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for (image, &label) in pixels.chunks_exact(PIXELS).zip(labels) {
        file.write_all(&[label as u8]).unwrap();
        file.write_all(image).unwrap();
    }
    file.flush().unwrap();
}

/// A pickle as Python 2 and numpy wrote CIFAR-10's.
fn write_python(path: &Path, (pixels, labels): (&[u8], &[u32])) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    file.write_all(b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01M").unwrap();
    file.write_all(&(labels.len() as u16).to_le_bytes()).unwrap();
    file.write_all(b"M\x00\x0C\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xFF\xFF\xFF\xFFJ\xFF\xFF\xFF\xFFK\x00tb\x89T").unwrap();
    file.write_all(&(pixels.len() as u32).to_le_bytes()).unwrap();
    file.write_all(pixels).unwrap();
    file.write_all(b"tbU\x06labels](").unwrap();
    labels.iter().for_each(|&label| file.write_all(&[b'K', label as u8]).unwrap());
    file.write_all(b"eu.").unwrap();
    file.flush().unwrap();
}

#[test]
fn cifar10_is_the_original_in_every_format() {
    let Some(folder) = real("cifar10") else { return };
    let work = tempfile::tempdir().unwrap();
    let config =
        |source: PathBuf| DataConfig { source: Source::Path(source), ..DataConfig::default() };
    let cache = work.path().join("cache");
    let folders = Folders { hub: work.path(), cache: &cache };
    let data = Data::load(&config(folder), folders).unwrap();

    let [binary, python, imported] =
        ["binary", "python", "imported"].map(|name| work.path().join(name));
    std::fs::create_dir_all(&binary).unwrap();
    std::fs::create_dir_all(&python).unwrap();
    for n in 0..5 {
        let rows = part(&data.train, n * 10_000, (n + 1) * 10_000);
        write_binary(&binary.join(format!("data_batch_{}.bin", n + 1)), rows);
        write_python(&python.join(format!("data_batch_{}", n + 1)), rows);
    }
    write_binary(&binary.join("test_batch.bin"), part(&data.test, 0, 10_000));
    write_python(&python.join("test_batch"), part(&data.test, 0, 10_000));
    let archive = work.path().join("python.tar");
    let mut builder = tar::Builder::new(File::create(&archive).unwrap());
    builder.append_dir_all("cifar-10-batches-py", &python).unwrap();
    builder.finish().unwrap();

    let mut import_from = config(binary.clone());
    import_from.train = Some(1);
    import(&import_from, folders, &imported).unwrap();
    for source in [binary, python, archive, imported] {
        let start = Instant::now();
        let found: Verified = verify(&config(source.clone()), folders).unwrap();
        println!("{} verified in {:.2?}", source.display(), start.elapsed());
        assert_eq!(found.train.official, Official::Yes, "{}", source.display());
        assert_eq!(found.test.official, Official::Yes, "{}", source.display());
        assert_eq!((found.train.per_class.as_slice(), found.shared), (&[5000; 10][..], 0));
        assert_eq!(
            [&found.train.digest, &found.test.digest].map(String::as_str),
            Set::Cifar10.official_digests().unwrap()
        );
    }
}

/// In the part of CIFAR-100 at hand; the sheets are left in `target/tmp` to be looked at.
#[test]
fn cifar100_is_not_claimed_and_the_sheets_can_be_looked_at() {
    let (Some(ten), Some(hundred)) = (real("cifar10"), real("cifar100")) else { return };
    let work = tempfile::tempdir().unwrap();
    let folders = Folders { hub: work.path(), cache: work.path() };
    let config =
        DataConfig { source: Source::Path(hundred), set: Set::Cifar100, ..DataConfig::default() };
    let found = verify(&config, folders).unwrap();
    println!("{found}");
    assert_eq!(found.train.official, Official::Unknown);
    let sheets = Path::new(env!("CARGO_TARGET_TMPDIR"));
    show(&config, folders, 8, &sheets.join("cifar100.png")).unwrap();
    let config = DataConfig { source: Source::Path(ten), ..DataConfig::default() };
    println!("{}", verify(&config, folders).unwrap());
    show(&config, folders, 12, &sheets.join("cifar10.png")).unwrap();
    println!("{}", sheets.display());
}
