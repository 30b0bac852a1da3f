//! The tree of constructs: who stands in whom, under which id, and what is said of each.
//!
//! Constructs are handles; the tree they share holds everything. What goes wrong while it grows is
//! noted with the path of the construct and told at synthesis, all together: making a construct
//! cannot fail.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use crate::ordered::IndexMap;

use super::aspect::Aspect;
use super::element::Element;
use super::expression::Target;
use super::stack::StackFacts;

/// Something that stands in the tree.
pub trait Construct {
    /// Where it stands, and where what belongs to it goes.
    fn scope(&self) -> &Scope;
}

/// A place in the tree of constructs: what other constructs are made in.
#[derive(Clone)]
pub struct Scope {
    pub(super) tree: Rc<Tree>,
    pub(super) index: usize,
}

/// What is wrong with a construct, found when it was made or at synthesis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The construct's path; empty is the app.
    pub path: String,
    /// Lower case, no full stop, names in backticks.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "`{path}`: {}", self.message),
        }
    }
}

/// All constructs of one app.
#[derive(Default)]
pub(super) struct Tree {
    pub branches: RefCell<Vec<Branch>>,
    pub problems: RefCell<Vec<Problem>>,
    /// The aspects that have seen a construct: bearer, number, construct.
    pub visited: RefCell<BTreeSet<(usize, usize, usize)>>,
}

/// One construct.
#[derive(Default)]
pub(super) struct Branch {
    pub id: String,
    pub parent: Option<usize>,
    /// By id; of two with the same one the first.
    pub children: IndexMap<String, usize>,
    /// Those whose id was taken already.
    pub others: Vec<usize>,
    /// The name of what made it, for display.
    pub made_by: &'static str,
    pub kind: Kind,
    pub tags: IndexMap<String, String>,
    pub aspects: Vec<Rc<dyn Aspect>>,
    pub validations: Vec<Rc<dyn Fn() -> Vec<String>>>,
    pub dependencies: Vec<usize>,
}

/// What a construct is for the template.
#[derive(Default)]
pub(super) enum Kind {
    #[default]
    Plain,
    Stack(StackFacts),
    Element(Box<Element>),
}

impl Tree {
    pub fn path(&self, index: usize) -> String {
        self.ids(index, None).join("/")
    }

    /// The ids from below a construct (the app, if none is given) down to another.
    pub fn ids(&self, index: usize, below: Option<usize>) -> Vec<String> {
        let branches = self.branches.borrow();
        let mut ids = Vec::new();
        let mut at = Some(index);
        while let Some(here) = at.filter(|here| Some(*here) != below) {
            at = branches[here].parent;
            // The app has no id.
            if at.is_some() {
                ids.push(branches[here].id.clone());
            }
        }
        ids.reverse();
        ids
    }

    /// A construct and those it stands in, from the inside out.
    pub fn ancestors(&self, index: usize) -> Vec<usize> {
        let branches = self.branches.borrow();
        std::iter::successors(Some(index), |here| branches[*here].parent).collect()
    }

    /// A construct and all below it, parents before children.
    pub fn below(&self, index: usize) -> Vec<usize> {
        let branches = self.branches.borrow();
        let mut found = Vec::new();
        let mut open = vec![index];
        while let Some(here) = open.pop() {
            found.push(here);
            open.extend(branches[here].others.iter().rev());
            open.extend(branches[here].children.values().rev());
        }
        found
    }

    /// The stack a construct stands in, or is.
    pub fn stack_of(&self, index: usize) -> Option<usize> {
        let is_stack = |here: &usize| matches!(self.branches.borrow()[*here].kind, Kind::Stack(_));
        self.ancestors(index).into_iter().find(is_stack)
    }

    pub fn complain(&self, index: usize, message: impl Into<String>) {
        let problem = Problem { path: self.path(index), message: message.into() };
        self.problems.borrow_mut().push(problem);
    }
}

impl Scope {
    /// The root of a new tree.
    pub(super) fn root() -> Self {
        let tree = Rc::new(Tree::default());
        tree.branches.borrow_mut().push(Branch { made_by: "App", ..Branch::default() });
        Self { tree, index: 0 }
    }

