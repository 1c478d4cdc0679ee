//! What cuDNN proposes for GPUs that are not here. It answers by a description of a GPU, so that how convolutions are computed with tensor cores is
//! proved for many of them on a machine that has none: which engines are taken, that they can be made ready, and what memory they want.

use std::{path::Path, process::Command};

use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnBackendAttributeName_t as Name, cudnnBackendAttributeType_t as Kind,
    cudnnBackendDescriptorType_t as Of,
};

use super::{
    descriptor::Descriptor,
    tests::{PASSES, convolution, windows},
    *,
};
use crate::ops::cuda::{
    emulator::compiler,
    libraries::{cudnn_number, trouble_with},
};

/// A GPU as its maker specifies it.
struct Described {
    name: &'static str,
    /// Its compute capability times 100.
    version: u32,
    multiprocessors: u32,
    /// KiB.
    shared_memory: u32,
    threads: u32,
    blocks: u32,
    /// MHz.
    clock: u32,
    memory_clock: u32,
    /// Bits.
    bus: u32,
    /// MiB.
    cache: u64,
    /// GiB.
    memory: u64,
}

/// One of each generation.
#[rustfmt::skip]
const GPUS: [Described; 6] = [
    Described { name: "T4", version: 750, multiprocessors: 40, shared_memory: 64, threads: 1024, blocks: 16, clock: 1590, memory_clock: 5001, bus: 256, cache: 4, memory: 16 },
    Described { name: "A100", version: 800, multiprocessors: 108, shared_memory: 163, threads: 2048, blocks: 32, clock: 1410, memory_clock: 1215, bus: 5120, cache: 40, memory: 40 },
    Described { name: "RTX 4090", version: 890, multiprocessors: 128, shared_memory: 99, threads: 1536, blocks: 24, clock: 2520, memory_clock: 10501, bus: 384, cache: 72, memory: 24 },
    Described { name: "H200", version: 900, multiprocessors: 132, shared_memory: 227, threads: 2048, blocks: 32, clock: 1980, memory_clock: 3201, bus: 6144, cache: 60, memory: 141 },
    Described { name: "B200", version: 1000, multiprocessors: 148, shared_memory: 227, threads: 2048, blocks: 32, clock: 1965, memory_clock: 3996, bus: 8192, cache: 126, memory: 180 },
    Described { name: "RTX 5090", version: 1200, multiprocessors: 170, shared_memory: 99, threads: 1536, blocks: 24, clock: 2407, memory_clock: 14001, bus: 512, cache: 96, memory: 32 },
];

/// The first GPUs with TF32 and bf16.
const AMPERE: u32 = 800;

/// cuDNN's note of tensor cores.
const TENSOR_CORES: i32 = 0;
/// Those that change neither the rounding nor the order of sums: tensor cores, Fourier transforms, not-a-numbers that stay.
const HARMLESS: [i32; 3] = [TENSOR_CORES, 3, 9];

impl Described {
    fn gpu(&self) -> Gpu {
        let text = format!(
            r#"{{"deviceName": "{}", "deviceVer": {}, "driverVer": 13000, "cudaDeviceId": 0, "pciDeviceId": 0, "isTccDriver": 0,
            "supportCoopLaunch": 1, "multiProcessorCount": {}, "smCountOrigin": 0, "warpSize": 32,
            "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "maxThreadsPerBlock": 1024,
            "maxThreadsPerSM": {}, "maxCtasPerSM": {}, "regsPerBlock": 65536, "maxRegistersPerSM": 65536,
            "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": {}, "oversizedSharedMemoryPerBlock": 0,
            "reservedSharedMemoryPerBlock": 1024, "smClockRateKHz": {}, "memClockRateKHz": {}, "memoryBusWidth": {},
            "l2CacheSize": {}, "totalGlobalMem": {}}}"#,
            self.name,
            self.version,
            self.multiprocessors,
            self.threads,
            self.blocks,
            self.shared_memory << 10,
            1000 * self.clock,
            1000 * self.memory_clock,
            self.bus,
            self.cache << 20,
            self.memory << 30,
        );
        let mut described = Descriptor::new(Of::CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR).unwrap();
        let name = Name::CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION;
        described.set(name, Kind::CUDNN_TYPE_CHAR, format!("{text}\0").as_bytes()).unwrap();
        described.finish().unwrap();
        Gpu::Described(described)
    }
}

