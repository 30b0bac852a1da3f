//! What a command is about: the template, its environment and its assets; no network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::Failure;
use super::stacks::SourceArgs;
use crate::assembly::cloud::{
    AssembledStack, FileAsset, Refused, StackArtifact, StackEnvironment, paths, published,
};
use crate::assembly::{self, Collected, Home};
use crate::config::{self, Environment};
use crate::diagnostic::{self, Diagnostic, Severity, Source};
use crate::graph::{self, AssetRef, Given, Graph, Inputs};
use crate::plan::saved::plain_parameters;
use crate::template::{self, Template};
use crate::value::LogicalId;

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
    /// The template.
    file: PathBuf,
    given: BTreeMap<String, Given>,
    /// What the app says of it, if it is of one.
    pub app: Option<AppStack>,
    /// The way to the bucket of the states, once somebody has gone it.
    pub(super) bucket: OnceLock<aws_sdk_s3::Client>,
}

/// A stack of a CDK app.
pub struct AppStack {
    /// The directory of the assembly.
    pub directory: PathBuf,
    pub stack: AssembledStack,
}

/// A stack's template with all that belongs to it.
pub struct Loaded {
    /// With its loops as they stand in the file.
    pub written: Arc<Template>,
    /// With its loops written out.
    pub template: Arc<Template>,
    pub collected: Collected,
    /// What the app warns of.
    warnings: Vec<Diagnostic>,
}

impl Project {
    /// Finds the stack file and reads the environment.
    pub fn of_file(path: &Path, source: &SourceArgs) -> Result<Self, Failure> {
        let file = stack_file(path)?;
        let name = match &source.name {
            Some(name) => name.clone(),
            None => stack_name(&file)?,
        };
        check_name(&name)?;
        let start = std::path::absolute(&file)?;
        let root = config::project_root(start.parent().unwrap_or(&start));
        let environment = Environment::load(root.as_deref(), &source.env)?;
        let mut project = Self {
            name,
            environment,
            root,
            file,
            given: BTreeMap::new(),
            app: None,
            bucket: OnceLock::new(),
        };
        project.give(source);
        Ok(project)
    }

    /// Takes a stack of an app's assembly.
    pub fn of_app(
        stack: AssembledStack,
        directory: PathBuf,
        mut environment: Environment,
        root: Option<PathBuf>,
        source: &SourceArgs,
    ) -> Result<Self, Failure> {
        check_name(&stack.stack_name)?;
        let name = environment.name.clone();
        let wanted = &stack.environment;
        for (what, wanted, found) in [
            ("account", &wanted.account, &mut environment.account),
            ("region", &wanted.region, &mut environment.region),
        ] {
            let Some(wanted) = wanted else { continue };
            if found.get_or_insert_with(|| wanted.clone()) != wanted {
                return Err(Failure::text(format!(
                    "the app's stack `{}` is for {what} {wanted}, the environment `{name}` is for {}",
                    stack.display_name,
                    found.clone().unwrap_or_default()
                ))
                .hint("choose the `--env` it is for, or take `env` out of the stack's properties"));
            }
        }
        environment.tags.extend(stack.tags.clone());
        let given = stack
            .parameters
            .iter()
            .map(|(name, text)| (name.clone(), Given { text: text.clone(), place: None }));
        let mut project = Self {
            name: stack.stack_name.clone(),
            environment,
            root,
            file: stack.template.clone(),
            given: given.collect(),
            app: Some(AppStack { directory, stack }),
            bucket: OnceLock::new(),
        };
        project.give(source);
        Ok(project)
    }

    /// Adds the parameters that the environment gives, and over them those of the command line.
    fn give(&mut self, source: &SourceArgs) {
        for (name, value) in self.environment.parameters.get(&self.name).into_iter().flatten() {
            let given = Given { text: value.text.clone(), place: Some(value.place.clone()) };
            self.given.insert(name.clone(), given);
        }
        for (name, text) in &source.parameters {
            let (stack, name) = name.split_once(':').unwrap_or((&self.name, name));
            let is_mine = stack == self.name
                || self.app.as_ref().is_some_and(|app| app.stack.display_name == stack);
            if is_mine {
                self.given.insert(name.to_owned(), Given { text: text.clone(), place: None });
            }
        }
    }

