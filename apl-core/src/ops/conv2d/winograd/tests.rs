use candle_core::DType;
use proptest::prelude::*;

use super::super::{
    Algorithm, Config, Setting, algorithm::Method, algorithms, cpu, lowering::Size, size,
};
use crate::ops::{
    real::Real,
    simd::{BASELINE, Vectors},
    testing::{normal, values},
};

/// A layer that moves by one pixel.
#[derive(Debug, Clone, Copy)]
struct Layer {
    x: [usize; 4],
    outputs: usize,
    kernel: usize,
    padding: usize,
}

const fn layer(x: [usize; 4], outputs: usize, kernel: usize, padding: usize) -> Layer {
    Layer { x, outputs, kernel, padding }
}

/// One tile and less, sides that tiles do not divide, no padding, the most padding, more outputs than a panel, several images in a block, an image of
/// several blocks.
const LAYERS: [Layer; 14] = [
    layer([1, 1, 1, 1], 1, 5, 2),
    layer([1, 1, 1, 1], 1, 3, 1),
    layer([2, 3, 5, 5], 4, 5, 0),
    layer([3, 2, 7, 4], 3, 5, 2),
    layer([3, 2, 7, 4], 3, 3, 1),
    layer([2, 17, 9, 11], 70, 5, 2),
    layer([2, 17, 9, 11], 70, 3, 1),
    layer([2, 5, 6, 8], 3, 5, 4),
    layer([2, 5, 6, 8], 3, 3, 2),
    layer([2, 4, 6, 9], 2, 5, 1),
    layer([2, 4, 6, 9], 2, 3, 0),
    layer([19, 3, 4, 5], 5, 5, 2),
    layer([1, 2, 41, 150], 2, 5, 2),
    layer([2, 2, 70, 45], 3, 3, 1),
];

/// The output, the gradients by the input, the weights and the biases.
type Results<T> = [Vec<T>; 4];

impl Layer {
    fn size(&self) -> Size {
        let window = Config { stride: 1, padding: self.padding };
        size(&self.x, &self.weight(), window).unwrap()
    }

    fn weight(&self) -> [usize; 4] {
        [self.outputs, self.x[1], self.kernel, self.kernel]
    }

    /// Input, weights, biases and output gradient, all exact in f32.
    fn data<T: Real>(&self) -> [Vec<T>; 4] {
        let draw = |name, dims: &[usize]| {
            values(&normal(name, dims, DType::F32)).into_iter().map(T::of).collect()
        };
        let size = self.size();
        [
            draw("x", &self.x),
            draw("weight", &self.weight()),
            draw("bias", &[self.outputs]),
            draw("gradient", &size.output_shape()),
        ]
    }

    fn run<T: Vectors>(&self, method: Method) -> Results<T> {
        let size = self.size();
        let [x, w, b, g] = self.data::<T>();
        // What was there before must not matter.
        let mut y = vec![T::of(f64::NAN); g.len()];
        let mut dx = vec![T::of(f64::NAN); x.len()];
        let mut dw = vec![T::of(f64::NAN); w.len()];
        let mut db = vec![T::of(f64::NAN); b.len()];
        cpu::forward(&x, &w, &b, &mut y, size, method);
        cpu::input_gradient(&w, &g, &mut dx, size, method);
        cpu::parameter_gradients(&x, &g, &mut dw, &mut db, size, method);
        [y, dx, dw, db]
    }

    fn winograd(&self) -> Method {
        Method::winograd(&self.size()).unwrap()
    }

    fn check(&self) {
        let expected = self.run::<f64>(Method::Lowered);
        let found = self.run::<f64>(self.winograd());
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let scale = expected.iter().fold(1f64, |most, v| most.max(v.abs()));
            for (place, (a, b)) in found.iter().zip(expected).enumerate() {
                let right = (a - b).abs() <= 1e-12 * scale;
                assert!(right, "{self:?} result {i}: {a} instead of {b} at {place}");
            }
        }
    }
}

