//! `cairn invoke`: talk with a deployed agent.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use aws_smithy_types::error::display::DisplayErrorContext;
use clap::ValueEnum;
use serde_json::{Value as Json, json};

use super::project::Loaded;
use super::session::Session;
use super::stacks::StackArgs;
use super::terminal::is_ci;
use super::{Code, Failure};
use crate::aws::Fault;
use crate::render::say;
use crate::render::style::{BOLD, CHANGED, DIM, paint};
use crate::state::State;
use crate::talk::{
    Answers, Api, Ask, Asks, Channel, Command, Direct, Input, Person, TalkError, Tool, Tools, Turn,
    turn,
};
use crate::template::Node;
use crate::value::Secret;

/// Talk with the agent of a deployed stack
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cairn invoke stacks/persona-agent --env local\n  \
    cairn invoke stacks/persona-agent --env dev --prompt 'Is the ridge safe tomorrow?' \\\n    \
    --tool read_forecast='python3 forecast.py'   # arguments as JSON on stdin, result on stdout\n\n\
    The stack's outputs say where the agent is: InvokeUrl and ApiKeyId, or, with --direct,\n\
    AgentId and AgentAliasId.")]
pub struct Args {
    #[command(flatten)]
    stack: StackArgs,
    /// Say this and end; without it, a conversation
    #[arg(long)]
    prompt: Option<String>,
    /// Go on with a session
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Run a function that the agent wants run: its arguments as JSON on stdin, its result on
    /// stdout; repeatable
    #[arg(long = "tool", value_name = "NAME=COMMAND", value_parser = tool)]
    tools: Vec<(String, String)>,
    /// Answers for functions, from a JSON or YAML file: {name: text or list of texts}
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// What to say when the agent wants something confirmed
    #[arg(long, value_enum, default_value_t = Confirm::Ask)]
    confirm: Confirm,
    /// As JSON, one object a turn
    #[arg(long)]
    json: bool,
    /// Call the agent itself, with your own credentials, instead of the stack's API
    #[arg(long)]
    direct: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Confirm {
    Ask,
    Yes,
    No,
}

fn tool(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(name, line)| !name.is_empty() && !line.is_empty())
        .map(|(name, line)| (name.to_owned(), line.to_owned()))
        .ok_or_else(|| "write it as NAME=COMMAND".to_owned())
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let project = args.stack.find()?;
    let loaded = project.load()?;
    let session = Session::open(&project.environment, loaded.collected.assets.clone()).await?;
    let Some(state) = project.store().await?.read().await? else {
        return Err(super::outputs::not_deployed(&project).await);
    };
    let channel = channel(args, &session, &state).await?;
    let tools = Tools {
        tools: tools(args)?,
        confirmations: match args.confirm {
            Confirm::Ask => Ask::Person,
            Confirm::Yes => Ask::Yes,
            Confirm::No => Ask::No,
        },
        person: &Terminal { asks: !args.json, confirms: args.confirm == Confirm::Ask },
        declared: declared(&loaded),
    };
    match &args.prompt {
        Some(prompt) => {
            let turn = turn(&*channel, &tools, prompt, args.session.clone()).await?;
            show(&turn, args)?;
        }
        None => converse(args, &*channel, &tools).await?,
    }
    Ok(Code::Success)
}

