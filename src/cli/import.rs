//! `cairn import`: what is there already becomes a stack's. Nothing of it is touched, but Cairn's
//! tags are written where that is asked for.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::deploy::{Begun, agreed, apply, conclude, say_how_to_go_on, show};
use super::interrupt::minded;
use super::project::Project;
use super::session::{Promised, Session};
use super::stacks::StackArgs;
use super::watch::{Watch, WatchArgs};
use super::{Code, Failure};
use crate::diagnostic::Source;
use crate::graph::Graph;
use crate::plan::adopt::{self, Wanted};
use crate::plan::{Plan, Tagging};
use crate::refresh::Observed;
use crate::refresh::adoption::{look, owners};
use crate::render::plan::summary;
use crate::render::say;
use crate::state::State;
use crate::template::{self, DeletionPolicy, Policy};
use crate::value::LogicalId;

/// Take over resources that are there already
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is made or changed in AWS: the state learns of what is there. The plan is shown \
    first;\nwhat the template says otherwise is for the next deploy.\n\n\
    Examples:\n  cairn import stacks/network Vpc vpc-0a1b2c3d\n  \
    cairn import stacks/network Vpc vpc-0a1b2c3d Subnet subnet-0e5f --yes\n  \
    cairn import stacks/network --from-file ids.json   # {\"Vpc\": \"vpc-0a1b2c3d\"}\n  \
    cairn import stacks/network --from-cloudformation network-prod"
)]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// Logical ids of the template, each followed by the id of what is there
    #[arg(value_name = "LOGICAL-ID PHYSICAL-ID")]
    pairs: Vec<String>,
    /// A JSON file with a map of logical ids to physical ones
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Take over all that a stack of CloudFormation's has and the template declares
    #[arg(long, value_name = "NAME")]
    from_cloudformation: Option<String>,
    /// Write Cairn's tags on what is taken over
    #[arg(long)]
    tag: bool,
    /// Show what would be taken over, and end there
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    watch: WatchArgs,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let mut wanted = paired(&args.pairs)?;
    if let Some(path) = &args.from_file {
        wanted.extend(listed(path)?);
    }
    if wanted.is_empty() && args.from_cloudformation.is_none() {
        return Err(Failure::text("nothing to import was given")
            .hint(
                "give a logical id and the id of what is there: `cairn import STACK Vpc vpc-0a1b`",
            )
            .hint("or `--from-file`, or `--from-cloudformation`"));
    }
    let project = args.stack.find()?;
    minded(&project.name, Box::pin(take_over(&project, args, wanted))).await
}

async fn take_over(project: &Project, args: &Args, mut wanted: Wanted) -> Result<Code, Failure> {
    let (_, loaded) = project.deployable_graph()?;
    let watch = Watch::begin(&args.watch)?;
    let assets = loaded.collected.assets.clone();
    let session = Session::watched(&project.environment, assets, &watch).await?;
    let store = project.store().await?;
    let (session, lock) = match args.dry_run {
        true => (session, None),
        false => {
            let (session, lock) = session.lock(&store, "cairn import").await?;
            (session, Some(lock))
        }
    };
    let state = session.state(project).await?;
    let graph = session.graph(project, &loaded, &state, &Promised::default()).await?;
    if let Some(stack) = &args.from_cloudformation {
        wanted.extend(of_cloudformation(stack, &graph, &session).await?);
    }
    let tagging = if args.tag { Tagging::Write } else { Tagging::Leave };
    let plan = planned(&graph, &state, &wanted, tagging, &session).await?;
    show(&plan, project)?;
    let Some(lock) = lock else { return Ok(Code::Success) };
    let code = match plan.has_work() {
        false => Code::Success,
        true => {
            if !args.yes && !agreed("Take these over?").await? {
                return Err(Failure::text("nothing was changed: the import was declined"));
            }
            let ledger = store.open(lock, state).await?;
            let limits = project.environment.limits;
            let shared = Some(Arc::new(graph.clone()));
            let (outcome, way) =
                apply(&plan, ledger, &session, shared, limits, Begun::Stack).await?;
            let code = conclude(&plan, &outcome, &way, &session);
            if code != Code::Success {
                say_how_to_go_on(&outcome, Begun::Stack);
            }
            code
        }
    };
    if code == Code::Success {
        say_next(project, &graph, &session).await?;
        if let Some(stack) = &args.from_cloudformation {
            say_how_to_let_go(stack, &wanted, &session).await;
        }
    }
    Ok(code)
}

/// `Vpc vpc-1 Subnet subnet-2`, two and two.
fn paired(texts: &[String]) -> Result<Wanted, Failure> {
    let mut wanted = Wanted::new();
    for pair in texts.chunks(2) {
        let [logical_id, physical_id] = pair else {
            let message = format!("`{}` has no id of what is there", pair[0]);
            return Err(Failure::text(message).hint(
                "logical and physical ids come in pairs: `Vpc vpc-0a1b Subnet subnet-2c3d`",
            ));
        };
        if wanted.insert(LogicalId::new(logical_id), physical_id.clone()).is_some() {
            return Err(Failure::text(format!("`{logical_id}` was given twice")));
        }
    }
    Ok(wanted)
}