#[test]
fn winograd_equals_lowering_over_the_geometries() {
    for layer in LAYERS {
        layer.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_shape_agrees_with_lowering(
        (n, c, h, w) in (1usize..9, 1usize..20, 1usize..20, 1usize..20),
        outputs in 1usize..20,
        (five, padding) in prop_oneof![(Just(true), 0usize..5), (Just(false), 0usize..3)],
    ) {
        let kernel = if five { 5 } else { 3 };
        prop_assume!(h + 2 * padding >= kernel && w + 2 * padding >= kernel);
        layer([n, c, h, w], outputs, kernel, padding).check();
    }
}

/// The layers of the paper's networks that take this way, with fewer images.
const PAPER: [Layer; 4] = [
    layer([16, 96, 16, 16], 128, 5, 2),
    layer([64, 128, 8, 8], 256, 5, 2),
    layer([16, 96, 16, 16], 192, 5, 2),
    layer([64, 192, 8, 8], 192, 3, 1),
];

/// Root mean square and largest deviation.
fn errors(found: &[f32], exact: &[f64]) -> [f64; 2] {
    let deviations = found.iter().zip(exact).map(|(&a, b)| (f64::from(a) - b).abs());
    let squares = deviations.clone().map(|d| d * d).sum::<f64>();
    [(squares / exact.len() as f64).sqrt(), deviations.fold(0.0, f64::max)]
}

#[test]
fn rounding_errors_stay_within_ten_times_those_of_lowering() {
    for layer in PAPER {
        let exact = layer.run::<f64>(Method::Lowered);
        let lowered = layer.run::<f32>(Method::Lowered);
        let winograd = layer.run::<f32>(layer.winograd());
        for (i, name) in ["y", "dx", "dw"].into_iter().enumerate() {
            let [reference, found] =
                [&lowered, &winograd].map(|results| errors(&results[i], &exact[i]));
            let ratios = [found[0] / reference[0], found[1] / reference[1]];
            println!(
                "{layer:?} {name}: {ratios:.2?} times the errors of lowering, RMS {:.1e}",
                found[0]
            );
            assert!(ratios.iter().all(|&ratio| ratio < 10.0), "{layer:?} {name}: {ratios:?}");
        }
    }
}

#[test]
fn neither_threads_nor_simd_change_a_bit() {
    for layer in [layer([19, 18, 9, 7], 20, 5, 2), layer([19, 18, 9, 7], 20, 3, 1)] {
        let run = |threads, baseline| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.broadcast(|_| BASELINE.set(baseline));
            let results = pool.install(|| layer.run::<f32>(layer.winograd()));
            results.map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>())
        };
        let expected = run(1, false);
        assert_eq!(run(2, false), expected, "{layer:?}: two threads");
        assert_eq!(run(4, false), expected, "{layer:?}: four threads");
        assert_eq!(run(1, true), expected, "{layer:?}: without SIMD");
    }
}

#[test]
fn the_papers_layers_take_winograd_in_single_precision_only() {
    let names = |layer: Layer, dtype, algorithm| {
        let window = Config { stride: 1, padding: layer.padding };
        let setting = Setting { window, algorithm };
        let names = algorithms(&layer.x, &layer.weight(), dtype, setting).unwrap();
        [names.forward, names.input_gradient, names.weight_gradient]
    };
    for layer in PAPER {
        let expected = if layer.kernel == 5 { "winograd-2x2-5x5" } else { "winograd-4x4-3x3" };
        assert_eq!(names(layer, DType::F32, Algorithm::Auto), [expected; 3], "{layer:?}");
        assert_eq!(names(layer, DType::F64, Algorithm::Auto), ["lowered"; 3], "{layer:?}");
        assert_eq!(names(layer, DType::F32, Algorithm::Lowered), ["lowered"; 3], "{layer:?}");
    }
    let (first, single) = (layer([4, 3, 32, 32], 96, 5, 2), layer([1, 128, 8, 8], 256, 5, 2));
    assert_eq!(names(first, DType::F32, Algorithm::Auto), ["lowered"; 3]);
    assert_eq!(names(single, DType::F32, Algorithm::Auto), ["lowered"; 3]);
    let few = layer([32, 128, 8, 8], 256, 5, 2);
    let winograd = "winograd-2x2-5x5";
    assert_eq!(names(few, DType::F32, Algorithm::Auto), [winograd, winograd, "lowered"]);
    let pointwise = layer([4, 192, 8, 8], 192, 1, 0);
    assert_eq!(names(pointwise, DType::F32, Algorithm::Auto), ["pointwise"; 3]);
}
