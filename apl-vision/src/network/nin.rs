//! The network in network of table 1.

use apl_core::{
    Result,
    nn::{ActivationConfig, Chain, Flatten, Init, Pool, Setup},
    ops::{pool, pool::Kind},
};

use super::{INPUT, NinConfig, WeightInit, builder::Builder, check_classes};

const POOL: pool::Config = pool::Config { kernel: 3, stride: 2, padding: 0 };
/// The whole of what two poolings leave of an image.
const LAST_POOL: pool::Config = pool::Config { kernel: 8, stride: 1, padding: 0 };

/// The paper's NIN (as in the authors' release, after Lin et al. 2013): three blocks of a convolution and two of 1 by 1, an activation after each of
/// the nine, the last one included, which gives the classes' maps whose means are the scores.
///
/// | layers | what | output, at the paper's widths | dropout |
/// |---|---|---|---|
/// | `conv1` `act1` | 5x5, padding 2 | `[192, 32, 32]` | |
/// | `cccp1` `act2` | 1x1 | `[160, 32, 32]` | |
/// | `cccp2` `act3` | 1x1 | `[96, 32, 32]` | |
/// | `pool1` `drop-pool1` | maximum, 3x3, stride 2 | `[96, 16, 16]` | 0: `pool` |
/// | `conv2` `act4` | 5x5, padding 2 | `[192, 16, 16]` | |
/// | `cccp3` `act5` | 1x1 | `[192, 16, 16]` | |
/// | `cccp4` `act6` | 1x1 | `[192, 16, 16]` | |
/// | `pool2` `drop-pool2` | average, 3x3, stride 2 | `[192, 8, 8]` | 1: `pool` |
/// | `conv3` `act7` | 3x3, padding 1 | `[192, 8, 8]` | |
/// | `cccp5` `act8` | 1x1 | `[192, 8, 8]` | |
/// | `cccp6` `act9` | 1x1 | `[classes, 8, 8]` | |
/// | `pool3` `scores` | average, 8x8, flattened | `[classes]` | |
///
/// The number of a dropout layer selects its masks, as in [`cnn`](super::cnn()).
///
/// # Shapes
/// - input: `[N, 3, 32, 32]`, see [`INPUT`]
/// - scores: `[N, classes]`
///
/// ```
/// use apl_core::{nn::{ActivationConfig, Setup}, random::Streams};
/// use apl_vision::network::{NinConfig, nin};
/// use candle_core::{DType, Device};
///
/// let config = NinConfig { widths: [8; 8], ..Default::default() };
/// let setup = Setup { streams: Streams::new(1), dtype: DType::F32, device: Device::Cpu };
/// let network = nin(&config, 10, &ActivationConfig::Relu, &setup)?;
/// assert_eq!(network.shapes().last(), Some(&vec![10]));
/// # Ok::<(), apl_core::Error>(())
/// ```
///
/// # Errors
/// What [`NinConfig::check`] refuses, no classes, a setting of the activation out of its range.
pub fn nin(
    config: &NinConfig,
    classes: usize,
    activation: &ActivationConfig,
    setup: &Setup,
) -> Result<Chain> {
    config.check()?;
    check_classes("nin", classes)?;
    let mut builder = Builder::new(activation, setup, config.convolution);
    let [conv1, cccp1, cccp2, conv2, cccp3, cccp4, conv3, cccp5] = config.widths;
    let blocks = [
        [("conv1", 5, conv1), ("cccp1", 1, cccp1), ("cccp2", 1, cccp2)],
        [("conv2", 5, conv2), ("cccp3", 1, cccp3), ("cccp4", 1, cccp4)],
        [("conv3", 3, conv3), ("cccp5", 1, cccp5), ("cccp6", 1, classes)],
    ];
    for (i, block) in blocks.into_iter().enumerate() {
        for (j, (name, kernel, width)) in block.into_iter().enumerate() {
            let weight = match config.init {
                WeightInit::Authors => Init::Normal(0.05),
                WeightInit::He => Init::he(builder.channels() * kernel * kernel),
            };
            builder.convolution(name, width, kernel, weight)?;
            builder.activation(&format!("act{}", 3 * i + j + 1))?;
        }
        let (kind, window) = match i {
            0 => (Kind::Max, POOL),
            1 => (Kind::Average, POOL),
            _ => (Kind::Average, LAST_POOL),
        };
        let number = i + 1;
        builder.push(Box::new(Pool::new(&format!("pool{number}"), kind, window)))?;
        if number < 3 {
            builder.dropout(&format!("drop-pool{number}"), config.pool_dropout, i)?;
        }
    }
    builder.push(Box::new(Flatten::new("scores")))?;
    Chain::new(builder.layers, &INPUT, setup.dtype, &setup.device)
}
