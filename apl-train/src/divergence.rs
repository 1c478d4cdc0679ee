//! Where a training that diverged did so.

use std::path::Path;

use apl_core::nn::{Chain, Context, Layer, Observer};
use candle_core::{DType, Tensor};

use crate::Error;

/// The first layer that makes something that is not finite of these inputs, or `loss` where none does.
pub fn first_layer(network: &mut Chain, inputs: &Tensor, context: Context<'static>) -> String {
    let mut finder = FirstNotFinite::default();
    let mut context = Context { observer: Some(&mut finder), ..context };
    // The loss is known to be bad: an error here tells nothing more.
    let _ = network.forward(inputs, &mut context);
    finder.layer()
}

/// The layer and what is wrong, where an error is about a parameter that is not finite.
pub fn of_parameter(error: &Error) -> Option<(String, String)> {
    let (layer, source) = match error {
        Error::Core(apl_core::Error::Layer { layer, source }) => (layer.clone(), &**source),
        Error::Core(source @ apl_core::Error::NonFinite { place, .. }) => (place.clone(), source),
        _ => return None,
    };
    let apl_core::Error::NonFinite { place, value, index } = source else { return None };
    // A parameter is named by its layer, a dot and its own name.
    let layer = layer.rsplit_once('.').map_or(layer.as_str(), |(layer, _)| layer).to_string();
    Some((layer, format!("{place} is {value} at index {index}")))
}

/// The last good checkpoint in words.
pub fn last_good(directory: &Path, step: u64) -> String {
    let path = directory.join("checkpoint.safetensors");
    if path.exists() {
        format!("the last good checkpoint, of step {step}, is {}", path.display())
    } else {
        "there is no earlier checkpoint".into()
    }
}

/// Remembers the first layer that puts out something that is not finite.
#[derive(Debug, Default)]
pub struct FirstNotFinite(Option<String>);

impl FirstNotFinite {
    /// That layer, or `loss` where all is finite.
    pub fn layer(self) -> String {
        self.0.unwrap_or_else(|| "loss".into())
    }
}

impl Observer for FirstNotFinite {
    fn input(&mut self, _: &dyn Layer, _: &Tensor) -> apl_core::Result<()> {
        Ok(())
    }

    fn output(&mut self, layer: &dyn Layer, output: &Tensor) -> apl_core::Result<()> {
        if self.0.is_some() {
            return Ok(());
        }
        let values: Vec<f32> = output.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        if values.iter().any(|value| !value.is_finite()) {
            self.0 = Some(layer.name().into());
        }
        Ok(())
    }
}
