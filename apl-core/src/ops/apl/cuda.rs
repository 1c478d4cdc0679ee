//! The activation on a GPU: one pass over the values either way. Where every unit has parameters of its own, a thread keeps those of a few units in
//! registers and goes through examples, and a block adds up what its threads say; where positions share them, a block adds up what its values say. The
//! sums of several blocks are added in order.

use candle_core::DType;

use super::cpu::Size;
use crate::{
    Result,
    ops::cuda::{
        Address, Argument, BLOCK, Kernel, Launch, Machine, Program, for_each, grid, int, long,
    },
};

pub(super) static KERNELS: Program = Program { name: "apl", source: include_str!("kernels.cu") };

/// Blocks that keep a large GPU busy; a matter of shapes alone, so that results do not depend on the GPU.
const BUSY: usize = 512;
/// Units that a block takes; fewer where there are few.
const UNITS: usize = 128;
/// Where there are not packs enough for [`BUSY`] blocks of less.
const FEW: usize = 8;
/// A warp's.
const LEAST: usize = 32;
/// Units that a thread may take at a time.
const WIDTHS: [usize; 2] = [4, 2];
/// Hinges of units that a thread takes at a time: of each it keeps two parameters and two sums, and blocks find room beside each other.
const HELD: usize = 10;
/// Values of a group that one block takes at least.
const SPAN: usize = 4096;

/// What is read: values, slopes, offsets.
#[derive(Clone, Copy)]
pub(super) struct Inputs {
    pub x: Address,
    pub slopes: Address,
    pub offsets: Address,
}

/// Gradients by the values, the slopes and the offsets; the last two together or not at all.
#[derive(Clone, Copy)]
pub(super) struct Gradients {
    pub x: Address,
    pub slopes: Address,
    pub offsets: Address,
}

/// A kernel for so many values, whose gradients are wanted or not.
fn kernel(
    function: &'static str,
    [width, lanes]: [usize; 2],
    by_input: bool,
    size: Size,
    real: DType,
) -> Kernel {
    let constants = vec![
        ("HINGES", size.hinges as i64),
        ("WIDTH", width as i64),
        ("BLOCK", i64::from(BLOCK)),
        ("LANES", lanes as i64),
        ("BY_INPUT", i64::from(by_input)),
        long(size.batch * size.groups * size.positions),
    ];
    Kernel { program: &KERNELS, real, constants, function }
}

/// A kernel that divides no units among threads.
fn plain(function: &'static str, size: Size, real: DType) -> Kernel {
    kernel(function, [1, LEAST], true, size, real)
}

/// How units are divided among threads.
struct Units {
    width: usize,
    lanes: usize,
    packs: usize,
    /// Examples that a block goes through, and how many blocks share a unit.
    rows: usize,
    chunks: usize,
}

impl Units {
    /// A thread goes through at least so many examples.
    fn of(size: Size, real: DType, addresses: &[Address], least: usize) -> Self {
        let suits = |&width: &usize| {
            size.groups.is_multiple_of(width)
                && addresses.iter().all(|address| address.fits(width, real))
                && size.hinges * width * real.size_in_bytes() <= 4 * HELD
                && size.groups / (width * LEAST) >= BUSY / 2
        };
        let width = WIDTHS.into_iter().find(suits).unwrap_or(1);
        let packs = size.groups / width;
        let mut lanes = UNITS / width;
        while lanes > LEAST && packs / lanes < BUSY / 2 {
            lanes /= 2;
        }
        if packs / lanes < BUSY / 4 {
            lanes = FEW;
        }
        let most = (size.batch / (least * BLOCK as usize / lanes)).max(1);
        let wanted = (BUSY / packs.div_ceil(lanes)).clamp(1, most);
        let rows = size.batch.div_ceil(wanted);
        Self { width, lanes, packs, rows, chunks: size.batch.div_ceil(rows) }
    }

    fn kernel(&self, function: &'static str, by_input: bool, size: Size, real: DType) -> Kernel {
        kernel(function, [self.width, self.lanes], by_input, size, real)
    }

    fn grid(&self) -> Result<[u32; 2]> {
        Ok([grid(self.packs.div_ceil(self.lanes))?, self.chunks as u32])
    }
}

