//! AWS's CDK from npm, pinned in `tests/cdk-app/package.json` and installed into the target
//! directory.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::sandbox::{Ran, Sandbox, binary};

const PACKAGE: &str = include_str!("../cdk-app/package.json");

/// The CDK, if this machine has Node.js to run it.
pub struct Cdk {
    /// Its `node_modules`.
    modules: PathBuf,
}

/// Installs it when it is not there. Without Node.js it says so, and there is none.
pub fn cdk(test: &str) -> Option<Cdk> {
    static INSTALLED: OnceLock<Option<PathBuf>> = OnceLock::new();
    let modules = INSTALLED.get_or_init(|| has_node().then(install));
    if modules.is_none() {
        // Not `eprintln!`, which the test harness keeps to itself where a test passes.
        let told = format!("SKIPPED: {test} needs Node.js and npm, which are not on the PATH\n");
        std::io::stderr().write_all(told.as_bytes()).expect("standard error is there");
    }
    modules.clone().map(|modules| Cdk { modules })
}

fn has_node() -> bool {
    let answers = |program: &str| {
        let mut command = Command::new(program);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    answers("node") && answers("npm")
}

/// One directory for each list of packages; the marker says that it is whole. Another process may
/// install at the same time: each does it on its own, and the first to be done is taken.
fn install() -> PathBuf {
    let digest = cairn::value::digest(PACKAGE.as_bytes());
    let name: String = digest.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    let target = binary().ancestors().nth(2).expect("a target directory").to_owned();
    let place = target.join("cdk").join(name);
    if !place.join("node_modules").is_dir() {
        let parent = place.parent().expect("it has one");
        fs::create_dir_all(parent).expect("a folder");
        let fresh = tempfile::tempdir_in(parent).expect("a folder");
        fs::write(fresh.path().join("package.json"), PACKAGE).expect("a file");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]);
        let output = npm.current_dir(fresh.path()).output().expect("npm starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        if fs::rename(fresh.path(), &place).is_ok() {
            // What was moved away is no longer there to be removed.
            let _ = fresh.keep();
        }
    }
    place.join("node_modules")
}

impl Cdk {
    /// Puts the mission as a CDK app into a project.
    pub fn app(&self, sandbox: &Sandbox) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cdk-app");
        for name in ["app.js", "cdk.json"] {
            let text = fs::read_to_string(from.join(name)).expect("a file of the app");
            sandbox.write(name, &text);
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&self.modules, sandbox.path("node_modules")).expect("a link");
    }

    /// Runs the CDK's own command line in a project, without credentials or network.
    pub fn run(&self, sandbox: &Sandbox, arguments: &str) -> Ran {
        let mut command = Command::new("node");
        command
            .arg(self.modules.join("aws-cdk/bin/cdk"))
            .args(arguments.split_whitespace())
            .args(["--no-color", "--no-notices", "--no-version-reporting"])
            .current_dir(sandbox.path("."))
            .env("CDK_DISABLE_CLI_TELEMETRY", "true")
            .env("CI", "true");
        let output = command.output().expect("node starts");
        Ran {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