fn listed(path: &Path) -> Result<Wanted, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::text(format!("cannot read `{}`: {error}", path.display()))
            .hint("it is a JSON map of logical ids to physical ones: {\"Vpc\": \"vpc-0a1b2c3d\"}")
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let ids: BTreeMap<String, String> =
        serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    Ok(ids.into_iter().map(|(id, text)| (LogicalId::new(id), text)).collect())
}

/// What a stack of CloudFormation's has that the template declares too.
async fn of_cloudformation(
    stack: &str,
    graph: &Graph,
    session: &Session,
) -> Result<Wanted, Failure> {
    let mut wanted = Wanted::new();
    let mut others = Vec::new();
    for one in session.aws.cloudformation_resources(stack).await? {
        let id = LogicalId::new(&one.logical_id);
        match graph.nodes.get(&id) {
            Some(node) if node.type_name == one.type_name => {
                wanted.insert(id, one.physical_id);
            }
            Some(node) => {
                return Err(Failure::text(format!(
                    "`{id}` is of the type `{}` in the template and `{}` in CloudFormation",
                    node.type_name, one.type_name
                )));
            }
            None if one.type_name == "AWS::CDK::Metadata" => {}
            None => others.push(format!("{id} ({})", one.type_name)),
        }
    }
    if !others.is_empty() {
        say(&format!("not in the template, and so left to CloudFormation: {}", others.join(", ")));
    }
    if wanted.is_empty() {
        return Err(Failure::text(format!(
            "CloudFormation's stack `{stack}` has nothing that the template declares"
        ))
        .hint("logical ids and types have to be the same"));
    }
    Ok(wanted)
}

/// Looks for all of it and says what adopting it means.
async fn planned(
    graph: &Graph,
    state: &State,
    wanted: &Wanted,
    tagging: Tagging,
    session: &Session,
) -> Result<Plan, Failure> {
    adopt::check(graph, wanted)?;
    let mut observed = Observed::default();
    let mut provisional = adopt::provisional(graph, state, wanted, &observed);
    let mut unseen = provisional.clone();
    // Some ids, and some of what a read needs besides, are known only when attributes of others
    // are, and those of others again.
    for _ in 0..=wanted.len() {
        if unseen.resources.is_empty() {
            break;
        }
        observed.resources.extend(look(&unseen, &session.aws).await?.resources);
        let next = adopt::provisional(graph, state, wanted, &observed);
        unseen = next.clone();
        unseen.resources.retain(|id, entry| provisional.resources.get(id) != Some(entry));
        provisional = next;
    }
    if let Some(overlook) = session.overlook() {
        overlook(&provisional, &mut observed);
    }
    let owners = owners(&provisional, &session.aws).await?;
    let mut draw = || session.tokens.draw();
    let found = (&observed, &owners);
    Ok(adopt::adopt(graph, state, &provisional, found, tagging, &mut draw)?)
}

/// What the next deploy would do: at best nothing.
async fn say_next(project: &Project, graph: &Graph, session: &Session) -> Result<(), Failure> {
    let state = session.state(project).await?;
    let next = session.plan(graph, &state).await?;
    writeln!(anstream::stdout(), "\nThe next deploy: {}", summary(&next))?;
    if next.has_changes() {
        let stack = project.file().display();
        say(&format!("hint: `cairn plan {stack}` shows it"));
    }
    Ok(())
}

/// What makes CloudFormation let go of what is Cairn's now.
async fn say_how_to_let_go(stack: &str, wanted: &Wanted, session: &Session) {
    let deletable = match session.aws.cloudformation_template(stack).await {
        Ok(text) => deletable(stack, text, wanted),
        Err(_) => None,
    };
    say(&format!("\nCloudFormation's stack `{stack}` still has them. To make it let go:"));
    match deletable {
        Some(ids) if ids.is_empty() => {
            say("  1. every one of them has `DeletionPolicy: Retain` there already");
        }
        Some(ids) => say(&format!(
            "  1. add `DeletionPolicy: Retain` there to {}, and update the stack: \
             nothing else of it may change",
            ids.join(", ")
        )),
        None => say("  1. give each of them `DeletionPolicy: Retain` there, and update the stack"),
    }
    say(&format!("  2. aws cloudformation delete-stack --stack-name {stack}"));
    say("Until then, change them from one side only.");
}

/// Those that would be deleted with CloudFormation's stack; `None` when its template says that in a
/// way that cannot be told from here.
fn deletable(stack: &str, text: String, wanted: &Wanted) -> Option<Vec<String>> {
    let source = Arc::new(Source { name: stack.to_owned(), text });
    let template = template::parse(&source).ok()?;
    let is_kept = |id: &LogicalId| {
        template.resources.get(id).is_some_and(|one| {
            let Policy::Settled(policy) = &one.deletion_policy else { return false };
            matches!(policy, DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate)
        })
    };
    Some(wanted.keys().filter(|id| !is_kept(id)).map(ToString::to_string).collect())
}
