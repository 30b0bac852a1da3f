//! `cairn plan`: what would change and why, now or as it was saved.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command, FromArgMatches};

use super::accept::{self, AcceptArgs, How};
use super::gate::{Gate, stopped};
use super::graph::write;
use super::policy::{PolicyArgs, hold, refused};
use super::preflight::{PreflightArgs, look};
use super::project::Project;
use super::session::{Promised, Session};
use super::stacks::StacksArgs;
use super::{Annotator, Code, Failure, retained, saved};
use crate::assembly::cloud::Reach;
use crate::aws::Assets;
use crate::config::StateHome;
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::permissions::{self, Scope};
use crate::plan::drift::drift;
use crate::plan::saved::SavedPlan;
use crate::plan::{self, Plan, check_exports, outlooks, teardown};
use crate::refresh::versions;
use crate::render::diagnostic::{Color, render_all};
use crate::render::plan::{Header, json, markdown, render};
use crate::render::sarif::Log;
use crate::render::{page, say};
use crate::sketch::Sketch;
use crate::state::State;

/// Show what a deploy would change, and why
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn plan stacks/persona-agent --env prod\n  \
    cairn plan stacks/persona-agent --env prod --detailed-exitcode   # 0 nothing, 2 changes, 1 error\n  \
    cairn plan stacks/persona-agent --env prod --fail-on broadening,destructive   # 3 if it is\n  \
    cairn plan stacks/persona-agent --env prod --policy config/policies/private-agent.yaml   # 3 if a rule forbids it\n  \
    cairn plan stacks/persona-agent --env prod --print-policy   # what IAM has to allow for it\n  \
    cairn plan stacks/persona-agent --env prod --out plan.cairn   # for `cairn deploy plan.cairn`\n  \
    cairn plan stacks/persona-agent --env prod --out plan.html   # a page for a browser\n  \
    cairn plan stacks/persona-agent --env prod --teardown   # what `cairn teardown` would delete\n  \
    cairn plan --app cdk.out --all   # the stacks of a CDK app\n  \
    cairn plan show plan.cairn --markdown")]
pub struct MakeArgs {
    #[command(flatten)]
    stack: StacksArgs,
    #[command(flatten)]
    form: FormArgs,
    /// Save the plan, to be applied by `cairn deploy FILE`; where FILE ends in `.html`, as a page
    /// to look at. Repeatable
    #[arg(long, value_name = "FILE")]
    out: Vec<PathBuf>,
    /// Plan to delete everything the stack owns
    #[arg(long)]
    teardown: bool,
    /// Exit with 0 when there is nothing to do, 2 when there is, 1 on an error
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    fail: FailArgs,
    #[command(flatten)]
    accept: AcceptArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    preflight: PreflightArgs,
    /// Print the least IAM policy that this plan can be made and run with, instead of the plan
    #[arg(long, value_enum, value_name = "SCOPE", num_args = 0..=1, require_equals = true,
          default_missing_value = "deploy")]
    print_policy: Option<Scope>,
    /// Say how many AWS calls were made
    #[arg(long)]
    stats: bool,
}

/// Show a saved plan: without AWS, and without the project
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cairn plan show plan.cairn --markdown")]
pub struct ShowArgs {
    /// A plan that `cairn plan --out` wrote
    file: PathBuf,
    /// Write it to a file instead
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    fail: FailArgs,
}

#[derive(Debug, clap::Args)]
struct FailArgs {
    /// Exit with 3 when the plan is of one of these classes; several with commas between them
    #[arg(long, value_enum, value_name = "CLASS", value_delimiter = ',')]
    fail_on: Vec<Gate>,
}