    /// Makes a construct in here: a plain one, that only holds others.
    ///
    /// ```
    /// use cairn::construct::{App, Construct as _, Stack};
    ///
    /// let app = App::new();
    /// let stack = Stack::new(&app, "Service");
    /// let network = stack.scope().child("Network");
    /// assert_eq!(network.path(), "Service/Network");
    /// ```
    #[must_use]
    pub fn child(&self, id: &str) -> Self {
        self.grow(id, "Construct", Kind::Plain)
    }

    pub(super) fn grow(&self, id: &str, made_by: &'static str, kind: Kind) -> Self {
        // A path is its ids with `/` between them.
        let id = id.replace('/', "--");
        let index = self.tree.branches.borrow().len();
        let mut branches = self.tree.branches.borrow_mut();
        let here = &mut branches[self.index];
        let is_taken = here.children.contains_key(&id);
        match is_taken {
            true => here.others.push(index),
            false => {
                here.children.insert(id.clone(), index);
            }
        }
        let branch =
            Branch { id: id.clone(), parent: Some(self.index), made_by, kind, ..Branch::default() };
        branches.push(branch);
        drop(branches);
        if is_taken {
            self.tree.complain(index, "there is another construct with this id in the same scope");
        }
        if id.is_empty() {
            self.tree.complain(self.index, "a construct in here has no id");
        }
        Self { tree: Rc::clone(&self.tree), index }
    }

    /// The id within the parent.
    pub fn id(&self) -> String {
        self.tree.branches.borrow()[self.index].id.clone()
    }

    /// The ids from the app down to here, with a `/` between them.
    pub fn path(&self) -> String {
        self.tree.path(self.index)
    }

    /// What it stands in; nothing for the app.
    pub fn parent(&self) -> Option<Self> {
        let parent = self.tree.branches.borrow()[self.index].parent;
        parent.map(|index| self.at(index))
    }

    /// What stands in it, in the order it was made.
    pub fn children(&self) -> impl Iterator<Item = Self> + use<> {
        let children: Vec<usize> =
            self.tree.branches.borrow()[self.index].children.values().copied().collect();
        let scope = self.clone();
        children.into_iter().map(move |index| scope.at(index))
    }

    /// The child of this id.
    pub fn find_child(&self, id: &str) -> Option<Self> {
        let index = self.tree.branches.borrow()[self.index].children.get(id).copied();
        index.map(|index| self.at(index))
    }

    /// The CloudFormation type, if it is a resource of the template.
    pub fn resource_type(&self) -> Option<String> {
        match &self.tree.branches.borrow()[self.index].kind {
            Kind::Element(element) => Some(element.resource()?.type_name.to_owned()),
            _ => None,
        }
    }

    /// Notes that all resources in here wait for all resources in another construct.
    pub fn depends_on(&self, other: &dyn Construct) {
        let other = other.scope();
        if !Rc::ptr_eq(&self.tree, &other.tree) {
            self.complain("it cannot depend on a construct of another app");
            return;
        }
        let mut branches = self.tree.branches.borrow_mut();
        let dependencies = &mut branches[self.index].dependencies;
        if !dependencies.contains(&other.index) {
            dependencies.push(other.index);
        }
    }

    /// Adds a check that is made at synthesis; what it gives is told with this construct's path.
    pub fn add_validation(&self, validation: impl Fn() -> Vec<String> + 'static) {
        self.tree.branches.borrow_mut()[self.index].validations.push(Rc::new(validation));
    }

    /// Notes that something is wrong here; synthesis fails with it.
    pub fn complain(&self, message: impl Into<String>) {
        self.tree.complain(self.index, message);
    }

    pub(super) fn at(&self, index: usize) -> Self {
        Self { tree: Rc::clone(&self.tree), index }
    }

    pub(super) fn target(&self) -> Target {
        Target { tree: Rc::downgrade(&self.tree), index: self.index }
    }
}

impl Construct for Scope {
    fn scope(&self) -> &Scope {
        self
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({})", self.path())
    }
}