/// How the values of a group are divided among blocks.
struct Groups {
    values: usize,
    span: usize,
    chunks: usize,
}

impl Groups {
    fn of(size: Size) -> Self {
        let values = size.batch * size.positions;
        let wanted = BUSY.div_ceil(size.groups).max(1);
        let span = values.div_ceil(wanted).max(SPAN);
        Self { values, span, chunks: values.div_ceil(span) }
    }

    fn sizes(&self, size: Size) -> Result<[Argument; 4]> {
        let (values, span) = (Argument::Long(self.values as i64), Argument::Long(self.span as i64));
        Ok([int(size.groups)?, int(size.positions)?, values, span])
    }

    fn grid(&self, size: Size) -> [u32; 2] {
        [self.chunks as u32, size.groups as u32]
    }
}

/// Writes `h(x)` into `y`.
pub(super) fn forward(
    machine: &dyn Machine,
    inputs: Inputs,
    y: Address,
    size: Size,
    real: DType,
) -> Result<()> {
    let Inputs { x, slopes, offsets } = inputs;
    let mut arguments: Vec<Argument> = [x, slopes, offsets, y].map(Argument::from).to_vec();
    if size.positions > 1 {
        let groups = Groups::of(size);
        arguments.extend(groups.sizes(size)?);
        let kernel = plain("forward_groups", size, real);
        return machine.launch(&Launch {
            kernel,
            grid: groups.grid(size),
            block: BLOCK,
            arguments,
        });
    }
    let units = Units::of(size, real, &[x, slopes, offsets, y], 4);
    arguments.extend([int(units.packs)?, int(size.batch)?, int(units.rows)?]);
    let kernel = units.kernel("forward_units", true, size, real);
    machine.launch(&Launch { kernel, grid: units.grid()?, block: BLOCK, arguments })
}

/// Writes the gradients that are asked for.
pub(super) fn backward(
    machine: &dyn Machine,
    inputs: Inputs,
    g: Address,
    to: Gradients,
    size: Size,
    real: DType,
) -> Result<()> {
    let Inputs { x, slopes, offsets } = inputs;
    let count = size.hinges * size.groups;
    let parameters = to.slopes != Address::NONE;
    let shared = size.positions > 1;
    let groups = Groups::of(size);
    let addresses = [x, slopes, offsets, g, to.x, to.slopes, to.offsets];
    let units = Units::of(size, real, &addresses, 8);
    let chunks = if shared { groups.chunks } else { units.chunks };
    // Several chunks are summed afterwards, one goes where it belongs.
    let parts = match parameters && chunks > 1 {
        true => {
            let scratch = machine.scratch(2 * chunks * count, real)?;
            [scratch, scratch.plus(chunks * count, real)]
        }
        false => [to.slopes, to.offsets],
    };
    let mut arguments: Vec<Argument> =
        [x, slopes, offsets, g, to.x, parts[0], parts[1]].map(Argument::from).to_vec();
    let (kernel, grid) = if shared {
        arguments.extend(groups.sizes(size)?);
        (plain("backward_groups", size, real), groups.grid(size))
    } else {
        arguments.extend([int(units.packs)?, int(size.batch)?, int(units.rows)?]);
        let by_input = to.x != Address::NONE;
        (units.kernel("backward_units", by_input, size, real), units.grid()?)
    };
    machine.launch(&Launch { kernel, grid, block: BLOCK, arguments })?;
    if !parameters || chunks == 1 {
        return Ok(());
    }
    let kernel = plain("add_chunks", size, real);
    let [sum_a, sum_b] = [to.slopes, to.offsets].map(Argument::from);
    let arguments = vec![parts[0].into(), sum_a, sum_b, int(count)?, int(chunks)?];
    for_each(machine, 2 * count, kernel, arguments)
}

#[cfg(test)]
mod tests {
    use candle_core::Tensor;

    use super::*;
    use crate::{
        activation::Sharing,
        ops::{
            apl,
            cuda::emulator::Emulator,
            testing::{assert_close, normal, values},
        },
    };

