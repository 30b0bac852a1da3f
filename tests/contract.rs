//! The handler contract: what the engine relies on, held against every registered type on each
//! emulator. What is done with a type is data, in tests/contract; where an emulator lies is in
//! `support::lies`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use cairn::aws::{FaultKind, is_read};
use cairn::graph::Graph;
use cairn::plan::{Action, Operation, Plan, Step};
use cairn::reconcile::wait::{Want, pause, wait};
use cairn::refresh::{Observation, refresh};
use cairn::resource::{Handler, KnownJson, LiveJson, Removal, Status, types};
use cairn::state::{Entry, Instance};
use cairn::value::{LogicalId, PhysicalId};
use serde_json::Value as Json;
use serde_yaml::Mapping;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::case::{Case, SUBJECT, about, file_stem, folder, is_reset};
use crate::support::emulator::{ministack, moto};
use crate::support::inventory::inventory;
use crate::support::lies::{Excuses, Spoils, Target, top};
use crate::support::rig::{Rig, describe, token};
use crate::support::sandbox::Sandbox;

/// The longest all of the contract may take for one type.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long what is changing is left alone.
const REST: Duration = Duration::from_millis(100);
/// Types under way at once.
const CONCURRENCY: usize = 8;

#[test]
fn every_type_has_a_case_and_every_case_a_type() {
    let expected: BTreeSet<String> =
        types().iter().map(|handler| format!("{}.yaml", file_stem(handler.type_name()))).collect();
    let entries = fs::read_dir(folder()).expect("the folder of cases").flatten();
    let found: BTreeSet<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(found, expected);
    for handler in types() {
        let case = Case::load(handler.type_name()).unwrap_or_else(|problem| panic!("{problem}"));
        let written = case.updates.len() + case.replacements.len();
        assert!(written > 0 || case.truths.stays.is_some(), "{} changes nothing", case.type_name);
    }
}

#[test]
fn every_type_has_the_file_of_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resource");
    let mut expected = BTreeMap::new();
    for handler in types() {
        expected.insert(source_name(handler.type_name()), handler.type_name().to_owned());
    }
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the folder of handlers").flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let declared = text.split("const TYPE: &'static str = \"").nth(1);
        if let Some(name) = declared.and_then(|rest| rest.split('"').next()) {
            found.insert(entry.file_name().to_string_lossy().into_owned(), name.to_owned());
        }
    }
    assert_eq!(found, expected);
}