impl FailArgs {
    /// Why a plan is to fail, if it is, said in front of whoever reads along.
    fn reasons(&self, plan: &Plan) -> Vec<Diagnostic> {
        let stopped = stopped(&self.fail_on, plan)
            .map(|why| format!("the plan of `{}` fails by `--fail-on`: {why}", plan.stack));
        let refused = refused(plan).map(|why| format!("the plan of `{}` fails: {why}", plan.stack));
        let reasons: Vec<String> = stopped.into_iter().chain(refused).collect();
        reasons.iter().for_each(|why| say(why));
        reasons.into_iter().map(Diagnostic::error).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs; docs/plan-format.md describes it
    Json,
    /// For a comment on a pull request
    Markdown,
    /// A page in one file: the stack as a picture, with its changes
    Html,
    /// What is at risk, what is found and what looks renamed, as a log for code scanning, SARIF 2.1.0
    Sarif,
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct FormArgs {
    /// How to show it
    #[arg(long, value_enum)]
    format: Option<Form>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// As Markdown
    #[arg(long)]
    markdown: bool,
}

impl FormArgs {
    fn form(&self) -> Form {
        match (self.format, self.json, self.markdown) {
            (Some(form), _, _) => form,
            (None, true, _) => Form::Json,
            (None, _, true) => Form::Markdown,
            (None, false, false) => Form::Text,
        }
    }
}

/// A plan is made of a stack, unless the first word is `show`.
#[derive(Debug)]
pub enum Args {
    Make(MakeArgs),
    Show(ShowArgs),
}

const SHOW: &str = "show";

impl FromArgMatches for Args {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        match matches.subcommand() {
            Some((SHOW, matches)) => ShowArgs::from_arg_matches(matches).map(Self::Show),
            _ => MakeArgs::from_arg_matches(matches).map(Self::Make),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Args {
    fn augment_args(command: Command) -> Command {
        MakeArgs::augment_args(command)
            .subcommand(ShowArgs::augment_args(Command::new(SHOW)))
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
            .disable_help_subcommand(true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

pub async fn run(args: &Args, annotator: &mut Annotator) -> Result<Code, Failure> {
    match args {
        Args::Make(args) if args.form.form() == Form::Sarif => {
            Box::pin(logged(args, annotator)).await
        }
        Args::Make(args) => {
            Box::pin(make(args, &mut Told { log: Log::default(), annotator })).await
        }
        Args::Show(args) => show_saved(args),
    }
}

fn show_saved(args: &ShowArgs) -> Result<Code, Failure> {
    let saved = SavedPlan::read(&saved::read(&args.file)?)?;
    let shown = Shown { plan: &saved.plan, sketch: &saved.sketch, environment: &saved.environment };
    let text = match args.form.form() {
        Form::Sarif => {
            let mut log = Log::default();
            log.add_plan(&saved.plan, &saved.sketch, &saved.file);
            serde_json::to_string_pretty(&log.to_json())? + "\n"
        }
        form => shown.render(form)?,
    };
    write(args.out.as_deref(), &text)?;
    if args.form.form() == Form::Text && args.out.is_none() {
        say(&saved::what_for(&args.file, &saved.plan));
    }
    let passes = args.fail.reasons(&saved.plan).is_empty();
    Ok(if passes { Code::Success } else { Code::Stopped })
}

/// All that is found of all stacks in one log; what stops a plan is in it.
async fn logged(args: &MakeArgs, annotator: &mut Annotator) -> Result<Code, Failure> {
    let mut told = Told { log: Log::default(), annotator };
    let code = match Box::pin(make(args, &mut told)).await {
        Err(Failure::Diagnostics(found)) => {
            told.warn(&found);
            Code::Failed
        }
        code => code?,
    };
    let log = told.log;
    writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(&log.to_json())?)?;
    Ok(code)
}

/// What is said of the plans besides showing them.
struct Told<'a> {
    log: Log,
    annotator: &'a mut Annotator,
}

impl Told<'_> {
    /// Of a template.
    fn warn(&mut self, found: &[Diagnostic]) {
        self.log.add_findings(found);
        self.annotator.diagnostics(found);
    }
}

async fn make(args: &MakeArgs, told: &mut Told<'_>) -> Result<Code, Failure> {
    if let Some(path) = args.stack.path()
        && saved::text(path)?.is_some()
    {
        return Err(Failure::text(format!("`{}` is a saved plan, not a stack", path.display()))
            .hint(format!("show it with `cairn plan {SHOW} {}`", path.display())));
    }
    let mut projects =
        args.stack.find(if args.teardown { Reach::Downstream } else { Reach::Upstream })?;
    if args.teardown {
        projects.reverse();
    }
    if (!args.out.is_empty() || args.form.form() == Form::Html) && projects.len() > 1 {
        let names: Vec<&str> = projects.iter().map(|project| project.name.as_str()).collect();
        return Err(Failure::text(format!(
            "a plan file holds one stack, not {}",
            names.join(", ")
        ))
        .hint("name one stack, with `--exclusively` if it depends on others"));
    }
    let is_text = matches!(args.form.form(), Form::Text | Form::Markdown);
    let mut promised = Promised::default();
    let (mut has_changes, mut fails) = (false, false);
    for (index, project) in projects.iter().enumerate() {
        if index > 0 && is_text {
            writeln!(anstream::stdout())?;
        }
        let plan = match args.teardown {
            true => of_teardown(project, args, told).await?,
            false => Box::pin(of(project, args, &promised, told)).await?,
        };
        promised.add(&plan);
        has_changes |= plan.has_changes();
        let reasons = args.fail.reasons(&plan);
        told.annotator.diagnostics(&reasons);
        fails |= !reasons.is_empty();
    }
    let code = match has_changes {
        _ if fails => Code::Stopped,
        true if args.detailed_exitcode => Code::Changes,
        _ => Code::Success,
    };
    Ok(code)
}

/// Plans one stack and shows it.
async fn of(
    project: &Project,
    args: &MakeArgs,
    promised: &Promised,
    told: &mut Told<'_>,
) -> Result<Plan, Failure> {
    let (checked, mut loaded) = project.deployable_graph()?;
    told.warn(&checked.warnings);
    if !checked.warnings.is_empty() && !matches!(args.form.form(), Form::Json | Form::Sarif) {
        writeln!(anstream::stderr(), "{}", render_all(&checked.warnings, Color::Always))?;
    }
    let rules = args.policy.rules(project)?;
    let session = Session::open(&project.environment, loaded.collected.assets.clone()).await?;
    let state = session.state(project).await?;
    let mut observed = session.observe(&state).await?;
    let how = args.accept.how(args.form.form() != Form::Text);
    let drifted = drift(&state, &observed, &accept::ignored(&loaded.template));
    if how == Some(How::Write) {
        accept::take(project, &loaded.written, &drifted, How::Write)?;
        (_, loaded) = project.deployable_graph()?;
    }
    let graph = session.graph(project, &loaded, &state, promised).await?;
    versions::look(&graph, &state, &session.aws, &mut observed).await;
    let mut plan = plan::plan(&graph, &state, &observed, &mut || session.tokens.draw())?;
    if args.print_policy.is_none() && args.preflight.is_on() {
        look(&mut plan, Some(&graph), &state, &session.aws).await;
    }
    hold(&mut plan, &rules, Some(&graph), &state, &project.environment.name)?;
    check_exports(&plan, &session.others(project).await?)?;
    let sketch = Sketch::of_graph(&graph).with_state(&state);
    match args.print_policy {
        Some(scope) => print_policy(&plan, Some(&graph), &state, &session, project, scope)?,
        None => show(project, args, &plan, &sketch, told)?,
    }
    if let Some(how) = how.filter(|how| *how != How::Write) {
        accept::take(project, &loaded.written, &drifted, how)?;
    }
    keep(project, args, &plan, Some(&graph), &sketch)?;
    if args.stats {
        say_calls(&session)?;
    }
    Ok(plan)
}

/// The most characters that IAM takes of one policy, blanks not counted.
const POLICY_LIMIT: usize = 6_144;

fn print_policy(
    plan: &Plan,
    graph: Option<&Graph>,
    state: &State,
    session: &Session,
    project: &Project,
    scope: Scope,
) -> Result<(), Failure> {
    let aws = &session.aws;
    let outlooks = outlooks(plan, graph, state);
    let calls = aws.transcript().calls();
    let mut needed = permissions::permissions(plan, &outlooks, aws.partition(), scope, &calls);
    if let StateHome::Bucket { bucket, prefix, .. } = &project.environment.state {
        needed.extend(permissions::for_state(aws.partition(), bucket, prefix, scope));
    }
    let document = permissions::document(&needed);
    let length = document.to_string().len();
    if length > POLICY_LIMIT {
        say(&format!(
            "note: the policy has {length} characters, and IAM takes {POLICY_LIMIT} of one managed policy: attach its statements as several"
        ));
    }
    writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(&document)?)?;
    Ok(())
}

/// Plans to take one stack away, and shows that.
async fn of_teardown(
    project: &Project,
    args: &MakeArgs,
    told: &mut Told<'_>,
) -> Result<Plan, Failure> {
    let rules = args.policy.rules(project)?;
    let session = Session::open(&project.environment, Assets::default()).await?;
    let state = session.state(project).await?;
    let mut plan = teardown(&state);
    retained::check(&plan, &state, &session).await?;
    if args.print_policy.is_none() && args.preflight.is_on() {
        look(&mut plan, None, &state, &session.aws).await;
    }
    hold(&mut plan, &rules, None, &state, &project.environment.name)?;
    check_exports(&plan, &session.others(project).await?)?;
    let sketch = Sketch::of_state(&state);
    match args.print_policy {
        // A teardown is what running this plan is.
        Some(Scope::Teardown) => {
            print_policy(&plan, None, &state, &session, project, Scope::Deploy)?;
        }
        Some(scope) => print_policy(&plan, None, &state, &session, project, scope)?,
        None => show(project, args, &plan, &sketch, told)?,
    }
    keep(project, args, &plan, None, &sketch)?;
    if args.stats {
        say_calls(&session)?;
    }
    Ok(plan)
}

/// Whether a plan is to go into a file as a page.
fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "html")
}

fn show(
    project: &Project,
    args: &MakeArgs,
    plan: &Plan,
    sketch: &Sketch,
    told: &mut Told<'_>,
) -> Result<(), Failure> {
    let shown = Shown { plan, sketch, environment: &project.environment.name };
    told.annotator.findings(&plan.findings);
    told.annotator.summarize(plan, &Header { environment: shown.environment });
    match args.form.form() {
        Form::Sarif => told.log.add_plan(plan, sketch, &project.file().display().to_string()),
        Form::Html if args.out.iter().any(|path| is_page(path)) => {}
        form => write(None, &shown.render(form)?)?,
    }
    Ok(())
}

/// Writes the files that are asked for.
fn keep(
    project: &Project,
    args: &MakeArgs,
    plan: &Plan,
    graph: Option<&Graph>,
    sketch: &Sketch,
) -> Result<(), Failure> {
    let shown = Shown { plan, sketch, environment: &project.environment.name };
    for path in &args.out {
        match is_page(path) {
            true => {
                write(Some(path), &shown.render(Form::Html)?)?;
                say(&format!("{} is a page: open it in a browser", path.display()));
            }
            false => {
                saved::write(path, plan, graph, sketch, project, &args.stack.source)?;
                say(&saved::what_for(path, plan));
            }
        }
    }
    Ok(())
}

/// A plan with what it takes to show it.
struct Shown<'a> {
    plan: &'a Plan,
    sketch: &'a Sketch,
    environment: &'a str,
}

impl Shown<'_> {
    /// In a form that holds one plan.
    fn render(&self, form: Form) -> Result<String, Failure> {
        let header = Header { environment: self.environment };
        Ok(match form {
            Form::Text | Form::Sarif => render(self.plan, &header),
            Form::Json => json::render(self.plan, &header)? + "\n",
            Form::Markdown => markdown::render(self.plan, &header),
            Form::Html => page::plan::render(self.plan, self.sketch, &header),
        })
    }
}

/// How many calls a session made; the one to STS is not in its transcript.
pub fn say_calls(session: &Session) -> Result<(), Failure> {
    let calls = session.aws.transcript().calls();
    writeln!(anstream::stderr(), "{} AWS calls", calls.len())?;
    let mut counts = std::collections::BTreeMap::new();
    for call in calls {
        *counts.entry(call).or_insert(0) += 1;
    }
    for (call, count) in counts {
        writeln!(anstream::stderr(), "  {count:>3} {call}")?;
    }
    Ok(())
}
