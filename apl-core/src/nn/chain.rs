//! A network as a list of layers that reuses its memory.

use std::collections::BTreeSet;

use candle_core::{DType, Device, Tensor};

use crate::{
    Error, Result,
    nn::{Context, Layer, Parameter},
    ops::check,
};

/// A feed-forward network: layers one after the other.
///
/// The chain owns every activation and two gradient buffers, makes them at the first pass (or when the batch grows) and calls the operations
/// directly, without Candle's tape. Layers that can work in place do, except the first, which must leave the caller's input alone.
///
/// After the first pass no tensor is made and no memory kept: each thread keeps what its operations need between calls, the same for every number
/// of hinges. A step still asks the allocator for, and gives back, the blocks into which `gemm` packs the factors of a product (it cannot be handed
/// a workspace) and the small handles of Candle's views and rayon's jobs; `tests/chain_memory.rs` measures it.
///
/// ```
/// use apl_core::{
///     activation::AplConfig,
///     nn::{Apl, Chain, Context, Init, Layer, Linear, LinearConfig, Loss, Setup},
///     ops::sgd,
///     random::Streams,
/// };
/// use candle_core::{DType, Device, Tensor};
///
/// let streams = Streams::new(1);
/// let setup = Setup { streams, dtype: DType::F32, device: Device::Cpu };
/// let full = |inputs, outputs| LinearConfig {
///     inputs,
///     outputs,
///     weight: Init::Normal(0.5),
///     bias: Init::Constant(0.0),
/// };
/// let layers: Vec<Box<dyn Layer>> = vec![
///     Box::new(Linear::new("ip1", full(2, 8), &setup)?),
///     Box::new(Apl::new("act1", &[8], AplConfig::new(2), &setup)?),
///     Box::new(Linear::new("ip2", full(8, 2), &setup)?),
/// ];
/// let mut network = Chain::new(layers, &[2], DType::F32, &Device::Cpu)?;
///
/// // Exclusive or.
/// let x = Tensor::new(&[[0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &Device::Cpu)?;
/// let labels = Tensor::new(&[0u32, 1, 1, 0], &Device::Cpu)?;
/// let gradient = Tensor::zeros((4, 2), DType::F32, &Device::Cpu)?;
/// let parameters = network.parameters().to_vec();
/// let velocities: Vec<Tensor> =
///     parameters.iter().map(|p| p.value.zeros_like()).collect::<candle_core::Result<_>>()?;
/// let mut losses = Vec::new();
/// for step in 0..100 {
///     let mut context = Context::training(step, streams);
///     let scores = network.forward(&x, &mut context)?;
///     losses.push(Loss::SoftmaxCrossEntropy.evaluate(&scores, &labels, None, Some(&gradient))?);
///     network.backward(&x, &gradient, &mut context)?;
///     let numbers = sgd::Step { rate: 0.1, momentum: 0.9, decay: 0.0 };
///     for (parameter, velocity) in parameters.iter().zip(&velocities) {
///         sgd::step(&parameter.value, &parameter.gradient, velocity, numbers)?;
///     }
/// }
/// assert!(losses[99] < 0.1 * losses[0]);
/// # Ok::<(), apl_core::Error>(())
/// ```
pub struct Chain {
    layers: Vec<Box<dyn Layer>>,
    parameters: Vec<Parameter>,
    input: Vec<usize>,
    shapes: Vec<Vec<usize>>,
    dtype: DType,
    device: Device,
    buffers: Option<Buffers>,
    /// How often memory was made.
    made: u64,
}

/// Memory for up to `capacity` examples, and views of it for the batch at hand.
struct Buffers {
    capacity: usize,
    batch: usize,
    outputs: Vec<Tensor>,
    /// Flat; the gradients of successive layers alternate between the two.
    gradients: [Tensor; 2],
    output_views: Vec<Tensor>,
    gradient_views: Vec<Tensor>,
}

impl Chain {
    /// Puts layers together; `input` is the shape of one example.
    ///
    /// # Errors
    /// A layer that does not fit its predecessor, or a name used twice.
    pub fn new(
        layers: Vec<Box<dyn Layer>>,
        input: &[usize],
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        let mut shapes: Vec<Vec<usize>> = Vec::with_capacity(layers.len());
        let mut names = BTreeSet::new();
        for layer in &layers {
            if !names.insert(layer.name().to_string()) {
                return Err(Error::Setting {
                    place: "chain".into(),
                    found: format!("two layers named `{}`", layer.name()),
                    expected: "a name of its own for every layer".into(),
                });
            }
            let before = shapes.last().map_or(input, Vec::as_slice);
            shapes.push(layer.output_shape(before).map_err(|e| e.in_layer(layer.name()))?);
        }
        if layers.is_empty() {
            return Err(Error::Setting {
                place: "chain".into(),
                found: "no layers".into(),
                expected: "at least one".into(),
            });
        }
        Ok(Self {
            parameters: parameters_of(&layers),
            layers,
            input: input.to_vec(),
            shapes,
            dtype,
            device: device.clone(),
            buffers: None,
            made: 0,
        })
    }

