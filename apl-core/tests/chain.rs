//! A chain against Candle's tape over the composed operations, and what observers see.

#![allow(clippy::unwrap_used, clippy::panic)]

use apl_core::{
    activation::{AplConfig, ParameterConfig, Sharing},
    nn::{
        Apl, Chain, Context, Conv2d, Conv2dConfig, Dropout, Init, Layer, Linear, LinearConfig,
        Loss, Observer, Pool, Relu, Setup,
    },
    ops::{
        apl, conv2d, cross_entropy::softmax, dropout, dropout::Mask, linear, pool, pool::Kind, relu,
    },
    random::{Purpose, Streams},
};
use candle_core::{DType, Device, Tensor, Var};

const SEED: u32 = 9;
const POOL: pool::Config = pool::Config { kernel: 3, stride: 2, padding: 0 };
const WINDOW: conv2d::Config = conv2d::Config { stride: 1, padding: 2 };
const UNIT: [usize; 3] = [2, 9, 7];

fn setup(dtype: DType) -> Setup {
    Setup { streams: Streams::new(SEED), dtype, device: Device::Cpu }
}

/// Every kind of layer, in and out of place, with both kinds of pooling.
fn network(dtype: DType) -> Chain {
    let setup = setup(dtype);
    let conv = |name: &str, inputs, outputs| {
        let config = Conv2dConfig {
            inputs,
            outputs,
            kernel: 5,
            window: WINDOW,
            weight: Init::Normal(0.3),
            bias: Init::Uniform(0.1),
        };
        Box::new(Conv2d::new(name, config, &setup).unwrap())
    };
    let full = |name: &str, inputs, outputs| {
        let (weight, bias) = (Init::Normal(0.3), Init::Uniform(0.1));
        let config = LinearConfig { inputs, outputs, weight, bias };
        Box::new(Linear::new(name, config, &setup).unwrap())
    };
    let apl = |name: &str, unit: &[usize], sharing| {
        let config = AplConfig {
            sharing,
            slopes: ParameterConfig::learned(Init::Uniform(0.5)),
            ..AplConfig::new(3)
        };
        Box::new(Apl::new(name, unit, config, &setup).unwrap())
    };
    let drop = |name: &str, rate, number| Box::new(Dropout::new(name, rate, number).unwrap());
    let layers: Vec<Box<dyn Layer>> = vec![
        conv("conv1", 2, 4),
        apl("act1", &[4, 9, 7], Sharing::Unit),
        drop("drop1", 0.25, 0),
        Box::new(Pool::new("pool1", Kind::Max, POOL)),
        drop("drop1p", 0.25, 1),
        conv("conv2", 4, 6),
        Box::new(Relu::new("act2")),
        drop("drop2", 0.5, 2),
        Box::new(Pool::new("pool2", Kind::Average, POOL)),
        full("ip1", 6 * 2, 8),
        apl("act3", &[8], Sharing::Layer),
        full("ip2", 8, 5),
    ];
    Chain::new(layers, &UNIT, dtype, &Device::Cpu).unwrap()
}

