//! Which stacks of an assembly are meant.

use std::collections::BTreeSet;

use regex::Regex;

use super::{AssembledStack, Assembly};
use crate::diagnostic::nearest;

/// What is taken besides the stacks that are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Named,
    /// Also all they depend on.
    Upstream,
    /// Also all that depends on them.
    Downstream,
}

#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    #[error("the app has no stacks")]
    Empty,
    #[error("the app has {} stacks: {}", .0.len(), listed(.0))]
    Several(Vec<String>),
    #[error("the app has no stack `{pattern}`")]
    NoMatch { pattern: String, known: Vec<String> },
}

impl SelectError {
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Empty => Vec::new(),
            Self::Several(_) => {
                vec!["name those that are meant, by pattern if you like, or `--all`".to_owned()]
            }
            Self::NoMatch { pattern, known } => {
                let near = nearest(pattern, known.iter().map(String::as_str));
                vec![match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it has {}", listed(known)),
                }]
            }
        }
    }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Assembly {
    /// The stacks whose path matches a pattern, or whose id or name it is, each after those it
    /// depends on. Without a pattern it is the only stack there is.
    ///
    /// # Errors
    ///
    /// A pattern without a match, and no pattern where there are several stacks.
    pub fn select(
        &self,
        patterns: &[String],
        reach: Reach,
    ) -> Result<Vec<&AssembledStack>, SelectError> {
        let names = || self.stacks.iter().map(|stack| stack.display_name.clone()).collect();
        let mut chosen = BTreeSet::new();
        match (patterns, self.stacks.len()) {
            (_, 0) => return Err(SelectError::Empty),
            ([], 1) => {
                chosen.insert(0);
            }
            ([], _) => return Err(SelectError::Several(names())),
            _ => {}
        }
        for pattern in patterns {
            let matches = matcher(pattern);
            let found = self.stacks.iter().enumerate().filter(|(_, stack)| {
                matches(&stack.display_name) || [&stack.id, &stack.stack_name].contains(&pattern)
            });
            let found: Vec<usize> = found.map(|(place, _)| place).collect();
            chosen.extend(&found);
            if found.is_empty() {
                return Err(SelectError::NoMatch { pattern: pattern.clone(), known: names() });
            }
        }
        self.extend(&mut chosen, reach);
        Ok(chosen.into_iter().map(|place| &self.stacks[place]).collect())
    }

    /// Each stack comes after those it depends on, so that one pass is enough.
    fn extend(&self, chosen: &mut BTreeSet<usize>, reach: Reach) {
        match reach {
            Reach::Named => {}
            Reach::Upstream => {
                for place in (0..self.stacks.len()).rev() {
                    if chosen.contains(&place) {
                        chosen.extend(&self.stacks[place].dependencies);
                    }
                }
            }
            Reach::Downstream => {
                for (place, stack) in self.stacks.iter().enumerate() {
                    if stack.dependencies.iter().any(|needed| chosen.contains(needed)) {
                        chosen.insert(place);
                    }
                }
            }
        }
    }
}

/// `*` and `?` stand for what is between two `/`, `**` for anything.
fn matcher(pattern: &str) -> impl Fn(&str) -> bool {
    let mut text = String::from("^");
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let (written, length) = match first {
            '*' if rest.starts_with("**") => (".*".to_owned(), 2),
            '*' => ("[^/]*".to_owned(), 1),
            '?' => ("[^/]".to_owned(), 1),
            _ => (regex::escape(first.encode_utf8(&mut [0; 4])), first.len_utf8()),
        };
        text.push_str(&written);
        rest = &rest[length..];
    }
    text.push('$');
    let regex = Regex::new(&text);
    let pattern = pattern.to_owned();
    move |name| match &regex {
        Ok(regex) => regex.is_match(name),
        // Only one too long to be built; then it is the name itself or nothing.
        Err(_) => name == pattern,
    }
}
