//! A picture for Graphviz, which finds the places itself.

use std::fmt::Write as _;

use super::kind::short;
use super::scene::{Card, Item, Scene, Site};
use super::text::clean;

/// A node that is not seen.
const NOTHING: &str = "[style=invis, label=\"\", width=0, height=0]";

pub fn dot(scene: &Scene, title: &str) -> String {
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR;\n  compound=true;\n  graph [fontname=Helvetica];\n  \
         node [shape=box, style=rounded, fontname=Helvetica];\n",
        quoted(title)
    );
    for (index, vpc) in scene.vpcs.iter().enumerate() {
        let heading = [label(&vpc.item), vpc.ways.to_owned()].join("\n");
        let _ = writeln!(text, "  subgraph cluster_vpc{index} {{\n    label={};", quoted(&heading));
        for (number, band) in vpc.bands.iter().enumerate() {
            let label = [label(&band.item), band.zone.clone()].join("\n");
            let _ = writeln!(
                text,
                "    subgraph cluster_vpc{index}_{number} {{\n      label={};\n      style=dashed;",
                quoted(&label)
            );
            // One in several subnets stands in the first of them.
            let here = Some(number);
            let within = |card: &Card| {
                matches!(&card.site, Site::Inside { vpc, bands }
                    if *vpc == index && bands.first().copied() == here)
            };
            nodes(&mut text, scene, "      ", within);
            let _ = writeln!(text, "      empty{index}_{number} {NOTHING};\n    }}");
        }
        // Graphviz leaves out a box with nothing in it.
        let _ = writeln!(text, "    empty{index} {NOTHING};");
        nodes(&mut text, scene, "    ", |card| card.site == Site::Border { vpc: index });
        text.push_str("  }\n");
    }
    nodes(&mut text, scene, "  ", |card| card.site == Site::Outside);
    for entry in &scene.entries {
        let _ = writeln!(
            text,
            "  callers [label=\"Callers\", style=dashed];\n  callers -> card{entry};"
        );
    }
    for (from, to) in &scene.edges {
        let _ = writeln!(text, "  card{from} -> card{to};");
    }
    for (index, shelf) in scene.shelves.iter().enumerate() {
        let _ = writeln!(
            text,
            "  subgraph cluster_shelf{index} {{\n    label={};\n    style=dotted;",
            quoted(&shelf.title)
        );
        for (number, item) in shelf.items.iter().enumerate() {
            let _ = writeln!(text, "    quiet{index}_{number} [label={}];", quoted(&label(item)));
        }
        text.push_str("  }\n");
    }
    text.push_str("}\n");
    text
}

fn nodes(text: &mut String, scene: &Scene, indent: &str, is_here: impl Fn(&Card) -> bool) {
    for (index, card) in scene.cards.iter().enumerate().filter(|(_, card)| is_here(card)) {
        let rows = card.rows.iter().map(|row| [row.title.as_str(), &row.note].join(" "));
        let lines: Vec<String> = std::iter::once(label(&card.item)).chain(rows).collect();
        let _ = writeln!(text, "{indent}card{index} [label={}];", quoted(&lines.join("\n")));
    }
}

fn label(item: &Item) -> String {
    let lines = [item.title.as_str(), short(&item.type_name), &item.note];
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A string of the language: a backslash and a quote mean themselves, a new line a new line.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| clean(line.trim_end()).replace('\\', "\\\\").replace('"', "\\\""))
        .filter(|line| !line.is_empty())
        .collect();
    // Graphviz reads entities of HTML in any label.
    format!("\"{}\"", lines.join("\\n").replace('&', "&amp;"))
}
