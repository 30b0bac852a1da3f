//! Templates with all that is made of them once and needed by many stories.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use cairn::diagnostic::{Diagnostic, Source};
use cairn::graph::{Graph, Inputs, synth};
use cairn::template;
use serde_json::Value as Json;

use super::aws::account::{NUMBER, REGION};
use super::oracle::Fingerprint;
use super::run;

pub const STACK: &str = "simulated";

/// One template.
#[derive(Debug)]
pub struct Version {
    pub template: Json,
    pub graph: Arc<Graph>,
    calm: OnceLock<Result<Calm, String>>,
}

/// A deploy to an empty account on which nothing goes wrong.
#[derive(Debug)]
pub struct Calm {
    /// What it left.
    pub fingerprint: Fingerprint,
    pub points: Points,
}

/// How often each call and write came to pass.
pub type Points = BTreeMap<String, u64>;

/// The versions that any story of this process has asked for, by their text.
static KNOWN: Mutex<BTreeMap<String, Arc<Version>>> = Mutex::new(BTreeMap::new());

/// What comes to pass on the way from one version to another, by their texts.
static WAYS: Mutex<BTreeMap<(String, String), Arc<Points>>> = Mutex::new(BTreeMap::new());

impl Version {
    /// Makes a version, once for each template.
    ///
    /// # Errors
    ///
    /// What is wrong with the template.
    pub fn of(template: &Json) -> Result<Arc<Self>, String> {
        let text = template.to_string();
        if let Some(version) = KNOWN.lock().expect("nothing panics with it").get(&text) {
            return Ok(Arc::clone(version));
        }
        let graph = graph(&text)?;
        let version = Arc::new(Self { template: template.clone(), graph, calm: OnceLock::new() });
        KNOWN.lock().expect("nothing panics with it").insert(text, Arc::clone(&version));
        Ok(version)
    }

    /// # Errors
    ///
    /// When something goes wrong although nothing goes wrong.
    pub fn calm(self: &Arc<Self>) -> Result<&Calm, String> {
        let calm = self.calm.get_or_init(|| {
            run::calm(self)
                .map_err(|problem| format!("in calm weather, {problem}: {}", self.template))
        });
        calm.as_ref().map_err(Clone::clone)
    }

    /// What comes to pass when another version, or nothing, takes the place of this one and nothing
    /// goes wrong.
    ///
    /// # Errors
    ///
    /// When something goes wrong all the same.
    pub fn way_to(self: &Arc<Self>, other: Option<&Arc<Self>>) -> Result<Arc<Points>, String> {
        let text = |version: &Arc<Self>| version.template.to_string();
        let ways = (text(self), other.map(text).unwrap_or_default());
        if let Some(points) = WAYS.lock().expect("nothing panics with it").get(&ways) {
            return Ok(Arc::clone(points));
        }
        let points = run::calm_way(self, other).map_err(|problem| {
            format!("in calm weather, {problem}: from {} to {}", ways.0, ways.1)
        })?;
        let points = Arc::new(points);
        WAYS.lock().expect("nothing panics with it").insert(ways, Arc::clone(&points));
        Ok(points)
    }
}

fn graph(text: &str) -> Result<Arc<Graph>, String> {
    let source = Arc::new(Source { name: format!("{STACK}.yaml"), text: text.to_owned() });
    let inputs = Inputs {
        stack: STACK.to_owned(),
        account: NUMBER.to_owned(),
        region: REGION.to_owned(),
        partition: "aws".to_owned(),
        stack_id: format!("arn:aws:cloudformation:{REGION}:{NUMBER}:stack/{STACK}/0"),
        ..Inputs::default()
    };
    let template = template::parse(&source).map_err(|it| texts(&it))?;
    synth(Arc::new(template), inputs).map(Arc::new).map_err(|it| texts(&it))
}

pub fn texts(findings: &[Diagnostic]) -> String {
    findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("; ")
}
