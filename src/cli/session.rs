//! A connection to the right account, and what is found there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use super::Failure;
use super::clock::{Tokens, now};
use super::interrupt;
use super::project::{Loaded, Project};
use super::watch::Watch;
use crate::aws::{Access, Assets, Aws, Clients};
use crate::config::{Endpoint, Environment};
use crate::graph::{self, Export, Graph, StackOutputs};
use crate::local::{Host, Local, Status};
use crate::plan::{self, OutputChange, Plan};
use crate::reconcile::Overlook;
use crate::refresh::parameters::{look_for_named, read_stored, read_things};
use crate::refresh::{Observed, refresh, versions};
use crate::render::diagnostic::{Color, render_all};
use crate::render::say;
use crate::state::State;
use crate::state::store::{Holder, Lock, Store};
use crate::value::Value;

/// What emulators call themselves; no real account has this id.
const EMULATED_ACCOUNT: &str = "000000000000";

/// A stack's account, reached and checked.
pub struct Session {
    pub aws: Aws,
    /// Where the local AWS listens, if that is where calls go.
    pub endpoint: Option<String>,
    pub tokens: Tokens,
    /// How its runs are shown.
    pub watch: Watch,
}

impl Session {
    /// Connects, starting the local AWS when the environment asks for it, and refuses another
    /// account than the environment's.
    pub async fn open(environment: &Environment, assets: Assets) -> Result<Self, Failure> {
        Self::watched(environment, assets, &Watch::default()).await
    }

    /// The same, every call told to what watches.
    pub async fn watched(
        environment: &Environment,
        assets: Assets,
        watch: &Watch,
    ) -> Result<Self, Failure> {
        let (endpoint, agent_runtime) = endpoint(environment).await?;
        let access = Access {
            region: environment.region.clone(),
            profile: environment.profile.clone(),
            role_arn: environment.role.clone(),
            endpoint: endpoint.clone(),
            agent_runtime,
        };
        let clients = Clients::connect(&access).await;
        if !clients.has_region() {
            return Err(Failure::text("no region is configured")
                .hint("set `region` in config/, or AWS_REGION"));
        }
        let mut aws = Aws::new(clients, "", assets);
        if let Some(ears) = watch.ears() {
            aws = aws.heard_by(ears);
        }
        let aws = Box::pin(aws.identified()).await?;
        let account = aws.account();
        if let Some(wanted) = &environment.account
            && wanted != account
        {
            return Err(Failure::text(format!(
                "these credentials are for account {account}, the environment `{}` is for {wanted}",
                environment.name
            ))
            .hint("use other credentials (`profile`, `role`, AWS_PROFILE), or another `--env`"));
        }
        Ok(Self { aws, endpoint, tokens: Tokens::new()?, watch: watch.clone() })
    }

    /// The state as it stands, or that of a stack that owns nothing.
    pub async fn state(&self, project: &Project) -> Result<State, Failure> {
        let state = match project.store().await?.read().await? {
            Some(state) => state,
            None => State::empty(
                &project.name,
                self.aws.account(),
                self.aws.region(),
                &self.tokens.draw(),
            ),
        };
        self.check_home(&state)?;
        Ok(state)
    }

    /// The same with the local code that a state has, or had, as far as it is kept beside it.
    pub async fn recalling(&self, store: &Store, state: &State) -> Result<Self, Failure> {
        let mut recalled = Vec::new();
        for sha256 in state.code() {
            if self.aws.assets().get(&sha256).is_none() {
                recalled.extend(store.code(state, &sha256).await?);
            }
        }
        Ok(Self {
            aws: self.aws.clone().with_assets(recalled),
            endpoint: self.endpoint.clone(),
            tokens: self.tokens.clone(),
            watch: self.watch.clone(),
        })
    }

