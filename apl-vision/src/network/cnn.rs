//! The convolutional network of tables 1 and 3.

use apl_core::{
    Error, Result,
    nn::{
        ActivationConfig, Chain, Conv2d, Conv2dConfig, Dropout, Init, Layer, Linear, LinearConfig,
        Pool, Setup,
    },
    ops::{conv2d, pool, pool::Kind},
};

use super::{NetworkConfig, SecondPool, WeightInit};

/// The shape of one example: red, green and blue, 32 by 32 pixels.
pub const INPUT: [usize; 3] = [3, 32, 32];

const KERNEL: usize = 5;
const WINDOW: conv2d::Config = conv2d::Config { stride: 1, padding: 2 };
const POOL: pool::Config = pool::Config { kernel: 3, stride: 2, padding: 0 };

/// The paper's CNN (as in the authors' release): three blocks of convolution, activation, dropout, pooling, dropout; then two hidden layers of
/// linear, activation, dropout; then the scores.
///
/// | layers | what | output, at the paper's widths | dropout |
/// |---|---|---|---|
/// | `conv1` `act1` `drop1` | 5x5, padding 2 | `[96, 32, 32]` | 0: `conv` |
/// | `pool1` `drop-pool1` | maximum, 3x3, stride 2 | `[96, 16, 16]` | 1: `pool` |
/// | `conv2` `act2` `drop2` | 5x5, padding 2 | `[128, 16, 16]` | 2: `conv` |
/// | `pool2` `drop-pool2` | `second-pool`, 3x3, stride 2 | `[128, 8, 8]` | 3: `pool` |
/// | `conv3` `act3` `drop3` | 5x5, padding 2 | `[256, 8, 8]` | 4: `conv` |
/// | `pool3` `drop-pool3` | average, 3x3, stride 2 | `[256, 4, 4]` | 5: `last-pool` |
/// | `ip1` `act4` `drop4` | fully connected | `[2048]` | 6: `hidden` |
/// | `ip2` `act5` `drop5` | fully connected | `[2048]` | 7: `hidden` |
/// | `ip3` | fully connected | `[classes]` | |
///
/// Pooling rounds sizes up, as Caffe does. The number of a dropout layer, counted from 0 in this order, selects its masks together with the seed and the
/// step (see [`apl_core::random`]). A rate of 0 leaves its layers out, and the numbers of the others stay.
///
/// # Shapes
/// - input: `[N, 3, 32, 32]`, see [`INPUT`]
/// - scores: `[N, classes]`
///
/// ```
/// use apl_core::{
///     activation::AplConfig,
///     nn::{ActivationConfig, Setup},
///     random::Streams,
/// };
/// use apl_vision::network::{NetworkConfig, cnn};
/// use candle_core::{DType, Device};
///
/// let config = NetworkConfig { widths: [8, 8, 16], hidden: [32, 32], ..Default::default() };
/// let setup = Setup { streams: Streams::new(1), dtype: DType::F32, device: Device::Cpu };
/// let network = cnn(&config, 10, &ActivationConfig::Apl(AplConfig::CIFAR10_CNN), &setup)?;
/// assert_eq!(network.shapes().last(), Some(&vec![10]));
/// # Ok::<(), apl_core::Error>(())
/// ```
///
/// # Errors
/// What [`NetworkConfig::check`] refuses, no classes, a setting of the activation out of its range.
pub fn cnn(
    config: &NetworkConfig,
    classes: usize,
    activation: &ActivationConfig,
    setup: &Setup,
) -> Result<Chain> {
    config.check()?;
    if classes == 0 {
        return Err(Error::Setting {
            place: "cnn: classes".into(),
            found: "0".into(),
            expected: "at least 1".into(),
        });
    }
    let mut builder =
        Builder { layers: Vec::new(), shape: INPUT.to_vec(), config, activation, setup };
    let rates = config.dropout;
    let second = match config.second_pool {
        SecondPool::Average => Kind::Average,
        SecondPool::Max => Kind::Max,
    };
    let blocks = [(Kind::Max, rates.pool), (second, rates.pool), (Kind::Average, rates.last_pool)];
    for (i, (&width, (pool, rate))) in config.widths.iter().zip(blocks).enumerate() {
        let block = i + 1;
        builder.convolution(&format!("conv{block}"), width)?;
        builder.activation(&format!("act{block}"))?;
        builder.dropout(&format!("drop{block}"), rates.conv, 2 * i)?;
        builder.push(Box::new(Pool::new(&format!("pool{block}"), pool, POOL)))?;
        builder.dropout(&format!("drop-pool{block}"), rate, 2 * i + 1)?;
    }
    for (i, &units) in config.hidden.iter().enumerate() {
        let weight = builder.weight(builder.inputs());
        builder.linear(&format!("ip{}", i + 1), units, weight)?;
        builder.activation(&format!("act{}", i + 4))?;
        builder.dropout(&format!("drop{}", i + 4), rates.hidden, i + 6)?;
    }
    builder.linear("ip3", classes, Init::Normal(0.01))?;
    Chain::new(builder.layers, &INPUT, setup.dtype, &setup.device)
}

/// Layers so far, and the shape of one example behind them.
struct Builder<'a> {
    layers: Vec<Box<dyn Layer>>,
    shape: Vec<usize>,
    config: &'a NetworkConfig,
    activation: &'a ActivationConfig,
    setup: &'a Setup,
}

impl Builder<'_> {
    fn push(&mut self, layer: Box<dyn Layer>) -> Result<()> {
        self.shape =
            layer.output_shape(&self.shape).map_err(|error| error.in_layer(layer.name()))?;
        self.layers.push(layer);
        Ok(())
    }

    fn convolution(&mut self, name: &str, outputs: usize) -> Result<()> {
        let inputs = self.shape[0];
        let weight = self.weight(inputs * KERNEL * KERNEL);
        let bias = Init::Constant(0.0);
        let config = Conv2dConfig { inputs, outputs, kernel: KERNEL, window: WINDOW, weight, bias };
        self.push(Box::new(Conv2d::new(name, config, self.setup)?))
    }

    fn linear(&mut self, name: &str, outputs: usize, weight: Init) -> Result<()> {
        let (inputs, bias) = (self.inputs(), Init::Constant(0.0));
        let config = LinearConfig { inputs, outputs, weight, bias };
        self.push(Box::new(Linear::new(name, config, self.setup)?))
    }

    /// Inputs of a unit that is connected to all that came before.
    fn inputs(&self) -> usize {
        self.shape.iter().product()
    }

    fn activation(&mut self, name: &str) -> Result<()> {
        let layer = self.activation.layer(name, &self.shape, self.setup);
        self.push(layer.map_err(|error| error.in_layer(name))?)
    }

    fn dropout(&mut self, name: &str, rate: f64, number: usize) -> Result<()> {
        if rate == 0.0 {
            return Ok(());
        }
        self.push(Box::new(Dropout::new(name, rate, number as u32)?))
    }

    /// The initial weights of a layer, but the last, each of whose units has so many inputs.
    fn weight(&self, inputs: usize) -> Init {
        match self.config.init {
            WeightInit::Authors if self.layers.is_empty() => Init::Normal(0.0001),
            WeightInit::Authors => Init::Normal(0.01),
            WeightInit::He => Init::Normal((2.0 / inputs as f64).sqrt()),
        }
    }
}