    /// Puts a layer in the place of the one of its name. Activations and gradients are made anew at the next pass, and an optimiser that was made
    /// before holds parameters of the layer that is gone.
    ///
    /// # Errors
    /// A name that no layer has; a layer that does not fit between its neighbours.
    pub fn replace(&mut self, layer: Box<dyn Layer>) -> Result<()> {
        let name = layer.name();
        let Some(place) = self.layers.iter().position(|old| old.name() == name) else {
            return Err(Error::Setting {
                place: "chain".into(),
                found: format!("a layer named `{name}`"),
                expected: "the name of a layer that it has".into(),
            });
        };
        let before = if place == 0 { &self.input } else { &self.shapes[place - 1] };
        let found = layer.output_shape(before).map_err(|error| error.in_layer(name))?;
        if found != self.shapes[place] {
            let expected =
                format!("{:?}, as the layer in whose place it comes", self.shapes[place]);
            return Err(Error::Shape { place: format!("layer {name}: output"), found, expected });
        }
        self.layers[place] = layer;
        self.parameters = parameters_of(&self.layers);
        self.buffers = None;
        self.made += 1;
        Ok(())
    }

    /// Every parameter, in the order of the layers.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The layers in order.
    pub fn layers(&self) -> impl Iterator<Item = &dyn Layer> {
        self.layers.iter().map(AsRef::as_ref)
    }

    /// The shape of one example's output, for every layer.
    pub fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    /// The shape of one example.
    pub fn input_shape(&self) -> &[usize] {
        &self.input
    }