    fn check_home(&self, state: &State) -> Result<(), Failure> {
        let here = (self.aws.account(), self.aws.region());
        if (state.account.as_str(), state.region.as_str()) == here || state.is_empty() {
            return Ok(());
        }
        Err(Failure::text(format!(
            "the stack `{}` is deployed in account {}, region {}; these credentials are for account {}, region {}",
            state.stack, state.account, state.region, here.0, here.1
        ))
        .hint("tear it down there first, or deploy under another `--name` or `--env`"))
    }

    /// Takes the lock of a stack. No call is made after it is lost.
    pub async fn lock(mut self, store: &Store, command: &str) -> Result<(Self, Lock), Failure> {
        interrupt::listen();
        let lock = store.lock(&Self::holder(command), &say).await?;
        interrupt::holds(&lock);
        if let Some(lease) = lock.lease() {
            self.aws = self.aws.guarded_by(Arc::new(lease));
        }
        Ok((self, lock))
    }

    /// The graph with the account's facts in it.
    pub async fn graph(
        &self,
        project: &Project,
        loaded: &Loaded,
        state: &State,
        promised: &Promised,
    ) -> Result<Graph, Failure> {
        let mut inputs = project.inputs(
            &loaded.collected.by_resource,
            self.aws.account(),
            self.aws.region(),
            self.aws.partition(),
            &state.lineage,
        );
        if loaded.template.source.text.contains("GetAZs") {
            inputs.zones = self.aws.zones().await?;
        }
        let others = project.others().await?;
        let mut exports = exports(self.here(&others));
        exports.extend(promised.exports.clone());
        inputs.exports = Some(exports);
        inputs.outputs = Some(promised.over(outputs(&others, self.aws.account())));
        inputs.stored = Some(read_stored(&loaded.written, &inputs, &self.aws).await?);
        inputs.things = Some(read_things(&loaded.written, &inputs, &self.aws).await?);
        let warnings = look_for_named(&loaded.written, &inputs, &self.aws).await?;
        if !warnings.is_empty() {
            say(&render_all(&warnings, Color::Always));
        }
        let template = graph::expand(Arc::clone(&loaded.written), &inputs);
        if template.is_sound() && template.root != loaded.template.root {
            // What local code there is to upload was found before the account was known.
            return Err(Failure::text(format!(
                "what the loops of `{}` make depends on the account or its region",
                template.source.name
            ))
            .hint("set `account` and `region` in config/"));
        }
        Ok(graph::synth(template, inputs)?.deployable()?)
    }

    /// Reads what is there and says what would change.
    pub async fn plan(&self, graph: &Graph, state: &State) -> Result<Plan, Failure> {
        let mut observed = self.observe(state).await?;
        versions::look(graph, state, &self.aws, &mut observed).await;
        Ok(plan::plan(graph, state, &observed, &mut || self.tokens.draw())?)
    }

    /// Reads what is there.
    pub async fn observe(&self, state: &State) -> Result<Observed, Failure> {
        let mut observed = refresh(state, &self.aws).await?;
        if let Some(overlook) = self.overlook() {
            overlook(state, &mut observed);
        }
        Ok(observed)
    }

    /// What makes up for what an emulator does not tell, where one answers.
    pub fn overlook(&self) -> Option<Overlook> {
        let is_emulated = self.endpoint.is_some() && self.aws.account() == EMULATED_ACCOUNT;
        is_emulated.then_some(crate::local::blind_spots::overlook)
    }

    /// The states of the stacks whose exports this one can import, and that can import its own.
    pub async fn others(&self, project: &Project) -> Result<Vec<State>, Failure> {
        Ok(self.here(&project.others().await?).cloned().collect())
    }

