//! What parameters point at: values in Systems Manager, and what has to be there.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Aws, Fault, FaultKind};
use crate::diagnostic::Diagnostic;
use crate::graph::{Inputs, NamedValue, questions};
use crate::template::{Named, Template, Thing};

/// Asks Systems Manager for the values that parameters are read from.
///
/// # Errors
///
/// When AWS does not tell them.
pub async fn read_stored(
    template: &Template,
    inputs: &Inputs,
    aws: &Aws,
) -> Result<BTreeMap<String, String>, Fault> {
    let names = questions(template, inputs).stored;
    aws.stored_parameters(&names).await
}

/// Asks what the account has of the kinds that rules ask about.
///
/// # Errors
///
/// When AWS does not tell.
pub async fn read_things(
    template: &Template,
    inputs: &Inputs,
    aws: &Aws,
) -> Result<BTreeMap<Named, Vec<Thing>>, Fault> {
    let mut things = BTreeMap::new();
    for kind in questions(template, inputs).things {
        things.insert(kind, aws.things(kind).await?);
    }
    Ok(things)
}

/// Looks for what parameters name. Whoever may not look is only warned.
///
/// # Errors
///
/// One for each that is not there, sorted as the parameters are.
pub async fn look_for_named(
    template: &Template,
    inputs: &Inputs,
    aws: &Aws,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let named = questions(template, inputs).named;
    let kinds: BTreeSet<Named> = named.iter().map(|one| one.kind).collect();
    let (mut warnings, mut errors) = (Vec::new(), Vec::new());
    for kind in kinds {
        let wanted: Vec<&NamedValue> = named.iter().filter(|one| one.kind == kind).collect();
        let names: BTreeSet<String> = wanted.iter().map(|one| one.name.clone()).collect();
        let names: Vec<String> = names.into_iter().collect();
        match aws.existing(kind, &names).await {
            Ok(existing) => errors.extend(
                wanted
                    .into_iter()
                    .filter(|one| !existing.contains(&one.name))
                    .map(|one| absent(one, inputs)),
            ),
            Err(fault) => warnings.push(unseen(kind, &fault, &wanted)),
        }
    }
    if errors.is_empty() { Ok(warnings) } else { Err(errors) }
}

fn absent(one: &NamedValue, inputs: &Inputs) -> Diagnostic {
    let mut finding = Diagnostic::error(format!(
        "there is no {} `{}` in account {}, region {}",
        one.kind.noun(),
        one.name,
        inputs.account,
        inputs.region
    ))
    .hint(format!("the parameter `{}` names it", one.parameter));
    finding.place.clone_from(&one.place);
    finding
}

fn unseen(kind: Named, fault: &Fault, wanted: &[&NamedValue]) -> Diagnostic {
    let why = match fault.kind {
        FaultKind::Denied => format!("the credentials lack `{}`", fault.action),
        _ => fault.to_string(),
    };
    let parameters: BTreeSet<String> =
        wanted.iter().map(|one| format!("`{}`", one.parameter)).collect();
    let parameters: Vec<String> = parameters.into_iter().collect();
    let mut finding = Diagnostic::warning(format!(
        "whether the {} that {} names is there could not be seen: {why}",
        kind.noun(),
        parameters.join(", ")
    ));
    if let Some(first) = wanted.first() {
        finding.place.clone_from(&first.place);
    }
    finding
}
