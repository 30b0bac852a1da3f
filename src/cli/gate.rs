//! Which plans a person has to look at first: the classes of `--require-approval` and `--fail-on`.

use crate::plan::{Class, Plan};
use crate::render::plan::count_risks;

/// A class of plans, in the words of the CDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Gate {
    /// No plan
    Never,
    /// Every plan that changes something
    AnyChange,
    /// Plans that let somebody do or reach more than before
    Broadening,
    /// Plans that lose data or addresses
    Destructive,
}

/// What of a plan the gates are about, in words; `None` when it passes.
pub fn stopped(gates: &[Gate], plan: &Plan) -> Option<String> {
    if gates.contains(&Gate::AnyChange) && plan.has_changes() {
        return Some("it changes something".to_owned());
    }
    let classes: Vec<Class> =
        [(Gate::Destructive, Class::Destructive), (Gate::Broadening, Class::Broadening)]
            .into_iter()
            .filter(|(gate, _)| gates.contains(gate))
            .map(|(_, class)| class)
            .collect();
    let told = count_risks(plan, &classes);
    (!told.is_empty()).then(|| format!("its risks are {told}"))
}
