//! CIFAR's own files, byte for byte as its authors' programs wrote them, and archives of them.

use std::{io::Write, path::Path};

use crate::data::{PIXELS, Set, rows::Rows};

/// The binary version. Coarse labels of CIFAR-100 are a fifth of the fine ones.
pub(crate) fn binary(rows: &Rows, set: Set) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (image, &label) in rows.pixels.chunks_exact(PIXELS).zip(&rows.labels) {
        if set == Set::Cifar100 {
            bytes.push((label / 5) as u8);
        }
        bytes.push(label as u8);
        bytes.extend_from_slice(image);
    }
    bytes
}

/// The python version as Python 2's cPickle writes it in protocol 2.
pub(crate) fn python(rows: &Rows, key: &str) -> Vec<u8> {
    let mut bytes = b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85q\x05U\x01b\x87Rq\x06(K\x01".to_vec();
    integer(&mut bytes, rows.labels.len() as u32);
    bytes.extend_from_slice(b"M\x00\x0C\x86q\x07cnumpy\ndtype\nq\x08U\x02u1q\tK\x00K\x01\x87q\nRq\x0B(K\x03U\x01|NNNJ\xFF\xFF\xFF\xFFJ\xFF\xFF\xFF\xFFK\x00tq\x0Cb\x89T");
    bytes.extend_from_slice(&(rows.pixels.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&rows.pixels);
    bytes.extend_from_slice(b"q\x0DtbU");
    bytes.push(key.len() as u8);
    bytes.extend_from_slice(key.as_bytes());
    bytes.extend_from_slice(b"q\x0E]q\x0F");
    for labels in rows.labels.chunks(1000) {
        bytes.push(b'(');
        labels.iter().for_each(|&label| integer(&mut bytes, label));
        bytes.push(b'e');
    }
    bytes.extend_from_slice(b"U\x0Bbatch_labelq\x10U\x07testingq\x11U\tfilenamesq\x12]q\x13(U\x05a.pngq\x14U\x05b.pngq\x15eu.");
    bytes
}

fn integer(bytes: &mut Vec<u8>, value: u32) {
    match value {
        0..=0xFF => bytes.extend([b'K', value as u8]),
        0x100..=0xFFFF => bytes.extend([b'M', value as u8, (value >> 8) as u8]),
        _ => {
            bytes.push(b'J');
            bytes.extend(value.to_le_bytes());
        }
    }
}

/// The files of a version by name: train rows in five parts for CIFAR-10.
pub(crate) fn files(train: &Rows, test: &Rows, set: Set, pickled: bool) -> Vec<(String, Vec<u8>)> {
    let key = if set == Set::Cifar100 { "fine_labels" } else { "labels" };
    let bytes = |rows: &Rows| if pickled { python(rows, key) } else { binary(rows, set) };
    let ending = if pickled { "" } else { ".bin" };
    let mut files = Vec::new();
    if set == Set::Cifar100 {
        files.push((format!("train{ending}"), bytes(train)));
        files.push((format!("test{ending}"), bytes(test)));
        return files;
    }
    let count = train.labels.len();
    for n in 0..5 {
        let part = n * count / 5..(n + 1) * count / 5;
        let pixels = train.pixels[part.start * PIXELS..part.end * PIXELS].to_vec();
        let rows = Rows { pixels, labels: train.labels[part].to_vec(), scaled: 0 };
        files.push((format!("data_batch_{}{ending}", n + 1), bytes(&rows)));
    }
    files.push((format!("test_batch{ending}"), bytes(test)));
    files
}

/// A folder with these files.
pub(crate) fn folder(path: &Path, files: &[(String, Vec<u8>)]) {
    std::fs::create_dir_all(path).unwrap();
    for (name, bytes) in files {
        std::fs::write(path.join(name), bytes).unwrap();
    }
}

/// A tar archive with these files in a folder, after an entry for the folder itself.
pub(crate) fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    header.set_mode(0o755);
    builder.append_data(&mut header, "cifar/", std::io::empty()).unwrap();
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("cifar/{name}"), bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Bytes in gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
