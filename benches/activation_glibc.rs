//! The activations' speed under the system's allocator (glibc's on most of Linux): `cargo bench --bench activation_glibc`.

#[path = "activation/measure.rs"]
mod measure;

fn main() -> apl_core::Result<()> {
    measure::run("the system's", 40.0)
}
