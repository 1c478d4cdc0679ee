//! The activations' speed under mimalloc, the allocator of the `apl` command: `cargo bench --bench activation_mimalloc`.

#[path = "activation/measure.rs"]
mod measure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> apl_core::Result<()> {
    measure::run("mimalloc", 20.0)
}