    /// The element type of activations and parameters.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where the chain computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The scores `[N, ...]` of a batch `[N, input shape...]`: a view of the chain's memory, valid until the next pass.
    pub fn forward(&mut self, input: &Tensor, context: &mut Context) -> Result<Tensor> {
        let batch = self.batch_of(input)?;
        self.make_room(batch)?;
        let Some(buffers) = &self.buffers else { return Err(no_forward()) };
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let source = if i == 0 { input } else { &buffers.output_views[i - 1] };
            let target = &buffers.output_views[i];
            if let Some(observer) = context.observer.as_deref_mut() {
                observer.input(layer.as_ref(), source)?;
            }
            let done = if runs_in_place(i, layer.as_ref()) {
                layer.forward_in_place(target, context)
            } else {
                layer.forward(source, target, context)
            };
            done.map_err(|error| error.in_layer(layer.name()))?;
            if let Some(observer) = context.observer.as_deref_mut() {
                observer.output(layer.as_ref(), target)?;
            }
        }
        buffers.output_views.last().cloned().ok_or_else(no_forward)
    }

    /// Fills the gradient of every learned parameter, given the batch of the preceding [`forward`](Self::forward) and the gradient of the loss
    /// by its scores.
    pub fn backward(
        &mut self,
        input: &Tensor,
        gradient: &Tensor,
        context: &mut Context,
    ) -> Result<()> {
        let batch = self.batch_of(input)?;
        let Some(buffers) = &self.buffers else { return Err(no_forward()) };
        if buffers.batch != batch {
            return Err(no_forward());
        }
        let last = self.layers.len() - 1;
        for (i, layer) in self.layers.iter_mut().enumerate().rev() {
            let source = if i == 0 { input } else { &buffers.output_views[i - 1] };
            let output_gradient = if i == last { gradient } else { &buffers.gradient_views[i] };
            let done = if runs_in_place(i, layer.as_ref()) && i != last {
                layer.backward_in_place(&buffers.output_views[i], output_gradient, context)
            } else {
                let input_gradient = if i == 0 { None } else { buffers.gradient_views.get(i - 1) };
                layer.backward(source, output_gradient, input_gradient, context)
            };
            done.map_err(|error| error.in_layer(layer.name()))?;
        }
        Ok(())
    }

    /// A number for the memory of activations and gradients, and for the batch that it is divided for: another whenever they are not the same.
    pub fn memory(&self) -> u64 {
        self.made
    }

    /// The memory the chain holds for activations and gradients, in bytes.
    pub fn buffer_bytes(&self) -> usize {
        let Some(buffers) = &self.buffers else { return 0 };
        let owned = buffers.outputs.iter().enumerate();
        let outputs: usize = owned
            .filter(|(i, _)| !runs_in_place(*i, self.layers[*i].as_ref()))
            .map(|(_, tensor)| tensor.elem_count())
            .sum();
        let gradients: usize = buffers.gradients.iter().map(Tensor::elem_count).sum();
        (outputs + gradients) * self.dtype.size_in_bytes()
    }

    /// What layers with a choice of algorithms compute batches of this size with, by their names.
    pub fn algorithms(&self, batch: usize) -> impl Iterator<Item = (&str, String)> {
        let inputs = std::iter::once(&self.input).chain(&self.shapes);
        self.layers
            .iter()
            .zip(inputs)
            .filter_map(move |(layer, input)| Some((layer.name(), layer.algorithm(batch, input)?)))
    }

    /// The memory the chain will hold for batches of this size, in bytes.
    pub fn bytes_for(&self, batch: usize) -> usize {
        let values = |shape: &Vec<usize>| shape.iter().product::<usize>();
        let owned = self.shapes.iter().enumerate();
        let owned = owned.filter(|(i, _)| !runs_in_place(*i, self.layers[*i].as_ref()));
        let outputs: usize = owned.map(|(_, shape)| values(shape)).sum();
        let largest = self.shapes.iter().map(values).max().unwrap_or(0);
        batch.saturating_mul(outputs + 2 * largest).saturating_mul(self.dtype.size_in_bytes())
    }

    fn batch_of(&self, input: &Tensor) -> Result<usize> {
        match input.dims().split_first() {
            Some((&batch, rest)) if batch > 0 && rest == self.input.as_slice() => {
                if input.dtype() != self.dtype {
                    return Err(Error::DType {
                        place: "chain: input".into(),
                        found: input.dtype(),
                        expected: format!("{:?}", self.dtype),
                    });
                }
                Ok(batch)
            }
            _ => Err(Error::Shape {
                place: "chain: input".into(),
                found: input.dims().to_vec(),
                expected: format!("[N, {}] with N at least 1", join(&self.input)),
            }),
        }
    }

    /// Buffers for at least `batch` examples and views for exactly `batch`. Does nothing when the batch is the last pass's.
    fn make_room(&mut self, batch: usize) -> Result<()> {
        if self.buffers.as_ref().is_some_and(|buffers| buffers.batch == batch) {
            return Ok(());
        }
        self.made += 1;
        let kept = self.buffers.take().filter(|buffers| buffers.capacity >= batch);
        let mut buffers = match kept {
            Some(buffers) => buffers,
            None => self.allocate(batch)?,
        };
        buffers.batch = batch;
        buffers.output_views = (buffers.outputs.iter())
            .map(|output| Ok(output.narrow(0, 0, batch)?))
            .collect::<Result<_>>()?;
        buffers.gradient_views.clear();
        let mut slot = 0;
        for (i, shape) in self.shapes.iter().enumerate() {
            if !runs_in_place(i, self.layers[i].as_ref()) {
                slot = 1 - slot;
            }
            let count = batch * shape.iter().product::<usize>();
            let dims: Vec<usize> = std::iter::once(batch).chain(shape.iter().copied()).collect();
            let view = buffers.gradients[slot].narrow(0, 0, count)?.reshape(dims)?;
            buffers.gradient_views.push(view);
        }
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let before = if i == 0 { &self.input } else { &self.shapes[i - 1] };
            layer
                .prepare(batch, before, self.dtype, &self.device)
                .map_err(|error| error.in_layer(layer.name()))?;
        }
        self.buffers = Some(buffers);
        Ok(())
    }

    fn allocate(&self, capacity: usize) -> Result<Buffers> {
        let mut outputs: Vec<Tensor> = Vec::with_capacity(self.layers.len());
        for (i, shape) in self.shapes.iter().enumerate() {
            let shared = outputs.last().filter(|_| runs_in_place(i, self.layers[i].as_ref()));
            let dims: Vec<usize> = std::iter::once(capacity).chain(shape.iter().copied()).collect();
            check::count("chain: activations", &dims)?;
            let output = match shared {
                Some(previous) => previous.clone(),
                None => Tensor::zeros(dims, self.dtype, &self.device)?,
            };
            outputs.push(output);
        }
        let largest = self.shapes.iter().map(|shape| shape.iter().product::<usize>()).max();
        let gradient = || Tensor::zeros(capacity * largest.unwrap_or(0), self.dtype, &self.device);
        Ok(Buffers {
            capacity,
            batch: 0,
            outputs,
            gradients: [gradient()?, gradient()?],
            output_views: Vec::new(),
            gradient_views: Vec::new(),
        })
    }
}

fn parameters_of(layers: &[Box<dyn Layer>]) -> Vec<Parameter> {
    layers.iter().flat_map(|layer| layer.parameters().to_vec()).collect()
}

/// The first layer never overwrites the caller's input.
fn runs_in_place(index: usize, layer: &dyn Layer) -> bool {
    index > 0 && layer.in_place()
}

fn no_forward() -> Error {
    Error::Setting {
        place: "chain".into(),
        found: "a backward pass".into(),
        expected: "a forward pass of the same batch before it".into(),
    }
}

fn join(dims: &[usize]) -> String {
    dims.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
