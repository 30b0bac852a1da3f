//! Which stacks a command is about: a stack file, or stacks that a CDK app synthesizes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use super::project::Project;
use crate::assembly::cloud::{self, App, Assembly, CdkJson, Reach};
use crate::config::{self, Environment};
use crate::render::say;

/// Where stacks come from, and where they go.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// The environment: config/<ENV>.yaml over config/default.yaml
    #[arg(short, long, env = "CAIRN_ENV", default_value = config::DEFAULT)]
    pub env: String,
    /// A CDK app: the directory of its cloud assembly, or the command that writes one; without it,
    /// the `app` of the cdk.json here if no stack file is given
    #[arg(short, long, value_name = "DIRECTORY|COMMAND")]
    pub app: Option<String>,
    /// A context value for an app that is a command; repeatable
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = pair)]
    pub context: Vec<(String, String)>,
    /// A parameter of the template; repeatable. `STACK:NAME=VALUE` gives it to one stack of several
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub parameters: Vec<(String, String)>,
    /// The stack's name, if it is not the name of its directory or file
    #[arg(long)]
    pub name: Option<String>,
}

/// One stack.
#[derive(Debug, Clone, Args)]
pub struct StackArgs {
    /// The stack: a directory with a stack file in it, or the file; of an app, its name
    pub stack: PathBuf,
    #[command(flatten)]
    pub source: SourceArgs,
}

/// One stack, or several of an app.
#[derive(Debug, Clone, Args)]
pub struct StacksArgs {
    /// The stack: a directory with a stack file in it, or the file; of an app, names or patterns
    #[arg(value_name = "STACK")]
    pub stacks: Vec<PathBuf>,
    /// All stacks of the app
    #[arg(long, conflicts_with = "stacks")]
    pub all: bool,
    /// Only the stacks that are named, not those they depend on or, in a teardown, that depend on
    /// them
    #[arg(long)]
    pub exclusively: bool,
    #[command(flatten)]
    pub source: SourceArgs,
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write it as NAME=VALUE".to_owned())
}

impl StackArgs {
    pub fn find(&self) -> Result<Project, Failure> {
        let stacks = StacksArgs {
            stacks: vec![self.stack.clone()],
            all: false,
            exclusively: true,
            source: self.source.clone(),
        };
        let mut found = stacks.find(Reach::Named)?;
        match (found.pop(), found.is_empty()) {
            (Some(project), true) => Ok(project),
            _ => Err(Failure::text(format!("`{}` is more than one stack", self.stack.display()))
                .hint("this command takes one at a time")),
        }
    }
}

impl StacksArgs {
    /// The only path that is given, for a command that takes other files besides.
    pub fn path(&self) -> Option<&Path> {
        match self.stacks.as_slice() {
            [path] => Some(path),
            _ => None,
        }
    }

    /// The stacks that are meant, each after those it depends on.
    pub fn find(&self, reach: Reach) -> Result<Vec<Project>, Failure> {
        let Some(app) = self.source.app(&self.stacks)? else { return self.of_file() };
        if self.source.name.is_some() {
            return Err(Failure::text("an app names its stacks itself")
                .hint("leave `--name` out: it is for stack files"));
        }
        let (root, environment, assembly) = app.open(&self.source)?;
        let patterns: Vec<String> = match self.all {
            true => vec!["**".to_owned()],
            false => self.stacks.iter().map(|stack| stack.display().to_string()).collect(),
        };
        let reach = if self.exclusively { Reach::Named } else { reach };
        let mut names = BTreeSet::new();
        let mut projects = Vec::new();
        for stack in assembly.select(&patterns, reach)? {
            if !names.insert(&stack.stack_name) {
                return Err(Failure::text(format!(
                    "two of these stacks are called `{}`",
                    stack.stack_name
                ))
                .hint("an environment has one of each name: choose those that belong to it"));
            }
            let app = assembly.directory.clone();
            projects.push(Project::of_app(
                stack.clone(),
                app,
                environment.clone(),
                root.clone(),
                &self.source,
            )?);
        }
        Ok(projects)
    }

    fn of_file(&self) -> Result<Vec<Project>, Failure> {
        match self.stacks.as_slice() {
            _ if self.all => Err(Failure::text("`--all` means all stacks of an app")
                .hint("name the app with `--app`, or run this beside its cdk.json")),
            [] => Err(Failure::text("no stack was given").hint(
                "give a directory with a stack.yaml in it, a template file, or a CDK app with \
                 `--app`",
            )),
            [stack] => Ok(vec![Project::of_file(stack, &self.source)?]),
            _ => Err(Failure::text("only the stacks of an app can be taken together")
                .hint("take one stack file at a time, or name the app with `--app`")),
        }
    }
}

/// Where an app's assembly comes from.
struct Origin {
    app: String,
    file: CdkJson,
}

impl SourceArgs {
    /// The app that is meant, if it is one.
    fn app(&self, stacks: &[PathBuf]) -> Result<Option<Origin>, Failure> {
        let here = || CdkJson::read(Path::new("."));
        if let Some(app) = &self.app {
            let file = if Path::new(app).is_dir() { None } else { here()? };
            return Ok(Some(Origin { app: app.clone(), file: file.unwrap_or_default() }));
        }
        if stacks.iter().any(|stack| stack.exists()) {
            return Ok(None);
        }
        let Some(file) = here()? else { return Ok(None) };
        Ok(file.app.clone().map(|app| Origin { app, file }))
    }
}

impl Origin {
    /// The assembly, written first if the app is a command, with the environment it is read for.
    fn open(
        &self,
        source: &SourceArgs,
    ) -> Result<(Option<PathBuf>, Environment, Assembly), Failure> {
        let given = Path::new(&self.app);
        let here = Path::new(".");
        let start = if given.is_dir() { given } else { here };
        let root = config::project_root(start).or_else(|| config::project_root(here));
        let environment = Environment::load(root.as_deref(), &source.env)?;
        let directory = match given.is_dir() {
            true => given.to_owned(),
            false => {
                say(&format!("Running the app: {}", self.app));
                let app = App {
                    command: &self.app,
                    file: &self.file,
                    context: &source.context,
                    account: environment.account.as_deref(),
                    region: environment.region.as_deref(),
                };
                app.synthesize()?
            }
        };
        let assembly = cloud::read(&directory)?;
        Ok((root, environment, assembly))
    }
}
