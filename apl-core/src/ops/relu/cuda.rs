//! ReLU on a GPU, four values a thread where they lie so.

use candle_core::DType;

use crate::{
    Result,
    ops::cuda::{Address, Argument, Kernel, Machine, Program, for_each, packs},
};

static KERNELS: Program = Program { name: "relu", source: include_str!("kernels.cu") };

fn launch(
    machine: &dyn Machine,
    function: &'static str,
    addresses: &[Address],
    slope: f64,
    count: usize,
    real: DType,
) -> Result<()> {
    let (width, packs) = packs(count, addresses, real);
    let constants = vec![("WIDTH", width as i64)];
    let kernel = Kernel { program: &KERNELS, real, constants, function };
    let mut arguments: Vec<Argument> = addresses.iter().map(|&at| at.into()).collect();
    arguments.extend([Argument::Real(slope), Argument::Long(packs as i64)]);
    for_each(machine, packs, kernel, arguments)
}

/// Writes the values into `y`, which may be `x`.
pub(super) fn forward(
    machine: &dyn Machine,
    [x, y]: [Address; 2],
    slope: f64,
    count: usize,
    real: DType,
) -> Result<()> {
    launch(machine, "forward", &[x, y], slope, count, real)
}

/// Writes the gradient by `x` into `dx`, which may be `g`.
pub(super) fn backward(
    machine: &dyn Machine,
    [x, g, dx]: [Address; 3],
    slope: f64,
    count: usize,
    real: DType,
) -> Result<()> {
    launch(machine, "backward", &[x, g, dx], slope, count, real)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{
        cuda::emulator::Emulator,
        relu,
        testing::{assert_close, normal},
    };

    #[test]
    fn kernels_agree_with_the_cpu() {
        let Some(machine) = Emulator::new() else { return };
        for (count, slope, dtype) in
            [(1024, 0.0, DType::F32), (1027, 0.01, DType::F32), (3, -0.5, DType::F64)]
        {
            let (x, g) = (normal("x", &[count], dtype), normal("g", &[count], dtype));
            let [y, dx, ey, edx] = [(); 4].map(|()| x.zeros_like().unwrap());
            machine.run([&x, &y].map(Some), |m, at| forward(m, at, slope, count, dtype));
            machine.run([&x, &g, &dx].map(Some), |m, at| backward(m, at, slope, count, dtype));
            relu::forward(&x, slope, &ey).unwrap();
            relu::backward(&x, slope, &g, &edx).unwrap();
            assert_close("y", &y, &ey, 0.0);
            assert_close("dx", &dx, &edx, 0.0);
            machine.run([&g].map(Some), |m, [g]| forward(m, [g, g], slope, count, dtype));
        }
    }
}
