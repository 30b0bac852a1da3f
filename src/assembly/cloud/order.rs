//! The artifacts of a manifest, each after those it depends on; otherwise as they are written.

use crate::ordered::IndexMap;

use super::error::AssemblyError;
use super::manifest::Artifact;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    /// On the way here: who meets it again has found a cycle.
    Open,
    Done,
}

/// The ids in order.
///
/// # Errors
///
/// Dependencies that are not there, and the members of a cycle.
pub fn sorted(artifacts: &IndexMap<String, Artifact>) -> Result<Vec<&str>, AssemblyError> {
    let mut marks = vec![Mark::New; artifacts.len()];
    let mut sorted = Vec::with_capacity(artifacts.len());
    for start in 0..artifacts.len() {
        // Each with the place of the dependency that is looked at next: no recursion, since a
        // manifest may be of any depth.
        let mut way = vec![(start, 0)];
        while let Some((here, next)) = way.pop() {
            let Some((id, artifact)) = artifacts.get_index(here) else { continue };
            if next == 0 && marks[here] == Mark::Done {
                continue;
            }
            marks[here] = Mark::Open;
            let Some(needed) = artifact.dependencies.get(next) else {
                marks[here] = Mark::Done;
                sorted.push(id.as_str());
                continue;
            };
            way.push((here, next + 1));
            let Some(there) = artifacts.get_index_of(needed) else {
                let (artifact, needed) = (id.clone(), needed.clone());
                return Err(AssemblyError::Dependency { artifact, needed });
            };
            match marks[there] {
                Mark::New => way.push((there, 0)),
                Mark::Done => {}
                Mark::Open => {
                    let from = way.iter().position(|(place, _)| *place == there).unwrap_or(0);
                    let ids = way[from..].iter().map(|(place, _)| *place).chain([there]);
                    let ids = ids.filter_map(|place| artifacts.get_index(place));
                    return Err(AssemblyError::Cycle(ids.map(|(id, _)| id.clone()).collect()));
                }
            }
        }
    }
    Ok(sorted)
}
