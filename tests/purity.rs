//! The core has no async, file, network, clock, randomness or environment: those are arguments.

use std::fs;
use std::path::{Path, PathBuf};

const PURE: &[&str] = &[
    "construct/element.rs",
    "construct/expression.rs",
    "construct/level1",
    "construct/module.rs",
    "construct/modules.rs",
    "construct/overrides.rs",
    "construct/private_agent_api.rs",
    "construct/substitute.rs",
    "construct/synth.rs",
    "construct/tree.rs",
    "course",
    "diagnostic.rs",
    "graph",
    "journal/mod.rs",
    "permissions",
    "plan",
    "policy",
    "reconcile/retry.rs",
    "reconcile/schedule.rs",
    "schema",
    "sketch",
    "state/change.rs",
    "state/format.rs",
    "state/law.rs",
    "state/mod.rs",
    "state/run.rs",
    "template",
    "value.rs",
];

const IMPURE: &[&str] = &[
    "async fn",
    ".await",
    "tokio::",
    "std::fs",
    "TcpStream",
    "std::env",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "getrandom",
    "println!",
];

#[test]
fn the_core_is_pure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for entry in PURE {
        for file in sources(&root.join(entry)) {
            let text = fs::read_to_string(&file).expect("a source file");
            seen += 1;
            for word in IMPURE {
                assert!(!text.contains(word), "`{word}` in {}", file.display());
            }
        }
    }
    assert!(seen > 40, "{seen} files");
}

/// The source files below a path, without tests.
fn sources(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("tests") || name == "laws.rs" {
        return Vec::new();
    }
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.flatten().flat_map(|entry| sources(&entry.path())).collect()
}
