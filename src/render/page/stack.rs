//! A stack as a page, from its template: what is known of each resource, and who refers to it.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value as Json;

use super::{Entry, Filter, Head, links};
use crate::graph::{Graph, Nothing};
use crate::render::picture::{self, Marks, clean};
use crate::resource::{self, Rule};
use crate::sketch::{Part, Sketch};
use crate::template::dynamic::has_reference;
use crate::value::LogicalId;

pub fn render(graph: &Graph, sketch: &Sketch) -> String {
    let places: BTreeMap<LogicalId, usize> =
        sketch.parts.iter().enumerate().map(|(index, part)| (part.id.clone(), index)).collect();
    let mut referrers: BTreeMap<&LogicalId, Vec<&LogicalId>> = BTreeMap::new();
    for part in &sketch.parts {
        for link in &part.links {
            let all = referrers.entry(&link.to).or_default();
            if !all.contains(&&part.id) {
                all.push(&part.id);
            }
        }
    }
    let entries: Vec<Entry> = sketch
        .parts
        .iter()
        .map(|part| Entry {
            id: part.id.clone(),
            type_name: part.type_name.as_str().to_owned(),
            physical_id: None,
            action: None,
            body: body(graph, part, referrers.get(&part.id).map_or(&[], Vec::as_slice), &places),
        })
        .collect();
    let count = entries.len();
    let head = Head {
        title: &graph.inputs.stack,
        place: &format!("{} resources · {}", count, graph.template.source.name),
        summary: html! {},
    };
    let filters = [Filter { name: "all", title: "all".to_owned(), count }];
    let scene = picture::scene(sketch, &Marks::new());
    super::render(&head, &scene, &html! {}, &entries, &filters, &html! {})
}

fn body(
    graph: &Graph,
    part: &Part,
    referrers: &[&LogicalId],
    places: &BTreeMap<LogicalId, usize>,
) -> Markup {
    let (properties, _) = graph.expressed(&part.id, &Nothing);
    let mut properties = properties.to_masked_json();
    if let Some(facts) = graph.facts(&part.id) {
        hide(&mut properties, "", &|path| facts.is_write_only(path) || is_secret(part, path));
    }
    let text = serde_json::to_string_pretty(&properties).unwrap_or_default();
    let mut named: Vec<&LogicalId> = part.links.iter().map(|link| &link.to).collect();
    named.sort_unstable();
    named.dedup();
    html! {
        @if properties.as_object().is_some_and(|all| !all.is_empty()) {
            pre.lines tabindex="0" aria-label="properties" {
                @for line in text.lines() { (clean(line)) "\n" }
            }
        }
        @if !named.is_empty() { p.waits { "Refers to " (links(places, &named)) "." } }
        @if !referrers.is_empty() { p.waits { "Referred to by " (links(places, referrers)) "." } }
    }
}

fn is_secret(part: &Part, path: &str) -> bool {
    let handler = resource::handler(part.type_name.as_str());
    let rules = handler.map(resource::Handler::rules).unwrap_or_default();
    rules.iter().any(|(of, rule)| *of == path && *rule == Rule::Secret)
}

/// Hides the texts that AWS does not tell either, once they are set: passwords are among them.
fn hide(json: &mut Json, path: &str, is_hidden: &dyn Fn(&str) -> bool) {
    match json {
        Json::Object(entries) => {
            for (key, value) in entries {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                hide(value, &below, is_hidden);
            }
        }
        Json::Array(items) => {
            items.iter_mut().for_each(|item| hide(item, &format!("{path}[]"), is_hidden));
        }
        Json::String(text) if is_hidden(path) && !has_reference(text) => {
            "(not shown)".clone_into(text);
        }
        _ => {}
    }
}