    /// A path from the project's root, for finding it again in a copy of the project.
    pub fn relative(&self, path: &Path) -> Result<String, Failure> {
        let Some(root) = &self.root else { return Ok(path.display().to_string()) };
        let (path, root) = (path.canonicalize()?, root.canonicalize()?);
        Ok(path.strip_prefix(root).unwrap_or(&path).display().to_string())
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Reads the template and zips what it points at.
    pub fn load(&self) -> Result<Loaded, Failure> {
        let warnings = self.app.as_ref().map(AppStack::check).transpose()?.unwrap_or_default();
        let text = std::fs::read_to_string(&self.file).map_err(|error| {
            Failure::text(format!("cannot read `{}`: {error}", self.file.display()))
        })?;
        let source = Arc::new(Source { name: self.file.display().to_string(), text });
        let written = Arc::new(template::draft(&source)?);
        let inputs = self.offline_inputs(&BTreeMap::new());
        let template = graph::expand(Arc::clone(&written), &inputs);
        let home = match &self.app {
            Some(app) => Home::Staged(&app.stack.files),
            None => Home::Directory(self.file.parent().unwrap_or(Path::new("."))),
        };
        let mut collected = assembly::collect(&template, home);
        let mut errors = std::mem::take(&mut collected.errors);
        if !errors.is_empty() || !template.is_sound() {
            // Neither hides what else is wrong.
            let inputs = self.offline_inputs(&collected.by_resource);
            errors.extend(graph::synth(template, inputs).err().unwrap_or_default());
            diagnostic::sort(&mut errors);
            return Err(errors.into());
        }
        Ok(Loaded { written, template, collected, warnings })
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
            things: None,
        }
    }

    /// The graph as far as it can be known without any call.
    pub fn offline_graph(&self) -> Result<(Graph, Loaded), Failure> {
        let loaded = self.load()?;
        let inputs = self.offline_inputs(&loaded.collected.by_resource);
        let mut graph = graph::synth(Arc::clone(&loaded.template), inputs)?;
        graph.warnings.splice(0..0, loaded.warnings.iter().cloned());
        Ok((graph, loaded))
    }

    /// The same, for what is to be deployed.
    pub fn deployable_graph(&self) -> Result<(Graph, Loaded), Failure> {
        let (graph, loaded) = self.offline_graph()?;
        Ok((graph.deployable()?, loaded))
    }

    /// The stack as a cloud assembly has it.
    ///
    /// # Errors
    ///
    /// What is wrong with the template: only what is right is worth publishing.
    pub fn artifact(&self) -> Result<StackArtifact, Failure> {
        let (graph, loaded) = self.offline_graph()?;
        let graph = graph.given()?;
        let directory = self.file.parent().unwrap_or(Path::new("."));
        let mut assets = BTreeMap::new();
        for (id, found) in &loaded.collected.by_resource {
            let Some(zipped) = loaded.collected.assets.get(&found.sha256) else { continue };
            let name = format!("{id}/{}", found.property);
            let asset = FileAsset::of_zip(&directory.join(&found.path), &name, zipped.bytes());
            assets.entry(found.path.clone()).or_insert(asset);
        }
        let given = self.given.iter().map(|(name, given)| (name.clone(), given.text.clone()));
        // Nobody else knows the modules.
        let plain = match graph::has_modules(&loaded.written) {
            true => &loaded.template,
            false => &loaded.written,
        };
        Ok(StackArtifact {
            id: self.name.clone(),
            stack_name: self.name.clone(),
            display_name: self.name.clone(),
            environment: StackEnvironment {
                account: self.environment.account.clone(),
                region: self.environment.region.clone(),
            },
            template: published(plain, &loaded.template, &assets),
            parameters: plain_parameters(&graph, &given.collect::<Vec<_>>()),
            tags: self.environment.tags.clone(),
            assets: assets.into_values().collect(),
            logical_ids: paths(&loaded.template, &self.name).collect(),
            ..StackArtifact::default()
        })
    }
}

impl AppStack {
    /// What the app warns of.
    ///
    /// # Errors
    ///
    /// What the app itself says is wrong, and what of it Cairn does not take.
    fn check(&self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let AssembledStack { display_name, messages, refused, .. } = &self.stack;
        let mut findings: Vec<Diagnostic> = messages
            .iter()
            .map(|message| {
                let finding = match message.is_error {
                    true => Diagnostic::error(&message.text),
                    false => Diagnostic::warning(&message.text),
                };
                finding.hint(format!("the app says so of `{}`", message.path))
            })
            .collect();
        for (name, why) in refused {
            let (what, hint) = match why {
                Refused::Image => (
                    "a container image, which Cairn does not publish",
                    "push it to a registry yourself and refer to it by its URI",
                ),
                Refused::Executable => (
                    "made by a program of the assembly, which Cairn does not run",
                    "let the app stage the file itself",
                ),
                Refused::Packaging => {
                    ("packaged in a way that Cairn does not know", "update Cairn")
                }
            };
            let message = format!("the asset `{name}` of `{display_name}` is {what}");
            findings.push(Diagnostic::error(message).hint(hint));
        }
        match findings.iter().any(|finding| finding.severity == Severity::Error) {
            true => Err(findings),
            false => Ok(findings),
        }
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
        let failure = Failure::text(format!("`{}` has no stack file", path.display()));
        match path.join("manifest.json").is_file() {
            true => failure
                .hint(format!("it is a cloud assembly: give it with `--app {}`", path.display())),
            false => failure.hint(format!("it may be called {}", STACK_FILES.join(", "))),
        }
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
