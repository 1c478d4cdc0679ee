//! Dropout on a GPU: the CPU's masks to the bit.

use candle_core::DType;

use super::Mask;
use crate::{
    Result,
    ops::cuda::{Address, Argument, Kernel, Machine, Program, for_each, packs},
};

static KERNELS: Program = Program { name: "dropout", source: include_str!("kernels.cu") };

/// Writes what is kept, scaled, into `y`, which may be `x`; at the step of the dials, where there are any.
pub(super) fn apply(
    machine: &dyn Machine,
    [x, y, dials]: [Address; 3],
    mask: Mask,
    count: usize,
    real: DType,
) -> Result<()> {
    let (width, _) = packs(count, &[x, y], real);
    let constants = vec![("WIDTH", width as i64)];
    let kernel = Kernel { program: &KERNELS, real, constants, function: "apply" };
    let arguments = vec![
        x.into(),
        y.into(),
        Argument::Long(count as i64),
        Argument::Word(mask.key[0]),
        Argument::Word(mask.key[1]),
        dials.into(),
        Argument::Word(mask.step as u32),
        Argument::Word((mask.step >> 32) as u32),
        Argument::Word(mask.threshold.into()),
        Argument::Real(mask.scale()),
    ];
    for_each(machine, count.div_ceil(4), kernel, arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            cuda::emulator::Emulator,
            dials::Dials,
            dropout,
            testing::{assert_close, normal},
        },
        random::Streams,
    };

    #[test]
    fn masks_are_the_cpus() {
        let Some(machine) = Emulator::new() else { return };
        for (count, rate, dtype) in
            [(4096, 0.5, DType::F32), (1003, 0.25, DType::F32), (37, 0.9, DType::F64)]
        {
            let mask = Mask::new(rate, Streams::new(5), 2, 0x0001_0203_0405).unwrap();
            let x = normal("x", &[count], dtype);
            let [y, expected] = [(); 2].map(|()| x.zeros_like().unwrap());
            let dials = Dials::new(x.device()).unwrap();
            dials.set(0x0001_0203_0405, 0.0, 0.0).unwrap();
            let earlier = Mask::new(rate, Streams::new(5), 2, 7).unwrap();
            dropout::forward(&x, mask, &expected).unwrap();
            for (mask, dials) in [(mask, None), (earlier, Some(dials.words()))] {
                let tensors = [Some(&x), Some(&y), dials];
                machine.run(tensors, |m, at| apply(m, at, mask, count, dtype));
                assert_close("dropout", &y, &expected, 0.0);
            }
        }
    }
}
