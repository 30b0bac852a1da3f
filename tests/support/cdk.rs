//! AWS's CDK from npm, pinned in `tests/cdk-app/package.json` and installed into the target
//! directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::npm;
use super::sandbox::{Ran, Sandbox};

const PACKAGE: &str = include_str!("../cdk-app/package.json");

/// The CDK, if this machine has Node.js to run it.
pub struct Cdk {
    /// Its `node_modules`.
    modules: PathBuf,
}

/// Installs it when it is not there. Without Node.js it says so, and there is none.
pub fn cdk(test: &str) -> Option<Cdk> {
    static INSTALLED: OnceLock<Option<PathBuf>> = OnceLock::new();
    let place = INSTALLED.get_or_init(|| npm::has_node().then(|| npm::install("cdk", PACKAGE)));
    if place.is_none() {
        npm::skip(test, "Node.js and npm, which are not on the PATH");
    }
    place.as_ref().map(|place| Cdk { modules: place.join("node_modules") })
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
