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

/// A deploy to an empty account and a teardown on which nothing goes wrong.
#[derive(Debug)]
pub struct Calm {
    /// What the deploy left.
    pub fingerprint: Fingerprint,
    /// How often each call and write came to pass.
    pub deploy: BTreeMap<String, u64>,
    pub teardown: BTreeMap<String, u64>,
}

/// The versions that any story of this process has asked for, by their text.
static KNOWN: Mutex<BTreeMap<String, Arc<Version>>> = Mutex::new(BTreeMap::new());

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
        let version =
            Arc::new(Self { template: template.clone(), graph, calm: OnceLock::new() });
        KNOWN.lock().expect("nothing panics with it").insert(text, Arc::clone(&version));
        Ok(version)
    }

    /// # Errors
    ///
    /// When something goes wrong although nothing goes wrong.
    pub fn calm(&self) -> Result<&Calm, String> {
        let calm = self.calm.get_or_init(|| {
            run::calm(&self.template)
                .map_err(|problem| format!("in calm weather, {problem}: {}", self.template))
        });
        calm.as_ref().map_err(Clone::clone)
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
