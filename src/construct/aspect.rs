//! What is said of a construct and all in it: aspects, and tags.

use std::rc::Rc;

use super::tree::{Construct, Scope};

/// Something that visits every construct below one, once, before the templates are made: to change
/// it, or to complain of it.
///
/// ```
/// use cairn::construct::{App, Aspects, Scope, Stack, level1::logs::CfnLogGroup};
///
/// let app = App::new();
/// let stack = Stack::new(&app, "Service");
/// CfnLogGroup::builder().build(&stack, "Log");
/// Aspects::of(&app).add(|construct: &Scope| {
///     if construct.resource_type().as_deref() == Some("AWS::Logs::LogGroup") {
///         construct.complain("a log group needs a retention here");
///     }
/// });
/// let error = app.synth().expect_err("the aspect complains").to_string();
/// assert_eq!(error, "`Service/Log`: a log group needs a retention here");
/// ```
pub trait Aspect {
    /// Visits one construct.
    fn visit(&self, construct: &Scope);
}

impl<F: Fn(&Scope)> Aspect for F {
    fn visit(&self, construct: &Scope) {
        self(construct);
    }
}

/// The aspects of a construct.
#[derive(Debug)]
pub struct Aspects(Scope);

impl Aspects {
    /// Those of one construct.
    pub fn of(construct: &dyn Construct) -> Self {
        Self(construct.scope().clone())
    }

    /// Lets an aspect visit the construct and all in it.
    pub fn add(&self, aspect: impl Aspect + 'static) {
        self.0.tree.branches.borrow_mut()[self.0.index].aspects.push(Rc::new(aspect));
    }
}

/// The tags of a construct and all in it that can carry tags. The nearest wins, and all win over
/// those a level 1 resource was made with.
#[derive(Debug)]
pub struct Tags(Scope);

impl Tags {
    /// Those of one construct.
    pub fn of(construct: &dyn Construct) -> Self {
        Self(construct.scope().clone())
    }

    /// Adds one.
    pub fn add(&self, key: &str, value: &str) {
        let mut branches = self.0.tree.branches.borrow_mut();
        branches[self.0.index].tags.insert(key.to_owned(), value.to_owned());
    }
}

/// Lets every aspect visit what it has not seen, until none of them has made anything new.
pub(super) fn visit_all(root: &Scope) {
    let tree = &root.tree;
    loop {
        let mut seen_all = true;
        for index in tree.below(0) {
            // The outermost first, so that an inner one has the last word.
            for bearer in tree.ancestors(index).into_iter().rev() {
                let aspects = tree.branches.borrow()[bearer].aspects.clone();
                for (number, aspect) in aspects.iter().enumerate() {
                    if tree.visited.borrow_mut().insert((bearer, number, index)) {
                        seen_all = false;
                        aspect.visit(&root.at(index));
                    }
                }
            }
        }
        if seen_all {
            return;
        }
    }
}