/// What the passes of the paper's networks are computed by on a GPU.
fn check(described: &Described) {
    let gpu = described.gpu();
    println!("{}, engines of output, input, weight", described.name);
    for shape in windows() {
        let [outputs, inputs, ..] = shape.1;
        let turned = inputs >= WIDE && described.version >= AMPERE;
        let taken = |arithmetic| {
            PASSES.map(|pass| {
                let place =
                    format!("{pass:?} of {:?} in {arithmetic} on {}", shape.1, described.name);
                let how = How::by_engine(&gpu, &convolution(pass, shape), arithmetic).unwrap();
                let (plan, is_turned) = match how {
                    Some(How::Engine(plan)) => (plan, false),
                    Some(How::Turned(plan, _)) => (plan, true),
                    _ => panic!("no engine: {place}"),
                };
                let engine = plan.engine();
                assert_eq!(is_turned, turned && arithmetic == Arithmetic::Bf16, "{place}");
                assert!(engine.notes().iter().all(|note| HARMLESS.contains(note)), "{place}");
                assert!(!is_turned || engine.notes().contains(&TENSOR_CORES), "{place}");
                assert!(plan.workspace <= WORKSPACE, "{place}");
                engine.number()
            })
        };
        let [tf32, bf16] = [Arithmetic::Tf32, Arithmetic::Bf16].map(taken);
        println!("  {inputs} to {outputs}: tf32 {tf32:?}, bf16 {bf16:?}");
    }
    // Windows that go by twos, a single number, more than 2^31 numbers.
    for (input, weight, output, stride, padding) in [
        ([7, 5, 9, 7], [11, 5, 3, 3], [7, 11, 5, 4], 2, 1),
        ([1, 1, 3, 3], [1, 1, 3, 3], [1, 1, 1, 1], 1, 0),
        ([2048, 64, 256, 256], [64, 64, 3, 3], [2048, 64, 256, 256], 1, 1),
    ] {
        for pass in PASSES {
            let real = DType::F32;
            let odd = Convolution { real, pass, input, weight, output, stride, padding };
            let how = How::by_engine(&gpu, &odd, Arithmetic::Tf32).unwrap();
            assert!(how.is_some(), "{pass:?} of {odd:?} on {}", described.name);
        }
    }
}

/// What cuDNN proposes is passed over where it gives other bits every time or rounds more, and what is taken can be made ready.
///
/// `cargo test --release -p apl-core --features cudnn --lib described -- --nocapture`, with cuDNN 9.8 or newer and the libraries that it wants on
/// LD_LIBRARY_PATH; no GPU and no driver is needed.
#[test]
fn described_gpus_have_engines_that_suit() {
    if let Some(trouble) = trouble_with(c"libcudnn") {
        println!("skipped: {trouble}");
        return;
    }
    if cudnn_number() < 90800 {
        println!("skipped: found cuDNN {}, expected 90800 or newer", cudnn_number());
        return;
    }
    match trouble_with(c"libcuda") {
        None => GPUS.iter().for_each(check),
        Some(trouble) => with_a_stand_in_for_the_driver(&trouble),
    }
}

/// Runs the test in a process of its own, where the driver's library is one whose functions all fail: cuDNN does not load without, and then calls none.
fn with_a_stand_in_for_the_driver(trouble: &str) {
    const INSIDE: &str = "APL_STAND_IN_FOR_THE_DRIVER";
    assert!(std::env::var_os(INSIDE).is_none(), "the stand-in is not taken: {trouble}");
    let folder = tempfile::tempdir().unwrap();
    if !compiled(folder.path()) {
        println!("skipped: {trouble}, and there is no C++ compiler (`c++`, or what CXX names)");
        return;
    }
    let mut places = vec![folder.path().to_path_buf()];
    let before = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&before));
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg(format!("{}::described_gpus_have_engines_that_suit", path_of_this_module()))
        .env("LD_LIBRARY_PATH", std::env::join_paths(places).unwrap())
        .env(INSIDE, "1")
        .status();
    assert!(status.unwrap().success());
}

/// What the test runner calls it: without the crate's name.
fn path_of_this_module() -> &'static str {
    module_path!().split_once("::").unwrap().1
}

/// Whether the stand-in could be made.
fn compiled(folder: &Path) -> bool {
    /// What cuDNN looks up and does not call.
    const ABSENT: &str = "CtxGetCurrent CtxGetLimit CtxPopCurrent CtxPushCurrent DeviceGet DeviceGetCount DriverGetVersion GetErrorName GetErrorString Init \
        LaunchCooperativeKernel LaunchKernel LaunchKernelEx LinkAddData LinkComplete LinkCreate LinkDestroy OccupancyMaxPotentialClusterSize \
        StreamGetCtx TensorMapEncodeIm2col TensorMapEncodeTiled";
    /// What it does with the kernels that it compiles for a plan, which nobody launches: asks for their handles, and sets their memory.
    const HANDLES: &str = "KernelGetFunction LibraryGetKernel LibraryLoadData LibraryLoadFromFile ModuleGetFunction ModuleLoadData";
    const NOTHING: &str = "KernelGetAttribute KernelSetAttribute LibraryUnload ModuleUnload";
    // 100 is CUDA_ERROR_NO_DEVICE.
    let source = [
        (ABSENT, "() { return 100; }"),
        (HANDLES, "(void **handle) { *handle = &it; return 0; }"),
        (NOTHING, "() { return 0; }"),
    ]
    .into_iter()
    .flat_map(|(names, body)| names.split(' ').map(move |name| format!("int cu{name}{body}\n")));
    let file = folder.join("driver.c");
    std::fs::write(&file, "static int it;\n".to_string() + &source.collect::<String>()).unwrap();
    let mut command = Command::new(compiler());
    command.args(["-shared", "-fPIC", "-w", "-Wl,-soname,libcuda.so.1", "-o"]);
    command.arg(folder.join("libcuda.so.1")).args(["-x", "c"]).arg(file);
    command.status().is_ok_and(|status| status.success())
}
