//! Arguments that make no sense are refused with an error that names them: no panic, no wrapped number, no result.

#![allow(clippy::unwrap_used, clippy::panic)]

use apl_core::{
    Result,
    activation::{Apl, AplConfig, ParameterConfig, Sharing},
    nn::{self, Chain, Context, Conv2dConfig, Init, Layer, LinearConfig, Setup},
    ops::{
        access, apl, conv2d,
        cross_entropy::{sigmoid, softmax},
        dropout, linear, pool, relu, sgd,
    },
    random::Streams,
};
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};

const HUGE: usize = usize::MAX / 2;

fn zeros(dims: &[usize]) -> Tensor {
    Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap()
}

fn labels(count: usize) -> Tensor {
    Tensor::zeros(count, DType::U32, &Device::Cpu).unwrap()
}

/// The same numbers as a view with gaps.
fn view(dims: &[usize]) -> Tensor {
    let wide = [dims, &[2]].concat();
    let view = zeros(&wide).narrow(dims.len(), 0, 1).unwrap().squeeze(dims.len()).unwrap();
    assert!(!view.is_contiguous());
    view
}

fn setup() -> Setup {
    Setup { streams: Streams::new(1), dtype: DType::F32, device: Device::Cpu }
}

#[track_caller]
fn refuses<T>(result: Result<T>, words: &str) {
    match result {
        Ok(_) => panic!("`{words}` was expected to be refused"),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(words), "found `{text}`, expected `{words}` in it");
        }
    }
}

#[test]
fn empty_tensors() {
    let none = zeros(&[0, 3]);
    let parameters = zeros(&[1, 3]);
    let unit = Sharing::Unit;
    refuses(
        apl::forward(&none, &parameters, &parameters, unit, &none),
        "apl: x: found shape [0, 3]",
    );
    refuses(apl::apply(&none, &parameters, &parameters, unit), "apl: x: found shape [0, 3]");
    let x = zeros(&[2, 3]);
    refuses(apl::apply(&x, &zeros(&[0, 3]), &zeros(&[0, 3]), unit), "found shape [0, 3]");
    refuses(apl::apply(&x, &zeros(&[]), &zeros(&[]), Sharing::Layer), "found shape []");
    refuses(linear::apply(&none, &zeros(&[2, 3]), &zeros(&[2])), "linear: x: found shape [0, 3]");
    refuses(linear::apply(&zeros(&[2, 0]), &zeros(&[2, 0]), &zeros(&[2])), "linear: x");
    refuses(linear::apply(&x, &zeros(&[0, 3]), &zeros(&[0])), "O at least 1");
    refuses(linear::apply(&x, &zeros(&[3]), &zeros(&[3])), "linear: weight: found shape [3]");
    let plain = conv2d::Config { stride: 1, padding: 0 };
    let (image, kernel, bias) = (zeros(&[1, 2, 4, 4]), zeros(&[3, 2, 2, 2]), zeros(&[3]));
    refuses(conv2d::apply(&zeros(&[0, 2, 4, 4]), &kernel, &bias, plain), "conv2d: x");
    refuses(conv2d::apply(&image, &zeros(&[3, 2, 0, 2]), &bias, plain), "conv2d: weight");
    refuses(conv2d::apply(&image, &zeros(&[0, 2, 2, 2]), &zeros(&[0]), plain), "conv2d: weight");
    let window = pool::Config { kernel: 2, stride: 1, padding: 0 };
    refuses(pool::apply(&zeros(&[1, 0, 4, 4]), pool::Kind::Max, window), "pool: x");
    refuses(softmax::mean(&zeros(&[0, 3]), &labels(0), None), "softmax: scores");
    refuses(softmax::mean(&zeros(&[2, 0]), &labels(2), None), "softmax: scores");
    refuses(sigmoid::mean(&zeros(&[0]), &zeros(&[0]), None, None), "sigmoid: logits");
    // Operations that take every shape do nothing to an empty one.
    assert_eq!(relu::apply(&none, 0.0).unwrap().dims(), [0, 3]);
    let mask = dropout::Mask::new(0.5, Streams::new(1), 0, 0).unwrap();
    assert_eq!(dropout::apply(&none, mask).unwrap().dims(), [0, 3]);
    let step = sgd::Step { rate: 0.1, momentum: 0.9, decay: 0.0 };
    sgd::step(&none, &zeros(&[0, 3]), &zeros(&[0, 3]), step).unwrap();
    assert!(access::with_slice(&none, |values: &[f32]| values.is_empty()).unwrap());
    // Candle gives such a shape the stride 0.
    for dims in [[2, 0], [0, 2]] {
        relu::forward(&zeros(&dims), 0.0, &zeros(&dims)).unwrap();
        relu::forward_in_place(&zeros(&dims), 0.0).unwrap();
        dropout::forward_in_place(&zeros(&dims), mask).unwrap();
    }
    let repeated = zeros(&[1]).broadcast_as((2, 3)).unwrap();
    refuses(relu::forward_in_place(&repeated, 0.0), "relu: x: the tensor is not contiguous");
}