    /// Against the CPU's operation, which is proved against differences.
    fn check(dims: &[usize], hinges: usize, sharing: Sharing, dtype: DType, tolerance: f64) {
        let Some(machine) = Emulator::new() else { return };
        let shape = [&[hinges][..], sharing.parameter_shape(&dims[1..])].concat();
        let (x, g) = (normal("x", dims, dtype), normal("g", dims, dtype));
        let (a, b) = (normal("a", &shape, dtype), normal("b", &shape, dtype));
        let size = apl::size(dims, &a, &b, sharing).unwrap();
        let what = |part: &str| format!("{part} of {dims:?}, S = {hinges}, {sharing:?}");

        let (y, expected) = (x.zeros_like().unwrap(), x.zeros_like().unwrap());
        machine.run([&x, &a, &b, &y].map(Some), |machine, [x, slopes, offsets, y]| {
            forward(machine, Inputs { x, slopes, offsets }, y, size, dtype)
        });
        apl::forward(&x, &a, &b, sharing, &expected).unwrap();
        assert_close(&what("h(x)"), &y, &expected, tolerance);

        let like = |tensors: [&Tensor; 3]| tensors.map(|t| t.zeros_like().unwrap());
        let [ex, ea, eb] = like([&x, &a, &b]);
        apl::backward(&x, &a, &b, sharing, &g, Some(&ex), Some((&ea, &eb))).unwrap();
        for [with_x, with_parameters] in [[true, true], [true, false], [false, true]] {
            let [dx, da, db] = like([&x, &a, &b]);
            let to_x = with_x.then_some(&dx);
            let [to_a, to_b] = [&da, &db].map(|tensor| with_parameters.then_some(tensor));
            let tensors = [Some(&x), Some(&a), Some(&b), Some(&g), to_x, to_a, to_b];
            machine.run(tensors, |machine, [x, slopes, offsets, g, dx, da, db]| {
                let to = Gradients { x: dx, slopes: da, offsets: db };
                backward(machine, Inputs { x, slopes, offsets }, g, to, size, dtype)
            });
            if with_x {
                assert_close(&what("dx"), &dx, &ex, tolerance);
            }
            if with_parameters {
                assert_close(&what("da"), &da, &ea, tolerance);
                assert_close(&what("db"), &db, &eb, tolerance);
            }
        }
    }

    /// One chunk of the batch and several, single units and packs, more threads than units.
    #[test]
    fn units_of_their_own_agree_with_the_cpu() {
        for (dims, hinges) in [
            (&[3, 8][..], 1),
            (&[9, 274], 2),
            (&[170, 3, 5, 5], 5),
            (&[300, 40], 2),
            (&[5, 12], 10),
            (&[5, 40], 32),
            (&[520, 12], 2),
            (&[2, 16384], 2),
            (&[3, 32768], 1),
        ] {
            check(dims, hinges, Sharing::Unit, DType::F64, 1e-12);
        }
        // The packs that the paper's networks have.
        for (dims, hinges) in [
            (&[33, 260][..], 5),
            (&[3, 32768], 1),
            (&[19, 32768], 2),
            (&[5, 16384], 5),
            (&[35, 16384], 10),
        ] {
            check(dims, hinges, Sharing::Unit, DType::F32, 2e-5);
        }
    }

    #[test]
    fn shared_parameters_agree_with_the_cpu() {
        for (dims, hinges, sharing) in [
            (&[2, 3, 5, 1][..], 1, Sharing::Channel),
            (&[7, 2, 70, 10], 2, Sharing::Channel),
            (&[3, 1, 64, 64], 3, Sharing::Layer),
            (&[2, 5, 3, 3], 40, Sharing::Channel),
        ] {
            check(dims, hinges, sharing, DType::F64, 1e-12);
        }
        check(&[7, 2, 130, 10], 5, Sharing::Channel, DType::F32, 2e-5);
    }

    #[test]
    fn what_is_no_number_stays_so() {
        let Some(machine) = Emulator::new() else { return };
        let x = (normal("x", &[1, 4], DType::F32) * f64::NAN).unwrap();
        let a = normal("a", &[1, 4], DType::F32);
        let y = x.zeros_like().unwrap();
        let size = apl::size(&[1, 4], &a, &a, Sharing::Unit).unwrap();
        machine.run([&x, &a, &y].map(Some), |machine, [x, a, y]| {
            forward(machine, Inputs { x, slopes: a, offsets: a }, y, size, DType::F32)
        });
        assert!(values(&y).iter().all(|value| value.is_nan()));
    }
}