    fn here<'s>(&self, others: &'s [State]) -> impl Iterator<Item = &'s State> + use<'s> {
        let here = (self.aws.account().to_owned(), self.aws.region().to_owned());
        others.iter().filter(move |other| other.account == here.0 && other.region == here.1)
    }

    /// Where a local API answers: its AWS address is nobody's. `None` for what is no address of an
    /// API, and on AWS.
    pub fn reachable(&self, url: &str) -> Option<String> {
        let endpoint = self.endpoint.as_ref()?;
        let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
        let (api, service) = host.split_once('.')?;
        if !service.starts_with("execute-api.") {
            return None;
        }
        let (stage, path) = path.split_once('/').unwrap_or((path, ""));
        Some(format!("{endpoint}/restapis/{api}/{stage}/_user_request_/{path}"))
    }

    /// Who this run is, for whoever finds its lock.
    pub fn holder(command: &str) -> Holder {
        Holder {
            command: command.to_owned(),
            pid: std::process::id(),
            user: variable("USER").or_else(|| variable("USERNAME")).unwrap_or_else(unknown),
            host: variable("HOSTNAME").or_else(host_name).unwrap_or_else(unknown),
            since: now(),
        }
    }
}

/// What other stacks export, by name.
type Exports = BTreeMap<String, Export>;

/// What the stacks of an app will tell when their plans are carried out, for the plans of those
/// after them.
#[derive(Default)]
pub struct Promised {
    exports: Exports,
    outputs: Vec<StackOutputs>,
}

impl Promised {
    pub fn add(&mut self, plan: &Plan) {
        let stack = plan.stack.clone();
        for (name, value) in after(plan, &plan.exports) {
            self.exports.insert(name, Export { stack: stack.clone(), value });
        }
        let outputs = after(plan, &plan.outputs).collect();
        self.outputs.push(StackOutputs { stack, region: plan.region.clone(), outputs });
    }

    fn over(&self, mut others: Vec<StackOutputs>) -> Vec<StackOutputs> {
        let is_same = |one: &StackOutputs, other: &StackOutputs| {
            one.stack == other.stack && one.region == other.region
        };
        others.retain(|other| !self.outputs.iter().any(|one| is_same(one, other)));
        others.extend(self.outputs.iter().cloned());
        others
    }
}

fn after<'p>(
    plan: &'p Plan,
    changes: &'p BTreeMap<String, OutputChange>,
) -> impl Iterator<Item = (String, Value)> + use<'p> {
    changes.iter().filter_map(|(name, change)| {
        let value = match change.known {
            true => Value::from(change.after.as_ref()?),
            false => Value::unknown(format!("`{name}` of `{}`", plan.stack)),
        };
        Some((name.clone(), value))
    })
}

fn exports<'s>(others: impl Iterator<Item = &'s State>) -> Exports {
    let all = others.flat_map(|other| {
        other.exports.iter().map(|(name, value)| {
            (name.clone(), Export { stack: other.stack.clone(), value: Value::from(value) })
        })
    });
    all.collect()
}

/// What the stacks of an account tell, in whatever region they are.
fn outputs(others: &[State], account: &str) -> Vec<StackOutputs> {
    let here = others.iter().filter(|other| other.account == account);
    here.map(|other| StackOutputs {
        stack: other.stack.clone(),
        region: other.region.clone(),
        outputs: other.outputs.iter().map(|(name, it)| (name.clone(), it.into())).collect(),
    })
    .collect()
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn host_name() -> Option<String> {
    std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned())
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The environment of the process, for what takes it as an argument.
pub fn environment_variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Where calls go instead of AWS, and where those to agents go instead of there.
pub async fn endpoint(
    environment: &Environment,
) -> Result<(Option<String>, Option<String>), Failure> {
    match &environment.endpoint {
        None => Ok((None, None)),
        Some(Endpoint::Url(url)) => Ok((Some(url.clone()), None)),
        Some(Endpoint::Local) => {
            let local = Local::named(Host::from_environment(environment_variable)?, "default")?;
            let running = match local.status().await? {
                Status::Running(running) => running,
                Status::Stopped | Status::Silent(_) => local.start(&|text| say(text)).await?,
            };
            Ok((Some(running.url), running.agent_runtime_url))
        }
    }
}