#[test]
fn windows_that_do_not_fit() {
    let (x, w, b) = (zeros(&[1, 2, 4, 4]), zeros(&[3, 2, 2, 2]), zeros(&[3]));
    let conv = |stride, padding| conv2d::apply(&x, &w, &b, conv2d::Config { stride, padding });
    refuses(conv(0, 0), "conv2d: stride: found 0, expected at least 1");
    for (stride, padding) in [(1, HUGE), (1, HUGE + 1), (1, usize::MAX), (1, 1 << 40)] {
        refuses(conv(stride, padding), "conv2d");
    }
    // More padding than kernel, and steps beyond the image, are odd but meant.
    assert_eq!(conv(1, 5).unwrap().dims(), [1, 3, 13, 13]);
    assert_eq!(conv(usize::MAX, 0).unwrap().dims(), [1, 3, 1, 1]);
    assert_eq!(conv(HUGE, 1).unwrap().dims(), [1, 3, 1, 1]);
    for kind in [pool::Kind::Max, pool::Kind::Average] {
        let pool = |kernel, stride, padding| {
            pool::apply(&x, kind, pool::Config { kernel, stride, padding })
        };
        refuses(pool(0, 1, 0), "expected both at least 1");
        refuses(pool(2, 0, 0), "expected both at least 1");
        refuses(pool(2, 1, 2), "expected less than the kernel");
        refuses(pool(usize::MAX, 1, usize::MAX - 1), "pool");
        refuses(pool(HUGE, 1, HUGE - 1), "pool");
        assert_eq!(pool(2, usize::MAX, 0).unwrap().dims(), [1, 2, 1, 1]);
        assert_eq!(pool(2, HUGE, 1).unwrap().dims(), [1, 2, 1, 1]);
    }
}

#[test]
fn views_and_other_types() {
    let (x, y) = (zeros(&[2, 3]), zeros(&[2, 3]));
    let p = zeros(&[1, 3]);
    let gaps = "the tensor is not contiguous";
    refuses(apl::forward(&x, &view(&[1, 3]), &p, Sharing::Unit, &y), gaps);
    refuses(apl::forward(&x, &p, &p, Sharing::Unit, &view(&[2, 3])), gaps);
    refuses(relu::forward(&view(&[2, 3]), 0.0, &y), gaps);
    refuses(relu::forward_in_place(&view(&[2, 3]), 0.0), gaps);
    refuses(linear::forward(&x, &view(&[4, 3]), &zeros(&[4]), &zeros(&[2, 4])), gaps);
    let mask = dropout::Mask::new(0.5, Streams::new(1), 0, 0).unwrap();
    refuses(dropout::forward(&view(&[2, 3]), mask, &y), gaps);
    refuses(softmax::mean(&view(&[2, 3]), &labels(2), None), gaps);
    refuses(sigmoid::mean(&view(&[2]), &zeros(&[2]), None, None), gaps);
    let config = pool::Config { kernel: 2, stride: 2, padding: 0 };
    let (image, small) = (view(&[1, 1, 4, 4]), zeros(&[1, 1, 2, 2]));
    refuses(pool::average_forward(&image, config, &small), gaps);
    let window = conv2d::Config { stride: 2, padding: 0 };
    refuses(conv2d::forward(&image, &zeros(&[1, 1, 2, 2]), &zeros(&[1]), window, &small), gaps);
    let step = sgd::Step { rate: 0.1, momentum: 0.9, decay: 0.0 };
    refuses(sgd::step(&view(&[2, 3]), &x, &y, step), gaps);

    let whole = |t: &Tensor| t.to_dtype(DType::I64).unwrap();
    refuses(relu::apply(&whole(&x), 0.0), "expected F32 or F64");
    refuses(apl::apply(&whole(&x), &whole(&p), &whole(&p), Sharing::Unit), "expected F32 or F64");
    refuses(apl::apply(&x, &whole(&p), &p, Sharing::Unit), "apl: slopes: found dtype I64");
    refuses(dropout::apply(&whole(&x), mask), "expected F32 or F64");
    refuses(pool::apply(&whole(&small), pool::Kind::Max, config), "expected F32 or F64");
    refuses(softmax::mean(&whole(&x), &labels(2), None), "expected F32 or F64");
    refuses(softmax::apply(&x, &zeros(&[2])), "softmax: labels: found dtype F32");
    refuses(sgd::step(&x, &whole(&y), &zeros(&[2, 3]), step), "sgd: gradient: found dtype I64");
    refuses(sigmoid::apply(&zeros(&[2]), &(zeros(&[2]) + 2.0).unwrap()), "target of example 0");
    refuses(access::with_slice_mut(&x, |_: &mut [f64]| ()), "expected F64");
}

