//! cuDNN on a GPU.

use candle_core::{DType, Device, Tensor};

use super::{
    algorithms::Plan as ByAlgorithm,
    choice::{Family, Proposal},
    *,
};
use crate::ops::{
    conv2d::{self, Config},
    cuda::{self, Pass, calculate_in, libraries},
    testing::{assert_close, normal, values},
};

/// Input, weight and padding of the convolutions of the paper's networks, and one of odd sizes.
const SHAPES: [([usize; 4], [usize; 4], usize); 10] = [
    ([100, 3, 32, 32], [96, 3, 5, 5], 2),
    ([100, 96, 16, 16], [128, 96, 5, 5], 2),
    ([100, 128, 8, 8], [256, 128, 5, 5], 2),
    ([100, 3, 32, 32], [192, 3, 5, 5], 2),
    ([100, 192, 32, 32], [160, 192, 1, 1], 0),
    ([100, 160, 32, 32], [96, 160, 1, 1], 0),
    ([100, 96, 16, 16], [192, 96, 5, 5], 2),
    ([100, 192, 16, 16], [192, 192, 1, 1], 0),
    ([100, 192, 8, 8], [192, 192, 3, 3], 1),
    ([100, 24, 9, 7], [40, 24, 3, 3], 1),
];

/// Those that look at more than a pixel, which are cuDNN's.
pub(super) fn windows() -> impl Iterator<Item = ([usize; 4], [usize; 4], usize)> {
    SHAPES.into_iter().filter(|(_, weight, _)| weight[2] > 1)
}

pub(super) const PASSES: [Pass; 3] = [Pass::Output, Pass::Input, Pass::Weight];

/// A GPU and cuDNN on it; `None` where there is none of either, which is said.
fn gpu() -> Option<(Device, Dnn)> {
    if let Some(trouble) = libraries::trouble_with(c"libcudnn") {
        println!("skipped: {trouble}");
        return None;
    }
    let device = cuda::tests::gpu()?;
    let Device::Cuda(on) = &device else { panic!("a GPU") };
    let dnn = Dnn::new(&on.cuda_stream()).unwrap().unwrap();
    Some((device, dnn))
}

pub(super) fn convolution(
    pass: Pass,
    (input, weight, padding): ([usize; 4], [usize; 4], usize),
) -> Convolution {
    let output = [input[0], weight[0], input[2], input[3]];
    Convolution { real: DType::F32, pass, input, weight, output, stride: 1, padding }
}

/// Where a tensor of the GPU is.
fn place_of(tensor: &Tensor) -> Address {
    let mut at = Address::NONE;
    cuda::run([Some(("tensor", tensor))], |_, [found]| {
        at = found;
        Ok(())
    })
    .unwrap()
    .unwrap();
    at
}

/// Input, weight and output of a convolution.
fn tensors(device: &Device, shape: ([usize; 4], [usize; 4], usize)) -> [Tensor; 3] {
    let Convolution { input, weight, output, .. } = convolution(Pass::Output, shape);
    [("x", input), ("w", weight), ("y", output)]
        .map(|(name, dims)| normal(name, &dims, DType::F32).to_device(device).unwrap())
}

/// Microseconds of a call that is given so many bytes of workspace.
fn microseconds(device: &Device, bytes: usize, call: &dyn Fn(Address) -> Result<()>) -> f64 {
    let memory = Tensor::zeros(bytes.max(1), DType::U8, device).unwrap();
    let workspace = place_of(&memory);
    1e6 * cuda::tests::seconds(device, &|| call(workspace).unwrap())
}

/// A pass by a proposal: microseconds, and the numbers of two images, or of the weight.
fn measured(
    device: &Device,
    dnn: &Dnn,
    convolution: &Convolution,
    proposal: &Proposal,
    tensors: &[Tensor; 3],
) -> (f64, Vec<f64>) {
    let (plan, _) = ByAlgorithm::describe(dnn.handle, convolution).unwrap();
    let plan = plan.take(proposal);
    let result = tensors[convolution.pass.written()].zeros_like().unwrap();
    let mut at = tensors.each_ref().map(place_of);
    at[convolution.pass.written()] = place_of(&result);
    let time =
        microseconds(device, plan.workspace, &|workspace| plan.run(dnn.handle, at, workspace));
    let some = result.narrow(0, 0, 2).unwrap().to_device(&Device::Cpu).unwrap();
    (time, values(&some))
}

/// The engines that cuDNN proposes, in its order, with what it notes of them and their times; of those that work on turned tensors without the turning.
#[test]
#[ignore = "needs a GPU"]
fn engines_on_a_gpu() {
    let Some((device, dnn)) = gpu() else { return };
    let gpu = Gpu::Of(dnn.handle);
    for shape in windows() {
        // Room for numbers of either kind; bits of f32 are bf16s too.
        let tensors = tensors(&device, shape);
        let at = tensors.each_ref().map(place_of);
        for pass in PASSES {
            let convolution = convolution(pass, shape);
            for (name, form) in [("tf32", PLAIN), ("bf16", TURNED)] {
                let found = match engines::all(&gpu, &convolution, form) {
                    Ok(found) => found,
                    Err(error) => {
                        println!("{:?} {pass:?} {name}: {error}", shape.1);
                        continue;
                    }
                };
                let timed = found.into_iter().take(8).map(|proposal| {
                    let name = format!("{} (notes {:?})", proposal.number(), proposal.notes());
                    let suits = proposal.suits(form);
                    let Ok(plan) = proposal.plan(&gpu) else {
                        return format!("{name} cannot");
                    };
                    let run = |workspace| plan.run(dnn.handle, at, workspace);
                    let time = microseconds(&device, plan.workspace, &run);
                    let refused = if suits { "" } else { " refused" };
                    format!("{name} {time:.0} us{refused}")
                });
                let timed = timed.collect::<Vec<_>>().join("; ");
                println!("{:?} {:?} {pass:?} {name}: {timed}", shape.0, shape.1);
            }
        }
    }
}

