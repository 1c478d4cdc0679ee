//! Crops on a GPU: a thread a pixel, each of which draws the numbers of its image.

use candle_core::DType;

use super::{Draw, Size};
use crate::{
    Result,
    ops::cuda::{Address, Argument, Kernel, Machine, Program, for_each, int},
};

static KERNELS: Program = Program { name: "crops", source: include_str!("kernels.cu") };

/// What is stored and what becomes of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values {
    pub bytes: bool,
    pub scale: f64,
    pub real: DType,
}

/// Fills a batch and its labels.
pub(super) fn fill(
    machine: &dyn Machine,
    [images, stored, mean, indices, to, labels]: [Address; 6],
    size: Size,
    draw: Option<Draw>,
    values: Values,
) -> Result<()> {
    let count = size.batch * size.values();
    let padding = draw.map_or(0, |draw| draw.padding);
    let constants = vec![("BYTES", i64::from(values.bytes)), ("PADDING", padding as i64)];
    let kernel = Kernel { program: &KERNELS, real: values.real, constants, function: "crop" };
    let Draw { key, epoch, .. } = draw.unwrap_or(Draw { key: [0; 2], epoch: 0, padding });
    let arguments = vec![
        images.into(),
        stored.into(),
        mean.into(),
        Argument::Real(values.scale),
        indices.into(),
        to.into(),
        labels.into(),
        Argument::Long(count as i64),
        int(size.channels)?,
        int(size.height)?,
        int(size.width)?,
        Argument::Int(i32::from(draw.is_some())),
        Argument::Word(key[0]),
        Argument::Word(key[1]),
        Argument::Word(epoch),
    ];
    for_each(machine, count, kernel, arguments)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::{
        ops::{
            crops::{self, Images},
            cuda::emulator::{self, Emulator},
            testing::{assert_close, normal},
        },
        random::{Purpose, Streams},
    };

    #[test]
    fn kernels_agree_with_the_cpu_to_the_bit() {
        let Some(machine) = Emulator::new() else { return };
        let machine: std::rc::Rc<dyn Machine> = std::rc::Rc::new(machine);
        let dims = [7, 3, 6, 5];
        let bytes: Vec<u8> = (0..7 * 90).map(|i| (i * 37 % 251) as u8).collect();
        let bytes = Tensor::from_vec(bytes, &dims, &Device::Cpu).unwrap();
        let labels = Tensor::new(&[4u32, 1, 0, 2, 3, 9, 8], &Device::Cpu).unwrap();
        let indices = Tensor::new(&[6u32, 0, 3, 3, 5], &Device::Cpu).unwrap();
        let key = Streams::new(9).key(Purpose::Augment, 0);
        for dtype in [DType::F32, DType::F64] {
            let mean = normal("mean", &dims[1..], dtype);
            let floats = normal("images", &dims, DType::F32);
            let stored = [(bytes.clone(), Some((mean, 0.015625))), (floats, None)];
            for (values, mean) in stored {
                let images = Images { values, labels: labels.clone(), mean };
                for draw in [None, Some(Draw { key, epoch: 3, padding: 4 })] {
                    let batch = || {
                        let x = Tensor::zeros((5, 3, 6, 5), dtype, &Device::Cpu).unwrap();
                        let labels = indices.zeros_like().unwrap();
                        crops::fill(&images, &indices, draw, &x, &labels).unwrap();
                        [x, labels]
                    };
                    let (found, expected) = (emulator::with(machine.clone(), batch), batch());
                    assert_close("batch", &found[0], &expected[0], 0.0);
                    assert_close("labels", &found[1], &expected[1], 0.0);
                }
            }
        }
    }
}
