//! Packages from npm, pinned in a `package.json` of the tests and installed into the target
//! directory.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::sandbox::binary;

/// Whether this machine has Node.js to run them.
pub fn has_node() -> bool {
    answers("node") && answers("npm")
}

/// Whether a program is there and runs.
pub fn answers(program: impl AsRef<Path>) -> bool {
    let mut command = Command::new(program.as_ref());
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Says that a test has not been run.
pub fn skip(test: &str, why: &str) {
    // Not `eprintln!`, which the test harness keeps to itself where a test passes.
    let told = format!("SKIPPED: {test} needs {why}\n");
    std::io::stderr().write_all(told.as_bytes()).expect("standard error is there");
}

/// The directory with the `node_modules` of a list of packages. One for each list; the marker says
/// that it is whole. Another process may install at the same time: each does it on its own, and
/// the first to be done is taken.
pub fn install(what: &str, package: &str) -> PathBuf {
    let digest = cairn::value::digest(package.as_bytes());
    let name: String = digest.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    let target = binary().ancestors().nth(2).expect("a target directory").to_owned();
    let place = target.join(what).join(name);
    if !place.join("node_modules").is_dir() {
        let parent = place.parent().expect("it has one");
        fs::create_dir_all(parent).expect("a folder");
        let fresh = tempfile::tempdir_in(parent).expect("a folder");
        fs::write(fresh.path().join("package.json"), package).expect("a file");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]);
        let output = npm.current_dir(fresh.path()).output().expect("npm starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        if fs::rename(fresh.path(), &place).is_ok() {
            // What was moved away is no longer there to be removed.
            let _ = fresh.keep();
        }
    }
    place
}
