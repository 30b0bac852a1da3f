//! Links the release binary small and quick to start: identical functions are folded into one,
//! since generated code repeats itself, addresses are settled by the linker and not at every
//! start, and tables for unwinding, which nothing does there, are left out. See
//! docs/decisions/0011-small-release-binary.md.

#![expect(
    clippy::disallowed_methods,
    reason = "Cargo tells a build script what it needs in the environment"
)]

use std::path::Path;
use std::{env, fs, io};

/// Panics abort, and a stripped binary has no names that a trace could show.
const WITHOUT_UNWINDING: &str =
    "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.gcc_except_table*) } } INSERT AFTER .text;\n";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Where Rust links with its own LLD; other linkers may not know the option.
    let links_with_lld = is("TARGET", "x86_64-unknown-linux-gnu")
        && env::var("RUSTC_LINKER").is_err()
        && is("CARGO_ENCODED_RUSTFLAGS", "");
    if is("PROFILE", "release") && links_with_lld {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
        println!("cargo::rustc-link-arg-bins=-no-pie");
        let script = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("sections.ld");
        fs::write(&script, WITHOUT_UNWINDING)?;
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        println!("cargo::rustc-link-arg-bins={}", script.display());
    }
    Ok(())
}
