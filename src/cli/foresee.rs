//! Before the first of several stacks is touched: what the plans of all of them say, as far as it
//! can be known. A later stack that nobody may agree to, or that rules forbid, is found while
//! nothing has been changed yet, and not when half of them are deployed.

use super::Failure;
use super::deploy::Args;
use super::gate::stopped;
use super::policy::{hold, refused};
use super::project::Project;
use super::session::{Promised, Session};
use super::terminal::has_person;
use crate::plan::Plan;
use crate::policy::Rule;
use crate::render::say;

/// Looks at all of them, if anything can stop one.
///
/// # Errors
///
/// That one of them will be refused, or needs an approval that there is nobody to ask for.
pub async fn foresee(projects: &[Project], args: &Args) -> Result<(), Failure> {
    let mut promised = Promised::default();
    let mut asked = Vec::new();
    for project in projects {
        let rules = args.policy.rules(project)?;
        if args.require_approval.is_empty() && rules.is_empty() {
            continue;
        }
        // What it needs is not there before those before it are. What else may be wrong is told when
        // it is its turn.
        let Ok(plan) = Box::pin(plan(project, &promised, &rules)).await else {
            say(&format!(
                "note: what `{}` needs cannot be known before the stacks before it are deployed",
                project.name
            ));
            break;
        };
        if let Some(why) = refused(&plan) {
            let message = format!(
                "nothing was changed: the plan of `{}`, one of {}, is refused, since {why}",
                plan.stack,
                names(projects)
            );
            return Err(Failure::text(message)
                .hint(format!("see what it is: `cairn plan {}`", plan.stack))
                .hint("change the template, or the rules"));
        }
        if let Some(why) = stopped(&args.require_approval, &plan) {
            asked.push((plan.stack.clone(), why));
        }
        promised.add(&plan);
    }
    if asked.is_empty() {
        return Ok(());
    }
    let told: Vec<String> =
        asked.iter().map(|(stack, why)| format!("`{stack}`, since {why}")).collect();
    if has_person() {
        say(&format!("Of these stacks will be asked about: {}", told.join("; ")));
        return Ok(());
    }
    let message = format!(
        "nothing was changed: of {}, these need approval, and there is no terminal to ask on: {}",
        names(projects),
        told.join("; ")
    );
    Err(Failure::text(message)
        .hint("look at them with `cairn plan`, then deploy them where somebody can agree")
        .hint("`--require-approval` says which plans need that; `--yes` does not answer for them"))
}

async fn plan(project: &Project, promised: &Promised, rules: &[Rule]) -> Result<Plan, Failure> {
    let (_, loaded) = project.deployable_graph()?;
    let session = Session::open(&project.environment, loaded.collected.assets.clone()).await?;
    let state = session.state(project).await?;
    let graph = session.graph(project, &loaded, &state, promised).await?;
    let mut plan = session.plan(&graph, &state).await?;
    hold(&mut plan, rules, Some(&graph), &state, &project.environment.name)?;
    Ok(plan)
}

fn names(projects: &[Project]) -> String {
    let names: Vec<String> = projects.iter().map(|project| format!("`{}`", project.name)).collect();
    names.join(", ")
}
