//! What a state says of its resources: whose ids stand in their properties.

use super::{Link, Part, each_text, linked, told};
use crate::state::{Instance, State};
use crate::value::{LogicalId, PhysicalId};

/// Shorter ones are found in texts that mean something else.
const SHORTEST: usize = 4;

pub fn parts(state: &State) -> Vec<Part> {
    let mut parts = Vec::new();
    for (id, entry) in &state.resources {
        let instances = entry.current.iter().chain(&entry.intent).chain(&entry.deposed);
        parts.extend(instances.take(1).map(|instance| part(state, id, instance)));
    }
    parts
}

fn part(state: &State, id: &LogicalId, instance: &Instance) -> Part {
    let mut links = Vec::new();
    each_text(&instance.properties, &mut Vec::new(), &mut |path, text| {
        for to in &instance.dependencies {
            if ids(state, to).any(|id| text.contains(id)) {
                links.push(Link { to: to.clone(), path: path.to_owned() });
            }
        }
    });
    Part {
        id: id.clone(),
        type_name: instance.type_name.clone(),
        says: told(|name| instance.properties.get(name)),
        links: linked(links, instance.dependencies.iter().cloned()),
        region: None,
    }
}

/// What others may name a resource by.
fn ids<'s>(state: &'s State, id: &LogicalId) -> impl Iterator<Item = &'s str> {
    let current = state.current(id);
    let physical = current.and_then(|instance| instance.physical_id.as_ref());
    let last = physical.and_then(|id| id.parts().pop());
    let attributes = current.into_iter().flat_map(|instance| instance.attributes.values());
    let all = physical.map(PhysicalId::as_str).into_iter().chain(last);
    all.chain(attributes.filter_map(|value| value.as_str())).filter(|id| id.len() >= SHORTEST)
}
