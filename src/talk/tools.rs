//! Who runs what the agent asks for: commands, a file of answers, or the person at the terminal.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::io::AsyncWriteExt as _;

use super::protocol::Body;
use super::{Answer, Asks, Control, Input, TalkError};

/// How long a command may take; the session of the agent outlives it.
const COMMAND_PATIENCE: Duration = Duration::from_mins(5);

/// One way to run one function.
#[derive(Debug)]
pub enum Tool {
    Command(Command),
    Answers(Answers),
}

/// A shell command: the arguments as JSON on its input, the result on its output.
#[derive(Debug, Clone)]
pub struct Command {
    pub line: String,
}

/// Answers given beforehand, one after the other; the last one stays.
#[derive(Debug)]
pub struct Answers {
    left: Mutex<VecDeque<String>>,
}

/// What is to be said to confirmations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Person,
    Yes,
    No,
}

/// Somebody who can be asked.
pub trait Person: Send + Sync {
    /// Whether this may be done; `None` when nobody is there.
    fn confirm(&self, input: &Input) -> Option<bool>;
    /// What this gives; `None` when nobody is there.
    fn result(&self, input: &Input) -> Option<String>;
}

/// All that can be run here.
pub struct Tools<'p> {
    pub tools: BTreeMap<String, Tool>,
    pub confirmations: Ask,
    pub person: &'p dyn Person,
    /// The functions of the template's agents, where they are known: anything else is refused.
    pub declared: Option<BTreeSet<String>>,
}

impl Tools<'_> {
    /// Refuses, before anything is run, what nobody declared.
    pub fn check(&self, control: &Control) -> Result<(), TalkError> {
        let is_known = |input: &&Input| {
            self.declared.as_ref().is_none_or(|declared| declared.contains(&input.function))
        };
        match control.inputs.iter().find(|input| !is_known(input)) {
            Some(unknown) => Err(TalkError::UnknownTool(unknown.function.clone())),
            None => Ok(()),
        }
    }

    pub async fn answer(&self, input: &Input) -> Result<Answer, TalkError> {
        match input.asks {
            Asks::Result => Ok(input.ran(None, self.run(input).await?)),
            Asks::Confirmation => Ok(input.decided(self.confirm(input)?)),
            Asks::ConfirmationAndResult => match self.confirm(input)? {
                true => Ok(input.ran(Some(true), self.run(input).await?)),
                false => Ok(input.decided(false)),
            },
        }
    }

    fn confirm(&self, input: &Input) -> Result<bool, TalkError> {
        match self.confirmations {
            Ask::Yes => Ok(true),
            Ask::No => Ok(false),
            Ask::Person => self
                .person
                .confirm(input)
                .ok_or_else(|| TalkError::NobodyToAsk(input.function.clone())),
        }
    }

    async fn run(&self, input: &Input) -> Result<Body, TalkError> {
        match self.tools.get(&input.function) {
            Some(Tool::Command(command)) => command.run(input).await,
            Some(Tool::Answers(answers)) => Ok(Body::Text(answers.next())),
            None => match self.person.result(input) {
                Some(text) => Ok(Body::Text(text)),
                None => Err(TalkError::UnknownTool(input.function.clone())),
            },
        }
    }
}

impl Answers {
    /// A text, or a list of texts for one call after the other; anything else is given as JSON.
    pub fn new(answers: &Json) -> Self {
        let text = |one: &Json| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
        let left = match answers {
            Json::Array(items) if !items.is_empty() => items.iter().map(text).collect(),
            one => VecDeque::from([text(one)]),
        };
        Self { left: Mutex::new(left) }
    }

    fn next(&self) -> String {
        let mut left = self.left.lock().expect("nothing panics while it holds this lock");
        match left.len() {
            0 | 1 => left.front().cloned().unwrap_or_default(),
            _ => left.pop_front().unwrap_or_default(),
        }
    }
}

impl Command {
    /// A command that fails is the model's problem too: it is told what the command said.
    async fn run(&self, input: &Input) -> Result<Body, TalkError> {
        let cannot = |reason: String| TalkError::Tool { tool: input.function.clone(), reason };
        let mut child = tokio::process::Command::new("/bin/sh")
            .args(["-c", &self.line])
            .env("CAIRN_FUNCTION", &input.function)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| cannot(error.to_string()))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that reads nothing closes its input: that is its own affair.
            let _ = stdin.write_all(input.arguments().to_string().as_bytes()).await;
        }
        let output = tokio::time::timeout(COMMAND_PATIENCE, child.wait_with_output())
            .await
            .map_err(|_| cannot(format!("it took more than {} s", COMMAND_PATIENCE.as_secs())))?
            .map_err(|error| cannot(error.to_string()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() {
            return Ok(Body::Text(text(&output.stdout)));
        }
        let said = text(&output.stderr);
        Ok(Body::Failed(format!("the tool failed ({}): {said}", output.status)))
    }
}
