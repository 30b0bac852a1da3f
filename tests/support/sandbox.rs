//! A project in a folder of its own, and the `cairn` command run in it as a user would.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The folder; it goes when the test ends.
pub struct Sandbox {
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Sandbox {
    /// An empty project whose environment `test` is the emulator at `endpoint`.
    pub fn at(endpoint: &str) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        sandbox.write("config/default.yaml", "region: us-east-1\nstate: .cairn\n");
        sandbox.point_at(endpoint);
        sandbox
    }

    /// The persona agent's project as it is in the repository.
    pub fn persona(endpoint: &str) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for directory in ["config", "stacks"] {
            copy_all(&root.join(directory), &sandbox.path(directory));
        }
        sandbox.point_at(endpoint);
        sandbox
    }

    /// Makes the environment `test` mean another place.
    pub fn point_at(&self, endpoint: &str) {
        let text = format!(
            "account: \"000000000000\"\nendpoint: {endpoint}\n\
             parameters:\n  persona-agent:\n    StageName: local\n    LogRetentionInDays: 1\n"
        );
        self.write("config/test.yaml", &text);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Replaces a piece of text that stands exactly once in a file.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {name}");
        self.write(name, &text.replace(from, to));
    }

    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env("CAIRN_ENV", "test")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env_remove("AWS_PROFILE")
            // Whoever runs the tests may be a CI.
            .env_remove("CI")
            .env_remove("GITHUB_ACTIONS");
        command
    }

    /// Runs `cairn` with arguments separated by blanks.
    pub fn cairn(&self, arguments: &str) -> Ran {
        let output =
            self.command(arguments.split_whitespace()).output().expect("the binary starts");
        let ran = Ran {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        if arguments.starts_with("plan ") && arguments.contains("--json") {
            keep_plan(&ran.out);
        }
        ran
    }

    /// Starts `cairn` and lets it run.
    pub fn start(&self, arguments: &str) -> Child {
        self.command(arguments.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    }
}

impl Ran {
    /// Insists on an exit code, showing all that was said otherwise.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}

/// Keeps a plan that was printed as JSON, for `.ci/run` to hold it against its schema.
fn keep_plan(printed: &str) {
    if let (true, Some(target)) = (printed.starts_with('{'), option_env!("CARGO_TARGET_TMPDIR")) {
        let folder = Path::new(target).join("plans");
        fs::create_dir_all(&folder).expect("a folder");
        let mut file = tempfile::Builder::new()
            .prefix("plan-")
            .suffix(".json")
            .tempfile_in(folder)
            .expect("a file");
        file.write_all(printed.as_bytes()).expect("a file");
        file.keep().expect("a file");
    }
}

/// The command under test: Cargo says where it is to tests, and a benchmark lies beside it. A run
/// that shall outlast the next build names a copy of it.
pub fn binary() -> PathBuf {
    if let Some(copy) = std::env::var_os("CAIRN_BINARY") {
        return copy.into();
    }
    match option_env!("CARGO_BIN_EXE_cairn") {
        Some(path) => PathBuf::from(path),
        None => {
            let own = std::env::current_exe().expect("a running program has a place");
            own.ancestors().nth(2).expect("a target directory").join("cairn")
        }
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().expect("an entry has a type").is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file");
        }
    }
}