/// Every algorithm that gives the same bits every time, in cuDNN's order, with its time, its memory and how far it is from the plainest one, as a
/// part of the largest number: what the choice is worth and what it costs.
#[test]
#[ignore = "needs a GPU"]
fn algorithms_on_a_gpu() {
    let Some((device, dnn)) = gpu() else { return };
    for shape in SHAPES {
        let tensors = tensors(&device, shape);
        for pass in PASSES {
            let convolution = convolution(pass, shape);
            let (_, proposals) = ByAlgorithm::describe(dnn.handle, &convolution).unwrap();
            let by =
                |proposal: &Proposal| measured(&device, &dnn, &convolution, proposal, &tensors);
            let plain = proposals.iter().find(|p| p.algorithm.family() == Family::Product);
            let expected = plain.map_or_else(Vec::new, |plain| by(plain).1);
            let largest = expected.iter().map(|v| v.abs()).fold(0.0, f64::max);
            let timed = proposals.iter().map(|proposal| {
                let (microseconds, found) = by(proposal);
                let apart = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
                let apart = apart.fold(0.0, f64::max) / largest;
                let text = format!("{:?}", proposal.algorithm);
                let name = text.rsplit("ALGO_").next().unwrap().trim_end_matches(')');
                let megabytes = 1e-6 * proposal.workspace as f64;
                format!("{name} {microseconds:.0} us {megabytes:.0} MB {apart:.0e}")
            });
            let timed = timed.collect::<Vec<_>>().join(", ");
            println!("{:?} {:?} {pass:?}: {timed}", shape.0, shape.1);
        }
    }
}

/// What computes the passes of the paper's networks.
#[test]
#[ignore = "needs a GPU"]
fn arithmetics_take_their_ways_on_a_gpu() {
    let Some((_, mut dnn)) = gpu() else { return };
    for shape in windows() {
        for pass in PASSES {
            let convolution = convolution(pass, shape);
            let few = shape.1[1] < WIDE;
            for arithmetic in Arithmetic::ALL {
                let plan = dnn.plan(&convolution, arithmetic).unwrap();
                let right = match plan.as_deref().map(|plan| &plan.how) {
                    // The gradient by the weight of few channels is columns and cuBLAS.
                    None => arithmetic == Arithmetic::F32 && few && pass == Pass::Weight,
                    Some(How::Algorithm(_)) => arithmetic == Arithmetic::F32,
                    Some(How::Engine(_)) => match arithmetic {
                        Arithmetic::F32 => false,
                        Arithmetic::Tf32 => true,
                        Arithmetic::Bf16 => few,
                    },
                    Some(How::Turned(..)) => arithmetic == Arithmetic::Bf16 && !few,
                };
                assert!(right, "{pass:?} of {:?} in {arithmetic}", shape.1);
            }
        }
    }
}

/// By cuDNN against the processor, and twice for the same bits.
#[test]
#[ignore = "needs a GPU"]
fn convolutions_on_a_gpu_agree_with_the_cpu() {
    let Some((device, _)) = gpu() else { return };
    for (arithmetic, tolerance) in
        [(Arithmetic::F32, 3e-5), (Arithmetic::Tf32, 5e-3), (Arithmetic::Bf16, 2e-2)]
    {
        calculate_in(&device, arithmetic).unwrap();
        for (mut input, weight, padding) in SHAPES {
            input[0] = 10;
            let window = Config { stride: 1, padding };
            let scale = 1.0 / ((weight[1] * weight[2] * weight[3]) as f64).sqrt();
            let x = normal("x", &input, DType::F32);
            let w = (normal("w", &weight, DType::F32) * scale).unwrap();
            let b = normal("b", &weight[..1], DType::F32);
            let g = normal("g", &[10, weight[0], input[2], input[3]], DType::F32);
            let outputs = |device: &Device| -> Vec<Tensor> {
                let [x, w, b, g] = [&x, &w, &b, &g].map(|t| t.to_device(device).unwrap());
                let [y, dx, dw, db] = [&g, &x, &w, &b].map(|t| t.zeros_like().unwrap());
                conv2d::forward(&x, &w, &b, window, &y).unwrap();
                conv2d::backward(&x, &w, window, &g, Some(&dx), Some((&dw, &db))).unwrap();
                [y, dx, dw, db].map(|t| t.to_device(&Device::Cpu).unwrap()).to_vec()
            };
            let (found, again) = (outputs(&device), outputs(&device));
            let expected = outputs(&Device::Cpu);
            let largest =
                |tensor: &Tensor| values(tensor).into_iter().map(f64::abs).fold(0.0, f64::max);
            for (i, name) in ["y", "dx", "dw", "db"].into_iter().enumerate() {
                assert_eq!(values(&found[i]), values(&again[i]), "{name} of {weight:?}");
                // Relative to the largest: sums of many terms cancel.
                let scale = 1.0 / largest(&expected[i]);
                let [found, expected] = [&found[i], &expected[i]].map(|t| (t * scale).unwrap());
                let name = format!("{name} of {weight:?} in {arithmetic}");
                assert_close(&name, &found, &expected, tolerance);
            }
        }
    }
    println!("{} convolutions agree with the CPU, to the bit with themselves", SHAPES.len());
}
