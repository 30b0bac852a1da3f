//! A picture for Mermaid, which forges draw in Markdown.

use std::fmt::Write as _;

use super::kind::short;
use super::scene::{Card, Item, Scene, Site};
use super::text::clean;

pub fn mermaid(scene: &Scene) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (index, vpc) in scene.vpcs.iter().enumerate() {
        let _ = writeln!(
            text,
            "  subgraph vpc{index}[{}]",
            quoted(&[label(&vpc.item), vpc.ways.to_owned()])
        );
        for (number, band) in vpc.bands.iter().enumerate() {
            let _ = writeln!(
                text,
                "    subgraph vpc{index}x{number}[{}]",
                quoted(&[label(&band.item), band.zone.clone()])
            );
            // One in several subnets stands in the first of them.
            let within = |card: &Card| {
                matches!(&card.site, Site::Inside { vpc, bands }
                    if *vpc == index && bands.first() == Some(&number))
            };
            if nodes(&mut text, scene, "      ", within) == 0 {
                let _ = writeln!(text, "      empty{index}x{number}[\" \"]");
            }
            text.push_str("    end\n");
        }
        nodes(&mut text, scene, "    ", |card| card.site == Site::Border { vpc: index });
        text.push_str("  end\n");
    }
    nodes(&mut text, scene, "  ", |card| card.site == Site::Outside);
    if !scene.entries.is_empty() {
        text.push_str("  callers([\"Callers\"])\n");
    }
    for entry in &scene.entries {
        let _ = writeln!(text, "  callers --> card{entry}");
    }
    for (from, to) in &scene.edges {
        let _ = writeln!(text, "  card{from} --> card{to}");
    }
    for (index, shelf) in scene.shelves.iter().enumerate() {
        let _ = writeln!(
            text,
            "  subgraph shelf{index}[{}]",
            quoted(std::slice::from_ref(&shelf.title))
        );
        for (number, item) in shelf.items.iter().enumerate() {
            let _ = writeln!(text, "    quiet{index}x{number}[{}]", quoted(&[label(item)]));
        }
        text.push_str("  end\n");
    }
    text
}

fn nodes(text: &mut String, scene: &Scene, indent: &str, is_here: impl Fn(&Card) -> bool) -> usize {
    let mut count = 0;
    for (index, card) in scene.cards.iter().enumerate().filter(|(_, card)| is_here(card)) {
        let rows = card.rows.iter().map(|row| [row.title.as_str(), &row.note].join(" "));
        let lines: Vec<String> = std::iter::once(label(&card.item)).chain(rows).collect();
        let _ = writeln!(text, "{indent}card{index}[{}]", quoted(&lines));
        count += 1;
    }
    count
}

fn label(item: &Item) -> String {
    let lines = [item.title.as_str(), short(&item.type_name), &item.note];
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A label in quotes, in which everything that could be markup is an entity of Mermaid's own.
fn quoted(lines: &[String]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .flat_map(|line| line.lines())
        .map(|line| escaped(&clean(line.trim_end())))
        .filter(|line| !line.is_empty())
        .collect();
    format!("\"{}\"", lines.join("<br>"))
}

fn escaped(text: &str) -> String {
    // It takes a backslash and an n for a new line even where they are entities.
    text.replace('\\', "∖").chars().fold(String::new(), |mut escaped, one| {
        let is_plain = one.is_alphanumeric() || " .,:/-+()".contains(one);
        match is_plain {
            true => escaped.push(one),
            false => {
                let _ = write!(escaped, "#{};", u32::from(one));
            }
        }
        escaped
    })
}
