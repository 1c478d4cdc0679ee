//! The convolutional network of tables 1 and 3.

use apl_core::{
    Result,
    nn::{ActivationConfig, Chain, Init, Pool, Setup},
    ops::{pool, pool::Kind},
};

use super::{CnnConfig, INPUT, SecondPool, WeightInit, builder::Builder, check_classes};

const KERNEL: usize = 5;
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
/// use apl_vision::network::{CnnConfig, cnn};
/// use candle_core::{DType, Device};
///
/// let config = CnnConfig { widths: [8, 8, 16], hidden: [32, 32], ..Default::default() };
/// let setup = Setup { streams: Streams::new(1), dtype: DType::F32, device: Device::Cpu };
/// let network = cnn(&config, 10, &ActivationConfig::Apl(AplConfig::CIFAR10_CNN), &setup)?;
/// assert_eq!(network.shapes().last(), Some(&vec![10]));
/// # Ok::<(), apl_core::Error>(())
/// ```
///
/// # Errors
/// What [`CnnConfig::check`] refuses, no classes, a setting of the activation out of its range.
pub fn cnn(
    config: &CnnConfig,
    classes: usize,
    activation: &ActivationConfig,
    setup: &Setup,
) -> Result<Chain> {
    config.check()?;
    check_classes("cnn", classes)?;
    let mut builder = Builder::new(activation, setup, config.convolution);
    let weight = |authors: f64, inputs: usize| match config.init {
        WeightInit::Authors => Init::Normal(authors),
        WeightInit::He => Init::he(inputs),
    };
    let rates = config.dropout;
    let second = match config.second_pool {
        SecondPool::Average => Kind::Average,
        SecondPool::Max => Kind::Max,
    };
    let blocks = [(Kind::Max, rates.pool), (second, rates.pool), (Kind::Average, rates.last_pool)];
    for (i, (&width, (pool, rate))) in config.widths.iter().zip(blocks).enumerate() {
        let block = i + 1;
        let authors = if i == 0 { 0.0001 } else { 0.01 };
        let weight = weight(authors, builder.channels() * KERNEL * KERNEL);
        builder.convolution(&format!("conv{block}"), width, KERNEL, weight)?;
        builder.activation(&format!("act{block}"))?;
        builder.dropout(&format!("drop{block}"), rates.conv, 2 * i)?;
        builder.push(Box::new(Pool::new(&format!("pool{block}"), pool, POOL)))?;
        builder.dropout(&format!("drop-pool{block}"), rate, 2 * i + 1)?;
    }
    for (i, &units) in config.hidden.iter().enumerate() {
        let weight = weight(0.01, builder.inputs());
        builder.linear(&format!("ip{}", i + 1), units, weight)?;
        builder.activation(&format!("act{}", i + 4))?;
        builder.dropout(&format!("drop{}", i + 4), rates.hidden, i + 6)?;
    }
    builder.linear("ip3", classes, Init::Normal(0.01))?;
    Chain::new(builder.layers, &INPUT, setup.dtype, &setup.device)
}