#[test]
fn numbers_out_of_range_and_parameters_that_diverged() {
    let x = zeros(&[2, 3]);
    let broken = Tensor::full(f32::NAN, (1, 3), &Device::Cpu).unwrap();
    for sharing in [Sharing::Unit, Sharing::Channel] {
        refuses(apl::apply(&x, &broken, &zeros(&[1, 3]), sharing), "apl: slopes: found NaN");
        refuses(apl::apply(&x, &zeros(&[1, 3]), &broken, sharing), "apl: offsets: found NaN");
    }
    let weight = Tensor::full(f32::INFINITY, (1, 3), &Device::Cpu).unwrap();
    refuses(linear::apply(&x, &weight, &zeros(&[1])), "linear: weight: found inf at index 0");
    refuses(relu::apply(&x, f64::INFINITY), "relu: slope: found inf");
    for init in [Init::Normal(-1.0), Init::Uniform(f64::NAN), Init::Constant(f64::INFINITY)] {
        let variables = VarMap::new();
        let builder = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
        let config = AplConfig { slopes: ParameterConfig::learned(init), ..AplConfig::new(1) };
        refuses(Apl::new(&[3], config, builder), "initialiser of slopes");
        refuses(nn::Apl::new("act", &[3], config, &setup()), "initialiser of act.slopes");
    }
}

#[test]
fn sizes_beyond_memory() {
    let config = AplConfig::new(HUGE);
    let variables = VarMap::new();
    let builder = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    refuses(Apl::new(&[3], config, builder), "a shape whose elements can be counted");
    refuses(nn::Apl::new("act", &[HUGE, 4], AplConfig::new(1), &setup()), "can be counted");
    let (weight, bias) = (Init::Constant(0.0), Init::Constant(0.0));
    let full = LinearConfig { inputs: HUGE, outputs: 4, weight, bias };
    refuses(nn::Linear::new("ip", full, &setup()), "ip.weight: found shape");
    let window = conv2d::Config { stride: 1, padding: 0 };
    let conv = Conv2dConfig { inputs: 1, outputs: 1, kernel: HUGE, window, weight, bias };
    refuses(nn::Conv2d::new("conv", conv, &setup()), "conv.weight: found shape");
}

#[test]
fn chains_that_cannot_be_and_passes_out_of_order() {
    let build = |layers| Chain::new(layers, &[3], DType::F32, &Device::Cpu);
    refuses(build(Vec::new()), "chain: found no layers");
    let relu = || -> Box<dyn Layer> { Box::new(nn::Relu::new("act")) };
    let mut chain = build(vec![relu()]).unwrap();
    let (x, mut context) = (zeros(&[2, 3]), Context::evaluation());
    refuses(chain.backward(&x, &x, &mut context), "expected a forward pass of the same batch");
    chain.forward(&x, &mut context).unwrap();
    refuses(chain.backward(&zeros(&[1, 3]), &x, &mut context), "a forward pass of the same batch");
    refuses(chain.forward(&zeros(&[0, 3]), &mut context), "with N at least 1");
    refuses(chain.forward(&zeros(&[]), &mut context), "chain: input: found shape []");
    let double = x.to_dtype(DType::F64).unwrap();
    refuses(chain.forward(&double, &mut context), "chain: input: found dtype F64, expected F32");
    let conv = conv2d::Config { stride: 0, padding: 0 };
    let init = Init::Constant(0.0);
    let config =
        Conv2dConfig { inputs: 1, outputs: 1, kernel: 1, window: conv, weight: init, bias: init };
    let layer = Box::new(nn::Conv2d::new("conv", config, &setup()).unwrap());
    let chain = Chain::new(vec![layer], &[1, 2, 2], DType::F32, &Device::Cpu);
    refuses(chain, "layer conv: conv2d: stride: found 0");
}
