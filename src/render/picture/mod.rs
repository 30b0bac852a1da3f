//! A stack as people draw it: networks as boxes with what stands in them, who calls whom from left
//! to right, and what nobody draws in rows of its own.

mod dot;
mod fold;
mod kind;
mod layout;
mod mermaid;
mod scene;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use dot::dot;
pub use mermaid::mermaid;
pub use scene::{Item, Marks, Scene};
pub use svg::{Anchor, Frame, STYLE, draw};
pub use text::clean;

use crate::sketch::Sketch;

/// What is drawn of a stack, with what a plan does to it.
pub fn scene(sketch: &Sketch, marks: &Marks) -> Scene {
    Scene::of(sketch, marks).folded()
}

/// A picture that stands alone.
pub fn svg(scene: &Scene, title: &str) -> String {
    let description = describe(scene);
    let frame = Frame { title, description: &description, anchor: None };
    draw(scene, &frame).into_string() + "\n"
}

/// A picture in words, for who does not see it.
pub fn describe(scene: &Scene) -> String {
    let name = |card: &usize| scene.cards[*card].item.title.as_str();
    let calls: Vec<String> =
        scene.edges.iter().map(|(from, to)| format!("{} calls {}", name(from), name(to))).collect();
    let inside: Vec<String> = scene
        .vpcs
        .iter()
        .map(|vpc| {
            let bands: Vec<&str> = vpc.bands.iter().map(|band| band.item.title.as_str()).collect();
            format!("{} with {}", vpc.item.title, bands.join(", "))
        })
        .collect();
    let told: Vec<String> = [("Networks", inside), ("Calls", calls)]
        .into_iter()
        .filter(|(_, told)| !told.is_empty())
        .map(|(what, told)| format!("{what}: {}.", told.join("; ")))
        .collect();
    told.join(" ")
}
