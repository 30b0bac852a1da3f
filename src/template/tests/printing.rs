//! What is printed reads as the same tree.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{source, yaml};
use crate::diagnostic::Span;
use crate::template::{Entry, Node, NodeKind, load, print, scalar};

/// A tree without its places.
fn bare(node: &Node) -> Node {
    let kind = match &node.kind {
        NodeKind::List(items) => NodeKind::List(items.iter().map(bare).collect()),
        NodeKind::Map(entries) => NodeKind::Map(
            entries.iter().map(|entry| named(entry.key.clone(), bare(&entry.value))).collect(),
        ),
        other => other.clone(),
    };
    made(kind)
}

fn made(kind: NodeKind) -> Node {
    Node { kind, span: Span::default() }
}

fn named(key: String, value: Node) -> Entry {
    Entry { key, key_span: Span::default(), value }
}

/// Texts that mean something to some reader of YAML.
#[rustfmt::skip]
const TELLING: &[&str] = &[
    "", " ", "a ", " a", "-", "- a", "?", ":", "a:", "a: b", "a #b", "#", "&a", "*a", "!Ref a",
    "|", ">", "%", "@", "`", "'", "\"", "\\", "\\n", "{", "}", "[", "]", ",", "{{resolve:ssm:x}}",
    "${A}", "---", "...", "\n", "a\nb", "\n\n", "a\n", "\ta", "\r", "\r\n", "\u{0}", "\u{7f}",
    "\u{85}", "\u{a0}", "\u{2028}", "\u{feff}", "\u{ffff}", "é😀", "null", "~", "true", "Yes",
    "on", "1", "-1", "+1", "1.", ".5", "1e3", "0x1F", "012", "1:30", "2010-09-09", "<<", "=",
    "a:b", "Fn::If", "a/b.c-d", "a\n b\n", "a\n\nb", "a\n ", "a: b\n# c", "a (b), c", "a ,", "y",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(TELLING).prop_map(ToString::to_string),
        any::<String>(),
        "[a-z:#'\"\\\\ \n\t{}\\[\\],&*!|>%@`?-]{0,12}",
        "x{900,1200}",
    ]
}

fn tree() -> impl Strategy<Value = Node> {
    let literals =
        ["true", "No", "on", "1", "007", "-0", "+1", "1.50", ".5", "6e23", "012345678901"];
    let leaf = prop_oneof![
        Just(made(NodeKind::Null)),
        prop::sample::select(literals.to_vec()).prop_map(|text| made(scalar::plain(text))),
        text().prop_map(|text| made(NodeKind::String(text))),
    ];
    leaf.prop_recursive(5, 60, 5, |inner| {
        let entries = prop::collection::btree_map(text(), inner.clone(), 0..5);
        let map = |entries: std::collections::BTreeMap<String, Node>| {
            let entries = entries.into_iter().map(|(key, value)| named(key, value)).collect();
            made(NodeKind::Map(entries))
        };
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| made(NodeKind::List(items))),
            entries.prop_map(map),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_tree_printed_and_read_is_the_same(tree in tree()) {
        let printed = print(&tree);
        let read = load(&source("t.yaml", &printed));
        let read = read.unwrap_or_else(|error| panic!("{printed}\n{error:?}"));
        prop_assert_eq!(bare(&read), tree, "{}", printed);
    }
}

/// Every template in the project.
fn templates() -> Vec<PathBuf> {
    fn find(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("it can be read") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                find(&path, found);
            } else if path.extension().is_some_and(|suffix| suffix == "yaml" || suffix == "json") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["stacks", "tests/contract", "config"]
        .iter()
        .for_each(|name| find(&root.join(name), &mut found));
    found
}

#[test]
fn what_is_written_and_printed_reads_the_same() {
    let mut count = 0;
    for path in templates() {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let tree = yaml(&text);
        assert_eq!(bare(&yaml(&print(&tree))), bare(&tree), "{}", path.display());
        count += 1;
    }
    assert!(count > 20, "only {count} files");
}

#[test]
fn it_looks_as_people_write_it() {
    let text = "a: !Sub x-${B}\nb: [1, 007, on, 'on', {c: !GetAtt A.B}]\nc: {}\nd: |\n  x\n  y\ne: 2012-10-17\n";
    assert_eq!(
        print(&yaml(text)),
        "\
a:
  Fn::Sub: \"x-${B}\"
b:
  - 1
  - 007
  - on
  - \"on\"
  - c:
      Fn::GetAtt:
        - A
        - B
c: {}
d: |
  x
  y
e: \"2012-10-17\"
"
    );
}