async fn converse(args: &Args, channel: &dyn Channel, tools: &Tools<'_>) -> Result<(), Failure> {
    let mut session_id = args.session.clone();
    if std::io::stdin().is_terminal() {
        say(&paint(DIM, "an empty line or Ctrl-D ends the conversation"));
    }
    while let Some(line) = ask("you> ").filter(|line| !line.is_empty()) {
        match turn(channel, tools, &line, session_id.clone()).await {
            Ok(turn) => {
                session_id = Some(turn.session_id.clone());
                show(&turn, args)?;
            }
            // A turn that fails is no reason to lose the conversation.
            Err(error) if std::io::stdin().is_terminal() => Failure::from(error).report(),
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(session_id) = session_id.filter(|_| !args.json) {
        say(&paint(DIM, &format!("go on with it: --session {session_id}")));
    }
    Ok(())
}

fn show(turn: &Turn, args: &Args) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    if args.json {
        let rounds: Vec<Json> = turn
            .rounds
            .iter()
            .map(|round| {
                json!({
                    "invocationId": round.control.invocation_id,
                    "functions": round.control.inputs.iter().map(|input| json!({
                        "name": input.function,
                        "arguments": input.arguments(),
                    })).collect::<Vec<_>>(),
                    "results": round.answers.iter().map(crate::talk::Answer::to_json)
                        .collect::<Vec<_>>(),
                })
            })
            .collect();
        let turn = json!({ "sessionId": turn.session_id, "text": turn.text, "rounds": rounds });
        writeln!(out, "{turn}")?;
    } else {
        writeln!(out, "{}", turn.text)?;
    }
    Ok(())
}

async fn channel(
    args: &Args,
    session: &Session,
    state: &State,
) -> Result<Box<dyn Channel>, Failure> {
    let output = |name: &str| {
        state.outputs.get(name).and_then(Json::as_str).map(str::to_owned).ok_or_else(|| {
            Failure::text(format!("the stack has no output `{name}`")).hint(
                "`cairn invoke` finds the agent by the outputs InvokeUrl and ApiKeyId, or with \
                 `--direct` by AgentId and AgentAliasId",
            )
        })
    };
    if args.direct {
        return Ok(Box::new(Direct {
            client: session.aws.clients().bedrock_agent_runtime(),
            agent_id: output("AgentId")?,
            alias_id: output("AgentAliasId")?,
            new_session_id: session.tokens.draw().as_str().to_owned(),
        }));
    }
    let url = output("InvokeUrl")?;
    let url = session.reachable(&url).unwrap_or(url);
    let key_id = output("ApiKeyId")?;
    let key = session.aws.apigateway().get_api_key().api_key(&key_id).include_value(true);
    let key = Box::pin(key.send()).await.map_err(|error| {
        tracing::debug!(error = %DisplayErrorContext(&error), "no key");
        Fault::from_sdk("apigateway:GetApiKey", &error)
    })?;
    let key =
        key.value.ok_or_else(|| Failure::text(format!("the API key `{key_id}` has no value")))?;
    Ok(Box::new(Api::new(&url, Secret::new(key))))
}

/// What runs a function: the file's answers, and the commands, which win.
fn tools(args: &Args) -> Result<BTreeMap<String, Tool>, Failure> {
    let mut tools = BTreeMap::new();
    if let Some(path) = &args.answers {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::text(format!("cannot read `{}`: {error}", path.display())))?;
        let answers: BTreeMap<String, Json> = serde_yaml::from_str(&text).map_err(|error| {
            Failure::text(format!("`{}` has no answers in it: {error}", path.display()))
                .hint("write `function: \"what it gives\"`, or a list for one call after the other")
        })?;
        for (name, answer) in &answers {
            tools.insert(name.clone(), Tool::Answers(Answers::new(answer)));
        }
    }
    for (name, line) in &args.tools {
        tools.insert(name.clone(), Tool::Command(Command { line: line.clone() }));
    }
    Ok(tools)
}

/// The functions of the template's action groups; `None` if there are agents that do not list them.
fn declared(loaded: &Loaded) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for resource in loaded.template.resources.values() {
        if resource.type_name != "AWS::Bedrock::Agent" {
            continue;
        }
        for group in resource.properties.get("ActionGroups").map(Node::items).unwrap_or_default() {
            let functions = group.get("FunctionSchema")?.get("Functions").map(Node::items)?;
            for function in functions {
                names.insert(function.get("Name")?.text()?.to_owned());
            }
        }
    }
    (!names.is_empty()).then_some(names)
}

struct Terminal {
    /// With `--json` the output is a program's, and nobody is asked.
    asks: bool,
    /// Whether confirmations come here too: what was confirmed need not be shown again.
    confirms: bool,
}

impl Terminal {
    fn is_there(&self) -> bool {
        self.asks && !is_ci() && std::io::stdin().is_terminal()
    }
}

impl Person for Terminal {
    fn confirm(&self, input: &Input) -> Option<bool> {
        if !self.is_there() {
            return None;
        }
        describe(input);
        let question = format!("may `{}` be done?", input.function);
        let confirm = dialoguer::Confirm::new().with_prompt(question).default(false);
        confirm.wait_for_newline(true).interact().ok()
    }

    fn result(&self, input: &Input) -> Option<String> {
        if !self.is_there() {
            return None;
        }
        if !(self.confirms && input.asks == Asks::ConfirmationAndResult) {
            describe(input);
        }
        ask(&format!("what does `{}` give? ", input.function))
    }
}

fn describe(input: &Input) {
    say(&format!("{} {}", paint(CHANGED, "the agent wants"), paint(BOLD, &input.function)));
    for parameter in &input.parameters {
        say(&format!(
            "  {} = {} {}",
            parameter.name,
            parameter.value,
            paint(DIM, &format!("({})", parameter.kind))
        ));
    }
}

/// One line from the person; `None` at the end of the input.
fn ask(prompt: &str) -> Option<String> {
    if std::io::stdin().is_terminal() {
        // Without a standard error the question is not seen, but may still be answered.
        let _ = write!(anstream::stderr(), "{}", paint(BOLD, prompt));
        let _ = anstream::stderr().flush();
    }
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(1..) => Some(line.trim().to_owned()),
        _ => None,
    }
}

impl From<TalkError> for Failure {
    fn from(error: TalkError) -> Self {
        Self::Text { message: error.to_string(), hints: error.hints() }
    }
}
