//! What is known of resources while expressions are evaluated.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::value::{LogicalId, Value};

/// What is known of resources.
pub trait Lookup {
    /// What `Ref` of a resource returns.
    fn reference(&self, id: &str) -> Value;
    /// What `Fn::GetAtt` of a resource returns.
    fn attribute(&self, id: &str, attribute: &str) -> Value;
}

/// Knows nothing of any resource.
pub struct Nothing;

impl Lookup for Nothing {
    fn reference(&self, id: &str) -> Value {
        Value::unknown(id)
    }

    fn attribute(&self, id: &str, attribute: &str) -> Value {
        Value::unknown(format!("{id}.{attribute}"))
    }
}

/// Knows nothing, but remembers who was asked for.
#[derive(Default)]
pub struct Recorder {
    ids: RefCell<BTreeSet<LogicalId>>,
}

impl Recorder {
    pub fn into_ids(self) -> BTreeSet<LogicalId> {
        self.ids.into_inner()
    }
}

impl Lookup for Recorder {
    fn reference(&self, id: &str) -> Value {
        self.ids.borrow_mut().insert(LogicalId::new(id));
        Nothing.reference(id)
    }

    fn attribute(&self, id: &str, attribute: &str) -> Value {
        self.ids.borrow_mut().insert(LogicalId::new(id));
        Nothing.attribute(id, attribute)
    }
}
