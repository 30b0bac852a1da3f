//! What a command is about: the template, its environment and its assets; no network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::Failure;
use crate::assembly::{self, Collected};
use crate::config::{self, Environment};
use crate::diagnostic::{Diagnostic, Source};
use crate::graph::{self, AssetRef, Given, Graph, Inputs};
use crate::state::State;
use crate::state::store::Store;
use crate::template::{self, Template};
use crate::value::LogicalId;

/// Which stack, and where.
#[derive(Debug, Clone, Args)]
pub struct StackArgs {
    /// The stack: a directory with a stack file in it, or the file
    pub stack: PathBuf,
    /// The environment: config/<ENV>.yaml over config/default.yaml
    #[arg(short, long, env = "CAIRN_ENV", default_value = config::DEFAULT)]
    pub env: String,
    /// A parameter of the template; repeatable
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    pub parameters: Vec<(String, String)>,
    /// The stack's name, if it is not the name of its directory or file
    #[arg(long)]
    pub name: Option<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write it as NAME=VALUE".to_owned())
}

/// What a stack file may be called in a stack's directory, the first found first.
const STACK_FILES: &[&str] =
    &["stack.yaml", "stack.yml", "stack.json", "template.yaml", "template.yml", "template.json"];

/// The account a template is checked with while none is known.
const SAMPLE_ACCOUNT: &str = "123456789012";
const SAMPLE_REGION: &str = "us-east-1";

/// A stack, read and not yet evaluated.
pub struct Project {
    pub name: String,
    pub environment: Environment,
    /// The directory that holds `config/`, if there is one.
    root: Option<PathBuf>,
    file: PathBuf,
    given: BTreeMap<String, Given>,
}

/// A stack's template with all that belongs to it.
pub struct Loaded {
    /// With its loops as they stand in the file.
    pub written: Arc<Template>,
    /// With its loops written out.
    pub template: Arc<Template>,
    pub collected: Collected,
}

impl Project {
    /// Finds the stack file and reads the environment.
    pub fn find(args: &StackArgs) -> Result<Self, Failure> {
        let file = stack_file(&args.stack)?;
        let name = match &args.name {
            Some(name) => name.clone(),
            None => stack_name(&file)?,
        };
        check_name(&name)?;
        let start = std::path::absolute(&file)?;
        let root = config::project_root(start.parent().unwrap_or(&start));
        let environment = Environment::load(root.as_deref(), &args.env)?;
        let mut given: BTreeMap<String, Given> = environment
            .parameters
            .get(&name)
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                let given = Given { text: value.text.clone(), place: Some(value.place.clone()) };
                (name.clone(), given)
            })
            .collect();
        for (name, text) in &args.parameters {
            given.insert(name.clone(), Given { text: text.clone(), place: None });
        }
        Ok(Self { name, environment, root, file, given })
    }

    /// The stack file from the project's root, for finding it again in a copy of the project.
    pub fn relative_file(&self) -> Result<String, Failure> {
        let Some(root) = &self.root else { return Ok(self.file.display().to_string()) };
        let (file, root) = (self.file.canonicalize()?, root.canonicalize()?);
        Ok(file.strip_prefix(root).unwrap_or(&file).display().to_string())
    }

    /// Reads the template and zips what it points at.
    pub fn load(&self) -> Result<Loaded, Failure> {
        let text = std::fs::read_to_string(&self.file).map_err(|error| {
            Failure::text(format!("cannot read `{}`: {error}", self.file.display()))
        })?;
        let source = Arc::new(Source { name: self.file.display().to_string(), text });
        let written = Arc::new(template::parse(&source)?);
        let inputs = self.offline_inputs(&BTreeMap::new());
        let template = graph::expand(Arc::clone(&written), &inputs)?;
        let directory = self.file.parent().unwrap_or(Path::new("."));
        let collected = assembly::collect(&template, assembly::Home::Directory(directory))?;
        Ok(Loaded { written, template, collected })
    }

    /// What the template is evaluated with where no account is known.
    pub fn offline_inputs(&self, assets: &BTreeMap<LogicalId, AssetRef>) -> Inputs {
        let account = self.environment.account.as_deref().unwrap_or(SAMPLE_ACCOUNT);
        let region = self.environment.region.as_deref().unwrap_or(SAMPLE_REGION);
        self.inputs(assets, account, region, "aws", "00000000-0000-0000-0000-000000000000")
    }

    pub fn inputs(
        &self,
        assets: &BTreeMap<LogicalId, AssetRef>,
        account: &str,
        region: &str,
        partition: &str,
        lineage: &str,
    ) -> Inputs {
        Inputs {
            stack: self.name.clone(),
            account: account.to_owned(),
            region: region.to_owned(),
            partition: partition.to_owned(),
            stack_id: format!(
                "arn:{partition}:cloudformation:{region}:{account}:stack/{}/{lineage}",
                self.name
            ),
            parameters: self.given.clone(),
            tags: self.environment.tags.clone(),
            zones: Vec::new(),
            assets: assets.clone(),
            exports: None,
            outputs: None,
            stored: None,
        }
    }

    /// The states of the other stacks of this environment.
    pub fn others(&self) -> Result<Vec<State>, Failure> {
        let home = self.environment.state.join(&self.environment.name);
        let Ok(entries) = std::fs::read_dir(&home) else { return Ok(Vec::new()) };
        let mut names: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name())
            .collect();
        names.sort();
        let mut others = Vec::new();
        for name in names.iter().filter(|name| name.to_str() != Some(&self.name)) {
            others.extend(Store::new(&home.join(name)).read()?);
        }
        Ok(others)
    }

    /// The graph as far as it can be known without any call.
    pub fn offline_graph(&self) -> Result<(Graph, Loaded), Failure> {
        let loaded = self.load()?;
        let inputs = self.offline_inputs(&loaded.collected.by_resource);
        let graph = graph::synth(Arc::clone(&loaded.template), inputs)?;
        Ok((graph, loaded))
    }

    pub fn store(&self) -> Store {
        Store::new(&self.environment.state.join(&self.environment.name).join(&self.name))
    }
}

fn stack_file(path: &Path) -> Result<PathBuf, Failure> {
    if path.is_file() {
        return Ok(path.to_owned());
    }
    if !path.is_dir() {
        return Err(Failure::text(format!("there is no stack `{}`", path.display()))
            .hint("give a directory with a stack.yaml in it, or a template file"));
    }
    STACK_FILES.iter().map(|name| path.join(name)).find(|file| file.is_file()).ok_or_else(|| {
        Failure::text(format!("`{}` has no stack file", path.display()))
            .hint(format!("it may be called {}", STACK_FILES.join(", ")))
    })
}

/// A stack is called as its directory, unless its file has a name of its own.
fn stack_name(file: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(file)?;
    let own = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let named = if STACK_FILES.contains(&own.as_str()) {
        absolute.parent().and_then(Path::file_name)
    } else {
        absolute.file_stem()
    };
    let text = named.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(text.replace(['_', '.', ' '], "-"))
}

fn check_name(name: &str) -> Result<(), Failure> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_plain = name.chars().all(|one| one.is_ascii_alphanumeric() || one == '-');
    if starts_well && is_plain && name.len() <= 128 {
        return Ok(());
    }
    Err(Failure::Diagnostics(vec![
        Diagnostic::error(format!("`{name}` cannot be a stack's name")).hint(
            "a name begins with a letter and has letters, digits and dashes, 128 at most: \
             give one with `--name`",
        ),
    ]))
}