/// `ec2_vpc_endpoint.rs` for `AWS::EC2::VPCEndpoint`.
fn source_name(type_name: &str) -> String {
    let parts: Vec<&str> = type_name.split("::").collect();
    let [_, service, resource] = parts[..] else { panic!("{type_name} has not three parts") };
    let letters: Vec<char> = resource.chars().collect();
    let mut name = format!("{}_", service.to_lowercase());
    for (index, letter) in letters.iter().enumerate() {
        let after_small = index > 0 && letters[index - 1].is_lowercase();
        let before_small = letters.get(index + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && index > 0 && (after_small || before_small) {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name + ".rs"
}

/// What nobody has declared is not asked for, and what one answer tells of two types is asked for
/// once.
#[tokio::test(flavor = "multi_thread")]
async fn a_stack_at_rest_is_read_with_few_calls() {
    let server = ministack().await;
    let sandbox = Sandbox::persona(&server.url);
    sandbox.cairn("deploy stacks/persona-agent --yes").code(0);
    let plan = sandbox.cairn("plan stacks/persona-agent --detailed-exitcode --stats").code(0);
    let first = plan.err.lines().find(|line| line.ends_with(" AWS calls")).expect("the number");
    let calls: usize = first.split(' ').next().and_then(|it| it.parse().ok()).expect("a number");
    assert!(calls <= 25, "{}", plan.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_on_ministack() {
    let server = ministack().await;
    hold(&server.url, Target::MiniStack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_on_moto() {
    let server = moto().await;
    hold(&server.url, Target::Moto).await;
}

async fn hold(endpoint: &str, target: Target) {
    let excuses = Arc::new(Excuses::of(target));
    let chosen = chosen();
    let names: Vec<_> = chosen.iter().map(|handler| handler.type_name()).collect();
    let (missing, there): (Vec<_>, Vec<_>) =
        chosen.into_iter().partition(|it| excuses.lists(it.type_name(), Spoils::Type));
    let before = inventory(endpoint).await;
    let mut broken = try_all(there, endpoint, &excuses).await;
    let after = inventory(endpoint).await;
    // What is tried in vain may leave something that the emulator cannot even list.
    broken.extend(try_all(missing, endpoint, &excuses).await);
    broken.extend(excuses.unneeded(&names));
    broken.sort();
    assert!(broken.is_empty(), "{target:?}: {} broken\n{}", broken.len(), broken.join("\n"));
    assert_eq!(after, before, "something is left on {target:?}");
}

/// What is broken of the contract of some types.
async fn try_all(
    handlers: Vec<&'static dyn Handler>,
    endpoint: &str,
    excuses: &Arc<Excuses>,
) -> Vec<String> {
    // What an emulator garbles of one API it cannot list any more: such types take turns.
    let turns = Arc::new(Semaphore::new(1));
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut trials = JoinSet::new();
    for handler in handlers {
        let (excuses, endpoint) = (Arc::clone(excuses), endpoint.to_owned());
        let takes_turns = handler.type_name().starts_with("AWS::ApiGateway::");
        let permits = Arc::clone(if takes_turns { &turns } else { &permits });
        trials.spawn(async move {
            let _permit = permits.acquire_owned().await;
            let name = handler.type_name();
            let trial = Trial::new(handler, &endpoint, excuses);
            let run = async { trial.await?.run().await };
            let broken = match Box::pin(tokio::time::timeout(PATIENCE, run)).await {
                Ok(Ok(broken)) => broken,
                Ok(Err(problem)) => vec![problem],
                Err(_) => vec![format!("not through after {PATIENCE:?}")],
            };
            broken.into_iter().map(|problem| format!("{name}: {problem}")).collect::<Vec<_>>()
        });
    }
    trials.join_all().await.into_iter().flatten().collect()
}

/// Every type, or while somebody works on one that which `CAIRN_CONTRACT` names.
fn chosen() -> Vec<&'static dyn Handler> {
    let only = std::env::var_os("CAIRN_CONTRACT");
    let is_asked = |name: &str| only.as_ref().is_none_or(|only| only == name);
    types().iter().copied().filter(|handler| is_asked(handler.type_name())).collect()
}

/// One type's way through the contract on one emulator.
struct Trial {
    handler: &'static dyn Handler,
    case: Case,
    rig: Rig,
    excuses: Arc<Excuses>,
    broken: Vec<String>,
}

impl Trial {
    async fn new(
        handler: &'static dyn Handler,
        endpoint: &str,
        excuses: Arc<Excuses>,
    ) -> Result<Self, String> {
        let case = Case::load(handler.type_name())?;
        let stack = file_stem(handler.type_name()).to_lowercase();
        let rig = Rig::at(endpoint, &stack, Arc::clone(&excuses)).await;
        Ok(Self { handler, case, rig, excuses, broken: Vec::new() })
    }

    async fn run(mut self) -> Result<Vec<String>, String> {
        let name = self.case.type_name;
        let plain = self.graph(&[])?;
        if self.excuses.lists(name, Spoils::Type) {
            let created = self.create_in_vain(&plain).await;
            self.judge("create", Some(Spoils::Type), created);
            return Ok(self.broken);
        }
        self.rig.deploy(&plain).await.map_err(|problem| format!("create: {problem}"))?;
        let same = self.same_to_same(&plain).await;
        self.judge("update from X to X", None, same);
        let read = self.one_among_absent().await;
        self.judge("read", None, read);
        let whole = self.change().await?;
        if self.case.truths.stays.is_none() {
            let (whole, first) = (self.graph(&whole)?, self.case.updates.first().cloned());
            let changed = first.map(|first| self.graph(&[first])).transpose()?;
            let change = changed.as_deref().map(|changed| (plain.as_ref(), changed));
            self.lose(&whole, change).await?;
        }
        self.end().await?;
        Ok(self.broken)
    }

    /// Changes it in every way the case lists, each on top of those that went well, and returns
    /// these without what only takes a property away again.
    async fn change(&mut self) -> Result<Vec<Mapping>, String> {
        let mut kept: Vec<Mapping> = Vec::new();
        for overrides in self.case.updates.clone() {
            let updated = self.update(&kept, &overrides).await;
            let property = about(&overrides);
            let spoils = Some(Spoils::Update(property));
            if self.judge(&format!("update of {property}"), spoils, updated) {
                kept.push(overrides);
            } else {
                self.start_over(&kept).await?;
            }
        }
        for overrides in self.case.replacements.clone() {
            let property = about(&overrides).to_owned();
            kept.push(overrides);
            let replaced = self.replace(&self.graph(&kept)?, &property).await;
            replaced.map_err(|problem| format!("replacement of {property}: {problem}"))?;
        }
        kept.retain(|overrides| !is_reset(overrides));
        Ok(kept)
    }

    /// Half of what failed may have happened.
    async fn start_over(&self, kept: &[Mapping]) -> Result<(), String> {
        self.rig.teardown().await.map_err(|problem| format!("starting over: {problem}"))?;
        let deployed = self.rig.deploy(&self.graph(kept)?).await;
        deployed.map_err(|problem| format!("starting over: {problem}"))
    }

    fn graph(&self, overrides: &[Mapping]) -> Result<Arc<Graph>, String> {
        self.rig.graph(self.case.template(overrides))
    }

    /// Whether it went well; what did not is either in the table of lies or broken.
    fn judge(
        &mut self,
        what: &str,
        spoils: Option<Spoils<'_>>,
        outcome: Result<(), String>,
    ) -> bool {
        let Err(problem) = outcome else { return true };
        let name = self.case.type_name;
        if !spoils.is_some_and(|spoils| self.excuses.excuse(name, spoils)) {
            self.broken.push(format!("{what}: {problem}"));
        }
        false
    }

    async fn current(&self) -> Result<Instance, String> {
        let state = self.rig.state().await;
        state.current(&LogicalId::new(SUBJECT)).cloned().ok_or("it is not in the state".to_owned())
    }

    async fn id(&self) -> Result<PhysicalId, String> {
        self.current().await?.physical_id.ok_or("it has no physical id".to_owned())
    }

    /// What is there, unless it is on its way out.
    async fn read(&self, id: &PhysicalId, properties: &Json) -> Result<Option<LiveJson>, String> {
        let known = [KnownJson { id, properties }];
        let found = self.handler.read(&self.rig.aws, &known).await;
        let mut found = found.map_err(|fault| fault.to_string())?;
        Ok(found.remove(id).filter(|live| !matches!(live.status, Status::Deleting(_))))
    }

    async fn insist_on_absence(&self, id: &PhysicalId, properties: &Json) -> Result<(), String> {
        match self.read(id, properties).await? {
            None => Ok(()),
            Some(live) => Err(format!("`{id}` is still there: {:?}", live.status)),
        }
    }

    async fn same_to_same(&self, graph: &Graph) -> Result<(), String> {
        let properties = self.rig.properties(graph).await?;
        let transcript = self.rig.aws.transcript();
        let before = transcript.count();
        let id = self.id().await?;
        let updated = self.handler.update(&self.rig.aws, &id, &properties, &properties);
        updated.await.map_err(|fault| fault.to_string())?;
        let calls = transcript.calls();
        let changing: Vec<_> = calls[before..].iter().filter(|call| !is_read(call)).collect();
        if changing.is_empty() { Ok(()) } else { Err(format!("it called {changing:?}")) }
    }

    /// One that is there and more than a batch of others that are not, in one refresh: the one is
    /// seen, the others are gone, and the calls are as many as the batches.
    async fn one_among_absent(&self) -> Result<(), String> {
        if self.case.truths.stays.is_some() {
            return Ok(());
        }
        let batch = self.handler.read_batch();
        let count = if batch == 1 { 3 } else { batch + 1 };
        let (mut state, current) = (self.rig.state().await, self.current().await?);
        let subject = LogicalId::new(SUBJECT);
        state.resources.retain(|id, _| *id == subject);
        for number in 1..count {
            let absent = absent(&self.id().await?, self.case.varying_part, number);
            let mut instance = Instance { physical_id: Some(absent), ..current.clone() };
            if let Some(properties) = instance.properties.as_object_mut() {
                properties.extend(self.case.absent.clone());
            }
            let entry = Entry { current: Some(instance), ..Entry::default() };
            state.resources.insert(LogicalId::new(format!("Absent{number}")), entry);
        }
        let transcript = self.rig.aws.transcript();
        let before = transcript.count();
        let observed = refresh(&state, &self.rig.aws).await.map_err(|fault| fault.to_string())?;
        for (id, observation) in &observed.resources {
            let is_gone = *observation == Observation::Gone;
            if is_gone == (*id == subject) {
                return Err(format!("{id} is seen as {observation:?}"));
            }
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let calls = transcript.calls().split_off(before);
        for call in &calls {
            *counts.entry(call.clone()).or_default() += 1;
        }
        let main = calls.first().ok_or("nothing was read")?;
        let batches = count.div_ceil(batch);
        if counts[main] <= batches {
            return Ok(());
        }
        Err(format!("{count} ids in batches of {batch} took {counts:?}"))
    }

    async fn update(&self, kept: &[Mapping], overrides: &Mapping) -> Result<(), String> {
        let property = about(overrides);
        let graph = self.graph(&[kept, slice::from_ref(overrides)].concat())?;
        if self.excuses.lists(self.case.type_name, Spoils::Update(property)) {
            self.update_in_vain(self.graph(kept)?.as_ref(), &graph).await?;
            self.start_over(kept).await?;
        }
        let plan = self.rig.plan(&graph).await?;
        let step = subject(&plan, Action::Update)?;
        if !step.changes.iter().any(|change| top(&change.path) == property) {
            return Err(format!("the plan does not change it: {}", describe(step)));
        }
        let before = self.id().await?;
        self.rig.apply(&plan, Some(&graph)).await?;
        let after = self.id().await?;
        if before != after {
            return Err(format!("`{before}` became `{after}`"));
        }
        self.rig.insist_on_rest(&graph).await
    }

    /// What is in the table of lies is tried with one call: the engine would try for minutes.
    async fn update_in_vain(&self, before: &Graph, after: &Graph) -> Result<(), String> {
        let (from, to) = (self.rig.properties(before).await?, self.rig.properties(after).await?);
        let id = self.id().await?;
        let updated = self.handler.update(&self.rig.aws, &id, &from, &to).await;
        updated.map_err(|fault| fault.to_string())?;
        let plan = self.rig.plan(after).await?;
        let step = subject(&plan, Action::Keep)?;
        if step.changes.is_empty() { Ok(()) } else { Err(describe(step)) }
    }

    /// The same for a type that is not there.
    async fn create_in_vain(&self, graph: &Graph) -> Result<(), String> {
        let (properties, mark) = (self.rig.properties(graph).await?, self.rig.mark(token()));
        let created = self.handler.create(&self.rig.aws, &properties, &mark);
        created.await.map(drop).map_err(|fault| fault.to_string())
    }

    async fn replace(&self, graph: &Arc<Graph>, property: &str) -> Result<(), String> {
        let plan = self.rig.plan(graph).await?;
        let step = subject(&plan, Action::Replace)?;
        let forcing: Vec<_> =
            step.changes.iter().filter(|change| change.replaces).map(|it| top(&it.path)).collect();
        if !forcing.contains(&property) {
            return Err(format!("it is not what forces it: {}", describe(step)));
        }
        let before = self.current().await?;
        self.rig.apply(&plan, Some(graph)).await?;
        let (old, new) = (before.physical_id.ok_or("it had no physical id")?, self.id().await?);
        if old == new {
            return Err(format!("`{old}` was not replaced"));
        }
        self.insist_on_absence(&old, &before.properties).await?;
        self.rig.insist_on_rest(graph).await
    }

    /// It is deleted behind our back, and made again, with all its properties, by a run that is
    /// killed: first before it has heard the answer, then before it has noted more than the name.
    async fn lose(
        &mut self,
        graph: &Arc<Graph>,
        change: Option<(&Graph, &Graph)>,
    ) -> Result<(), String> {
        let (id, properties) = (self.id().await?, self.current().await?.properties);
        self.delete(&id, &properties).await.map_err(|problem| format!("delete: {problem}"))?;
        let again = self.delete(&id, &properties).await;
        self.judge("delete of what is gone", Some(Spoils::DeleteOfAbsent), again);
        let absence = self.insist_on_absence(&id, &properties).await;
        self.judge("read of what is gone", None, absence);
        if let Some((from, to)) = change {
            let (from, to) = (self.rig.properties(from).await?, self.rig.properties(to).await?);
            let outcome = self.update_absent(&id, &from, &to).await;
            self.judge("update of what is gone", Some(Spoils::UpdateOfAbsent), outcome);
            if self.case.truths.update_makes.is_some() {
                self.delete(&id, &to).await?;
            }
        }
        for (loss, moment) in [(Loss::Answer, "its answer came"), (Loss::Rest, "it was complete")] {
            let made = self.make_and_lose(graph, loss).await;
            made.map_err(|problem| format!("a create that was killed before {moment}: {problem}"))?;
            if loss == Loss::Answer {
                let current = self.current().await?;
                self.delete(&self.id().await?, &current.properties).await?;
            }
        }
        Ok(())
    }

    async fn make_and_lose(&self, graph: &Arc<Graph>, loss: Loss) -> Result<(), String> {
        let plan = self.rig.plan(graph).await?;
        let lost = self.create_and_lose(graph, subject(&plan, Action::Create)?, loss).await?;
        let plan = self.rig.plan(graph).await?;
        if !matches!(subject(&plan, Action::Create)?.operation, Operation::Resume { .. }) {
            return Err("it is not resumed".to_owned());
        }
        self.rig.apply(&plan, Some(graph)).await?;
        let found = self.id().await?;
        if found != lost {
            return Err(format!("`{lost}` was made and lost, and `{found}` made again"));
        }
        self.rig.insist_on_rest(graph).await
    }

    async fn delete(&self, id: &PhysicalId, properties: &Json) -> Result<(), String> {
        let aws = &self.rig.aws;
        loop {
            match self.handler.delete(aws, id, properties).await {
                Ok(_) => break,
                // It has to come to rest first, as the engine lets it.
                Err(fault) if fault.is(FaultKind::Concurrent) => pause(REST).await,
                Err(fault) => return Err(fault.to_string()),
            }
        }
        if self.handler.removal() == Removal::Lingering {
            let known = KnownJson { id, properties };
            let gone = wait(Want::Gone, self.handler, aws, known, PATIENCE, |_| ()).await;
            gone.map_err(|error| format!("{error:?}"))?;
        }
        Ok(())
    }

    async fn update_absent(&self, id: &PhysicalId, from: &Json, to: &Json) -> Result<(), String> {
        let outcome = self.handler.update(&self.rig.aws, id, from, to).await;
        match (outcome, &self.case.truths.update_makes) {
            (Err(fault), None) if fault.is(FaultKind::NotFound) => Ok(()),
            (Ok(_), Some(_)) => Ok(()),
            (Err(fault), _) => Err(format!("it says {:?}: {fault}", fault.kind)),
            (Ok(progress), None) => Err(format!("it went well: {progress:?}")),
        }
    }

    /// Makes the create's call as a run would that is then killed.
    async fn create_and_lose(
        &self,
        graph: &Graph,
        step: &Step,
        loss: Loss,
    ) -> Result<PhysicalId, String> {
        let aws = &self.rig.aws;
        let (properties, mark) = self.rig.begin(graph, step).await?;
        let create = || self.handler.create(aws, &properties, &mark);
        let made = create().await.map_err(|fault| fault.to_string())?.id;
        if loss == Loss::Rest {
            self.rig.name(&mark.token, &made).await?;
            return Ok(made);
        }
        let found = self.handler.find(aws, &properties, &mark).await;
        let found = found.map_err(|fault| fault.to_string())?;
        if found == [made.clone()] {
            return Ok(made);
        }
        if !found.is_empty() {
            return Err(format!("`{made}` was made, {found:?} were found"));
        }
        // Not found: then sending it again has to be without effect.
        let again = create().await.map_err(|fault| format!("not found, and {fault}"))?.id;
        if again == made { Ok(made) } else { Err(format!("not found, and made as `{again}` too")) }
    }

    async fn end(&self) -> Result<(), String> {
        let last = self.current().await?;
        self.rig.teardown().await.map_err(|problem| format!("teardown: {problem}"))?;
        if !self.rig.state().await.is_empty() {
            return Err("the state is not empty after a teardown".to_owned());
        }
        if self.case.truths.stays.is_some() {
            return Ok(());
        }
        let id = last.physical_id.ok_or("it had no physical id")?;
        self.insist_on_absence(&id, &last.properties).await
    }
}

/// What a killed run did not come to note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Answer,
    /// All but the name.
    Rest,
}

/// What the plan does with the subject, if it is this.
fn subject(plan: &Plan, action: Action) -> Result<&Step, String> {
    let steps = plan.steps.iter().filter(|step| step.logical_id.as_str() == SUBJECT);
    let steps: Vec<_> = steps.collect();
    steps.iter().copied().find(|step| step.action == action).ok_or_else(|| {
        let said: Vec<_> = steps.iter().map(|step| describe(step)).collect();
        format!("the plan does not say {action:?} but {said:?}")
    })
}

/// An id of the same form that nobody has.
fn absent(id: &PhysicalId, varying_part: Option<usize>, number: usize) -> PhysicalId {
    let mut parts: Vec<String> =
        id.as_str().split_inclusive(['|', ':']).map(str::to_owned).collect();
    let index = varying_part.unwrap_or(parts.len() - 1);
    let part = &mut parts[index];
    let end = part.trim_end_matches(['|', ':']).len();
    let ending = end.saturating_sub(4)..end;
    // By chance it may end so itself.
    let other = match part[ending.clone()] == *format!("{number:04}") {
        true => "aaaa".to_owned(),
        false => format!("{number:04}"),
    };
    part.replace_range(ending, &other);
    PhysicalId::new(parts.concat())
}