fn batch(count: usize, dtype: DType) -> (Tensor, Tensor) {
    let mut stream = Streams::new(1).named(Purpose::Sample, "batch");
    let dims = [&[count], UNIT.as_slice()].concat();
    let values: Vec<f64> = (0..dims.iter().product()).map(|_| stream.normal()).collect();
    let x = Tensor::from_vec(values, dims, &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
    let labels: Vec<u32> = (0..count as u32).map(|n| n % 5).collect();
    (x, Tensor::from_vec(labels, count, &Device::Cpu).unwrap())
}

fn flat(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn distance(a: &Tensor, b: &Tensor) -> f64 {
    let scale = flat(b).iter().fold(0f64, |m, v| m.max(v.abs()));
    flat(a).iter().zip(flat(b)).fold(0f64, |m, (a, b)| m.max((a - b).abs())) / scale
}

#[test]
fn a_training_step_equals_candles_tape_over_composed_operations() {
    let mut chain = network(DType::F64);
    let (x, labels) = batch(3, DType::F64);
    let step = 17;
    let mut context = Context::training(step, Streams::new(SEED));
    let scores = chain.forward(&x, &mut context).unwrap();
    let gradient = scores.zeros_like().unwrap();
    let loss = Loss::SoftmaxCrossEntropy.evaluate(&scores, &labels, None, Some(&gradient)).unwrap();
    chain.backward(&x, &gradient, &mut context).unwrap();

    let vars: Vec<Var> =
        chain.parameters().iter().map(|p| Var::from_tensor(&p.value).unwrap()).collect();
    let mask = |rate, number| Mask::new(rate, Streams::new(SEED), number, step).unwrap();
    let h = conv2d::composed(&x, &vars[0], &vars[1], WINDOW).unwrap();
    let h = apl::composed(&h, &vars[2], &vars[3], Sharing::Unit).unwrap();
    let h = dropout::composed(&h, mask(0.25, 0)).unwrap();
    let h = pool::composed(&h, Kind::Max, POOL).unwrap();
    let h = dropout::composed(&h, mask(0.25, 1)).unwrap();
    let h = conv2d::composed(&h, &vars[4], &vars[5], WINDOW).unwrap();
    let h = relu::composed(&h, 0.0).unwrap();
    let h = dropout::composed(&h, mask(0.5, 2)).unwrap();
    let h = pool::composed(&h, Kind::Average, POOL).unwrap();
    let h = linear::composed(&h, &vars[6], &vars[7]).unwrap();
    let h = apl::composed(&h, &vars[8], &vars[9], Sharing::Layer).unwrap();
    let h = linear::composed(&h, &vars[10], &vars[11]).unwrap();
    let expected = softmax::composed(&h, &labels).unwrap().mean_all().unwrap();
    assert!(distance(&scores, &h) < 1e-13);
    assert!((loss - expected.to_scalar::<f64>().unwrap()).abs() < 1e-13);
    let tape = expected.backward().unwrap();
    for (parameter, var) in chain.parameters().iter().zip(&vars) {
        let error = distance(&parameter.gradient, tape.get(var).unwrap());
        assert!(error < 1e-12, "{}: {error}", parameter.name);
    }
}

#[test]
fn a_smaller_batch_gives_the_same_scores_in_the_same_memory() {
    let mut chain = network(DType::F32);
    let (x, _) = batch(7, DType::F32);
    let mut context = Context::evaluation();
    let whole = flat(&chain.forward(&x, &mut context).unwrap());
    let bytes = chain.buffer_bytes();
    assert_eq!(chain.bytes_for(7), bytes);
    let part = x.narrow(0, 0, 3).unwrap();
    assert_eq!(flat(&chain.forward(&part, &mut context).unwrap()), whole[..15]);
    assert_eq!(flat(&chain.forward(&x, &mut context).unwrap()), whole);
    assert_eq!(chain.buffer_bytes(), bytes);
}

#[test]
fn a_layer_can_take_the_place_of_another() {
    let mut chain = network(DType::F32);
    let (x, _) = batch(2, DType::F32);
    let mut context = Context::evaluation();
    let before = flat(&chain.forward(&x, &mut context).unwrap());
    let (slopes, offsets) =
        (chain.parameters()[2].value.clone(), chain.parameters()[3].value.clone());
    let apl = |slopes: &Tensor, offsets: &Tensor| {
        Apl::from_tensors("act1", slopes.clone(), offsets.clone(), Sharing::Unit)
    };
    // Of three hinges the first two, then all again: another number of parameters, the same layer.
    let part = |tensor: &Tensor| tensor.narrow(0, 0, 2).unwrap().copy().unwrap();
    let smaller = apl(&part(&slopes), &part(&offsets)).unwrap();
    chain.replace(Box::new(smaller)).unwrap();
    assert_eq!(chain.parameters()[2].value.dims(), [2, 4, 9, 7]);
    assert_ne!(flat(&chain.forward(&x, &mut context).unwrap()), before);
    chain.replace(Box::new(apl(&slopes, &offsets).unwrap())).unwrap();
    assert_eq!(flat(&chain.forward(&x, &mut context).unwrap()), before);
    // A layer in place where there was none.
    chain.replace(Box::new(Relu::new("act1"))).unwrap();
    let relu = flat(&chain.forward(&x, &mut context).unwrap());
    let zero = slopes.zeros_like().unwrap();
    chain.replace(Box::new(apl(&zero, &offsets).unwrap())).unwrap();
    assert_eq!(flat(&chain.forward(&x, &mut context).unwrap()), relu);

    let refused = |chain: &mut Chain, layer: Box<dyn Layer>| chain.replace(layer).unwrap_err();
    assert_eq!(
        refused(&mut chain, Box::new(Relu::new("act9"))).to_string(),
        "chain: found a layer named `act9`, expected the name of a layer that it has"
    );
    assert_eq!(
        refused(&mut chain, Box::new(Relu::new("pool1"))).to_string(),
        "layer pool1: output: found shape [4, 9, 7], expected [4, 4, 3], as the layer in whose place it comes"
    );
    let narrow = apl(&part(&slopes), &offsets).map(|_| ()).unwrap_err().to_string();
    assert_eq!(narrow, "apl: offsets: found shape [3, 4, 9, 7], expected [2, 4, 9, 7]");
    let none = Tensor::zeros((0, 4), DType::F32, &Device::Cpu).unwrap();
    let none = apl(&none, &none).map(|_| ()).unwrap_err().to_string();
    assert_eq!(none, "act1.slopes: found shape [0, 4], expected [S, ...], S at least 1");
}

struct Seen(Vec<String>);

impl Observer for Seen {
    fn input(&mut self, layer: &dyn Layer, input: &Tensor) -> apl_core::Result<()> {
        if layer.name() == "act2" {
            let negative = flat(input).iter().filter(|&&v| v < 0.0).count();
            self.0.push(format!("before {}: negative values {}", layer.name(), negative > 0));
        }
        Ok(())
    }

    fn output(&mut self, layer: &dyn Layer, output: &Tensor) -> apl_core::Result<()> {
        if layer.name() == "act2" {
            let negative = flat(output).iter().filter(|&&v| v < 0.0).count();
            self.0.push(format!("after {}: negative values {}", layer.name(), negative > 0));
        }
        Ok(())
    }
}

#[test]
fn an_observer_sees_inputs_before_a_layer_in_place_overwrites_them() {
    let mut chain = network(DType::F32);
    let mut seen = Seen(Vec::new());
    let mut context = Context { observer: Some(&mut seen), ..Context::evaluation() };
    chain.forward(&batch(2, DType::F32).0, &mut context).unwrap();
    assert_eq!(seen.0, ["before act2: negative values true", "after act2: negative values false"]);
}

#[test]
fn errors_name_the_layer() {
    let setup = setup(DType::F32);
    let weight = Init::Normal(0.1);
    let config = LinearConfig { inputs: 4, outputs: 3, weight, bias: Init::Constant(0.0) };
    let full =
        |name: &str| -> Box<dyn Layer> { Box::new(Linear::new(name, config, &setup).unwrap()) };
    let build = |layers| match Chain::new(layers, &[4], DType::F32, &Device::Cpu) {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        build(vec![full("ip1"), full("ip2")]),
        "layer ip2: linear: input: found shape [3], expected 4 values an example"
    );
    assert_eq!(
        build(vec![full("ip1"), full("ip1")]),
        "chain: found two layers named `ip1`, expected a name of its own for every layer"
    );
    let mut chain = network(DType::F32);
    let wrong = Tensor::zeros((1, 2, 9, 8), DType::F32, &Device::Cpu).unwrap();
    let error = chain.forward(&wrong, &mut Context::evaluation()).unwrap_err().to_string();
    assert_eq!(
        error,
        "chain: input: found shape [1, 2, 9, 8], expected [N, 2, 9, 7] with N at least 1"
    );
    let broken = &chain.parameters()[2].value;
    apl_core::ops::access::with_slice_mut(broken, |v: &mut [f32]| v[1] = f32::NAN).unwrap();
    let error = chain.forward(&batch(1, DType::F32).0, &mut Context::evaluation()).unwrap_err();
    assert!(error.to_string().starts_with("layer act1: apl: slopes: found NaN at index 1"));
}
