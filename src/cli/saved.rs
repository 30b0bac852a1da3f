//! Plans in files: written by `plan`, shown anywhere, and checked before `deploy` applies them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;

use super::deploy::{Args, Begun, Prepared};
use super::policy::refused;
use super::project::Project;
use super::session::{Promised, Session};
use super::stacks::{SourceArgs, StackArgs};
use super::watch::Watch;
use super::{Failure, clock};
use crate::config;
use crate::graph::{self, Graph};
use crate::plan::saved::{Origin, SavedPlan, looks_saved, plain_parameters};
use crate::plan::{self, Plan, Purpose};
use crate::refresh::versions;
use crate::sketch::Sketch;

/// What the files are called.
const EXTENSION: &str = "cairn";

/// The text of a plan file; `None` for a stack.
pub fn text(path: &Path) -> Result<Option<String>, Failure> {
    let is_named_so = path.extension().is_some_and(|extension| extension == EXTENSION);
    if !path.is_file() {
        return match is_named_so && !path.is_dir() {
            true => Err(Failure::text(format!("there is no plan `{}`", path.display()))
                .hint("plan files are written by `cairn plan STACK --out FILE`")),
            false => Ok(None),
        };
    }
    let text = read(path)?;
    Ok((is_named_so || looks_saved(&text)).then_some(text))
}

pub fn read(path: &Path) -> Result<String, Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::text(format!("cannot read `{}`: {error}", path.display()))
    };
    fs::read_to_string(path).map_err(|error| cannot(&error))
}

/// Writes a plan with what it was made from.
pub fn write(
    path: &Path,
    plan: &Plan,
    graph: Option<&Graph>,
    sketch: &Sketch,
    project: &Project,
    source: &SourceArgs,
) -> Result<(), Failure> {
    let parameters = graph.map(|graph| plain_parameters(graph, &source.parameters));
    let saved = SavedPlan {
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: clock::moment(),
        file: project.relative(project.file())?,
        app: project.app.as_ref().map(|app| project.relative(&app.directory)).transpose()?,
        environment: project.environment.name.clone(),
        parameters: parameters.unwrap_or_default(),
        origin: graph.map(Origin::of),
        sketch: sketch.clone(),
        plan: plan.clone(),
    };
    fs::write(path, saved.write()?)
        .map_err(|error| Failure::text(format!("cannot write `{}`: {error}", path.display())))
}

/// What can be done with the file of a plan.
pub fn what_for(path: &Path, plan: &Plan) -> String {
    let path = path.display();
    let command = match plan.purpose {
        Purpose::Teardown => "teardown",
        Purpose::Deploy | Purpose::Import | Purpose::Rollback => "deploy",
    };
    let run = format!("`cairn {command} {path}`");
    match (refused(plan), plan.has_work()) {
        (Some(_), _) => format!("\n{path} is to be looked at only: {run} would refuse it"),
        (None, false) => format!("\n{path} is to be looked at only: there is nothing to do"),
        (None, true) => format!(
            "\n{run} does exactly this, within a day and while nothing it was made from has changed"
        ),
    }
}

/// Holds a saved plan against everything it was made from, cheapest first; what comes out is the
/// plan as it was saved. Only to see whether it still holds is it made a second time.
pub async fn prepare(saved: SavedPlan, args: &Args, watch: &Watch) -> Result<Prepared, Failure> {
    saved.check_purpose(Purpose::Deploy)?;
    saved.check_age(clock::moment(), args.max_age)?;
    let project = stack_of(&saved, &args.stack.source)?.find()?;
    let rules = args.policy.rules(&project)?;
    let loaded = project.load()?;
    saved.check_template(&loaded.template)?;
    let offline = project.offline_inputs(&loaded.collected.by_resource);
    saved.check_origin(&graph::synth(Arc::clone(&loaded.template), offline)?.given()?)?;
    let assets = loaded.collected.assets.clone();
    let session = Session::watched(&project.environment, assets, watch).await?;
    saved.check_home(session.aws.account(), session.aws.region())?;
    let store = project.store().await?;
    let (session, lock) = session.lock(&store, "cairn deploy").await?;
    let state = saved.state(store.read().await?)?;
    let graph = session.graph(&project, &loaded, &state, &Promised::default()).await?;
    let mut observed = session.observe(&state).await?;
    versions::look(&graph, &state, &session.aws, &mut observed).await;
    let mut tokens = saved.tokens().into_iter();
    let mut draw = || tokens.next().unwrap_or_else(|| session.tokens.draw());
    saved.check_live(&plan::plan(&graph, &state, &observed, &mut draw)?)?;
    let plan = saved.plan;
    Ok(Prepared { begun: Begun::SavedPlan, project, rules, session, lock, state, graph, plan })
}

/// The stack that a saved plan tears down, and how it is to be done there: everything is held
/// against what it was made from once the state's lock is taken.
pub fn teardown(
    text: &str,
    given: &SourceArgs,
    max_age: SignedDuration,
) -> Result<(Project, SavedPlan), Failure> {
    let saved = SavedPlan::read(text)?;
    saved.check_purpose(Purpose::Teardown)?;
    saved.check_age(clock::moment(), max_age)?;
    Ok((stack_of(&saved, given)?.find()?, saved))
}

/// Where the plan's stack is here. What the file must not hold is given again.
fn stack_of(saved: &SavedPlan, given: &SourceArgs) -> Result<StackArgs, Failure> {
    let SavedPlan { plan, environment, .. } = saved;
    if given.env != config::DEFAULT && given.env != *environment {
        let message =
            format!("the plan is for the environment `{environment}`, not `{}`", given.env);
        return Err(Failure::text(message).hint("leave `--env` out: the plan says it"));
    }
    if given.name.as_ref().is_some_and(|name| *name != plan.stack) {
        return Err(Failure::text(format!("the plan is for the stack `{}`", plan.stack))
            .hint("leave `--name` out: the plan says it"));
    }
    if given.app.is_some() {
        return Err(Failure::text("the plan says which stack it is of")
            .hint("leave `--app` out: the assembly that the plan was made from is used"));
    }
    let root = config::project_root(Path::new(".")).unwrap_or_default();
    let file = root.join(&saved.file);
    if !file.is_file() {
        return Err(Failure::text(format!("the plan is of `{}`, which is not here", saved.file))
            .hint("run this in the project that it was made in, or in a copy of it"));
    }
    let mut parameters: Vec<(String, String)> = saved.parameters.clone().into_iter().collect();
    parameters.extend(given.parameters.iter().cloned());
    let app = saved.app.as_ref().map(|app| root.join(app).display().to_string());
    let (stack, name) = match app {
        Some(_) => (plan.stack.clone().into(), None),
        None => (file, Some(plan.stack.clone())),
    };
    let env = environment.clone();
    Ok(StackArgs { stack, source: SourceArgs { env, app, context: Vec::new(), parameters, name } })
}
