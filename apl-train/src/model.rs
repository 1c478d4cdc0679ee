//! `model.safetensors`, `best.safetensors` and `initial.safetensors`: parameters by name.

use std::path::Path;

use apl_core::nn::Parameter;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    run::{
        FORMAT,
        tensors::{self, Array, Arrays},
    },
};

/// What the file says of itself.
#[derive(Serialize, Deserialize)]
struct About {
    format: u32,
    hash: String,
    step: u64,
}

/// Writes parameters as they are after `step` steps of the run with this hash.
///
/// # Errors
/// What the file system reports.
pub fn write<'a>(
    path: &Path,
    parameters: impl Iterator<Item = &'a Parameter>,
    hash: &str,
    step: u64,
) -> Result<()> {
    let arrays = parameters.map(|p| Ok((p.name.clone(), Array::from_tensor(&p.value)?)));
    let about = About { format: FORMAT, hash: hash.into(), step };
    tensors::write(path, &arrays.collect::<Result<Arrays>>()?, &about)
}

/// Overwrites the values of all parameters with those of a file.
///
/// # Errors
/// A damaged file, or one of another network.
pub fn read(path: &Path, parameters: &[Parameter]) -> Result<()> {
    let (arrays, _): (Arrays, About) = tensors::read(path)?;
    for parameter in parameters {
        let name = &parameter.name;
        let array = arrays.get(name);
        let array = array.ok_or_else(|| Error::run(path, format!("no parameter {name}")))?;
        if !array.copy_into(&parameter.value)? {
            let (found, expected) = (array.shape(), parameter.value.dims());
            let problem = format!("{name}: found shape {found:?}, expected {expected:?}");
            return Err(Error::run(path, problem));
        }
    }
    Ok(())
}
