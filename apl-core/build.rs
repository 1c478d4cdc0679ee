//! With the feature `cuda`: makes the program load CUDA's libraries when it first uses them, so that it starts where there are none.

#![allow(clippy::expect_used)]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "cuda")]
    loader::build();
}

#[cfg(feature = "cuda")]
mod loader {
    use std::{env, fmt::Write, fs, path::PathBuf};

    pub fn build() {
        println!("cargo::rerun-if-changed=loader");
        println!("cargo::rustc-check-cfg=cfg(loader)");
        let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
        // Elsewhere the libraries are linked as usual.
        if target("OS") != "linux" || target("ARCH") != "x86_64" {
            return;
        }
        let symbols = fs::read_to_string("loader/symbols.txt").expect("loader/symbols.txt");
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR"));
        let (jumps, tables) = (out.join("jumps.s"), out.join("tables.c"));
        let [text, table] = sources(&symbols);
        fs::write(&jumps, text).expect("jumps.s");
        fs::write(&tables, table).expect("tables.c");
        // The whole archive comes before the libraries, so that these are not needed.
        cc::Build::new()
            .file("loader/loader.c")
            .file(tables)
            .file(jumps)
            .link_lib_modifier("+whole-archive")
            .compile("apl_cuda_loader");
        println!("cargo::rustc-cfg=loader");
    }

    /// A jump for every function, and the tables that `loader.c` looks into.
    fn sources(symbols: &str) -> [String; 2] {
        let (mut libraries, mut functions) = (Vec::new(), Vec::new());
        for line in symbols.lines().map(str::trim) {
            match line {
                "" => {}
                comment if comment.starts_with('#') => {}
                library if library.contains(".so") => libraries.push(library),
                function => functions.push((function, libraries.len() - 1)),
            }
        }
        let mut jumps = String::from(COMMON);
        let mut slots = String::from(".section .data\n.balign 8\n.globl apl_slots\napl_slots:\n");
        let mut table = String::from("struct symbol { const char *name; int library; };\n");
        table.push_str("const struct symbol apl_symbols[] = {\n");
        for (i, (function, library)) in functions.iter().enumerate() {
            let _ = writeln!(
                jumps,
                ".globl {function}\n.type {function}, @function\n{function}:\n  jmp *apl_slots+{}(%rip)\napl_lazy_{i}:\n  pushq ${i}\n  jmp apl_common",
                8 * i
            );
            let _ = writeln!(slots, "  .quad apl_lazy_{i}");
            let _ = writeln!(table, "  {{\"{function}\", {library}}},");
        }
        table.push_str("};\nconst char *const apl_libraries[] = {\n");
        for library in &libraries {
            let _ = writeln!(table, "  \"{library}\",");
        }
        let _ = writeln!(table, "}};\nconst int apl_library_count = {};", libraries.len());
        jumps.push_str(&slots);
        jumps.push_str(".section .note.GNU-stack,\"\",@progbits\n");
        [jumps, table]
    }

    /// Keeps the arguments, asks `apl_find` for the function whose number was pushed, and goes there as if nothing had been in between.
    const COMMON: &str = "\
.text
apl_common:
  pushq %rax
  pushq %rdi
  pushq %rsi
  pushq %rdx
  pushq %rcx
  pushq %r8
  pushq %r9
  subq $136, %rsp
  movups %xmm0, 0(%rsp)
  movups %xmm1, 16(%rsp)
  movups %xmm2, 32(%rsp)
  movups %xmm3, 48(%rsp)
  movups %xmm4, 64(%rsp)
  movups %xmm5, 80(%rsp)
  movups %xmm6, 96(%rsp)
  movups %xmm7, 112(%rsp)
  movq 192(%rsp), %rdi
  call apl_find@PLT
  movq %rax, %r11
  movups 0(%rsp), %xmm0
  movups 16(%rsp), %xmm1
  movups 32(%rsp), %xmm2
  movups 48(%rsp), %xmm3
  movups 64(%rsp), %xmm4
  movups 80(%rsp), %xmm5
  movups 96(%rsp), %xmm6
  movups 112(%rsp), %xmm7
  addq $136, %rsp
  popq %r9
  popq %r8
  popq %rcx
  popq %rdx
  popq %rsi
  popq %rdi
  popq %rax
  addq $8, %rsp
  jmp *%r11
";
}
