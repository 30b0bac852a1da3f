//! How API Gateway is told of changes: a list of operations, each with a JSON Pointer and a value
//! that is always text. All operations of one resource go in one call, in this order.

use std::collections::BTreeMap;
use std::fmt::Display;

use aws_sdk_apigateway::types::{Op, PatchOperation};
use serde_json::Number;

/// The operations of one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Patch(Vec<PatchOperation>);

/// A segment of a path: a name that may itself contain slashes.
pub(super) fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// What [`escape`] made of it.
pub(super) fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// A number as a template writes it: `5` where the SDK has `5.0`.
pub(super) fn number(value: f64) -> Option<Number> {
    serde_json::from_str(&value.to_string()).ok()
}

/// As the SDK takes a number.
pub(super) fn float(number: Option<&Number>) -> Option<f64> {
    number.and_then(Number::as_f64)
}

impl Patch {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the SDK takes them.
    #[expect(clippy::unnecessary_wraps, reason = "the SDK's setters take an `Option`")]
    pub(super) fn operations(&self) -> Option<Vec<PatchOperation>> {
        Some(self.0.clone())
    }

    fn push(&mut self, op: Op, path: &str, value: Option<String>) {
        self.0.push(PatchOperation::builder().op(op).path(path).set_value(value).build());
    }

    pub(super) fn replace(&mut self, path: &str, value: impl Display) {
        self.push(Op::Replace, path, Some(value.to_string()));
    }

    pub(super) fn remove(&mut self, path: &str) {
        self.push(Op::Remove, path, None);
    }

    /// For a list whose values are part of the path.
    pub(super) fn add(&mut self, path: &str) {
        self.push(Op::Add, path, None);
    }

    /// For a list that lies at the path.
    pub(super) fn add_value(&mut self, path: &str, value: impl Display) {
        self.push(Op::Add, path, Some(value.to_string()));
    }

    pub(super) fn remove_value(&mut self, path: &str, value: impl Display) {
        self.push(Op::Remove, path, Some(value.to_string()));
    }

    /// A value where it has changed; one that is wanted no more becomes AWS's default.
    pub(super) fn field<T: PartialEq + Display>(
        &mut self,
        path: &str,
        from: Option<&T>,
        to: Option<&T>,
        default: &str,
    ) {
        if from != to {
            match to {
                Some(value) => self.replace(path, value),
                None => self.replace(path, default),
            }
        }
    }

    /// A value where it has changed; one that is wanted no more is replaced by nothing, since AWS
    /// takes no empty text for it.
    pub(super) fn clearable<T: PartialEq + Display>(
        &mut self,
        path: &str,
        from: Option<&T>,
        to: Option<&T>,
    ) {
        if from != to {
            self.push(Op::Replace, path, to.map(T::to_string));
        }
    }

    /// The entries of a map where they have changed. `new` is the operation that makes an entry.
    pub(super) fn entries<T: PartialEq + Display>(
        &mut self,
        path: &str,
        from: Option<&BTreeMap<String, T>>,
        to: Option<&BTreeMap<String, T>>,
        new: &Op,
    ) {
        let nothing = BTreeMap::new();
        let (from, to) = (from.unwrap_or(&nothing), to.unwrap_or(&nothing));
        for key in from.keys().filter(|key| !to.contains_key(*key)) {
            self.remove(&format!("{path}/{}", escape(key)));
        }
        for (key, value) in to {
            let op = match from.get(key) {
                Some(before) if before == value => continue,
                Some(_) => Op::Replace,
                None => new.clone(),
            };
            self.push(op, &format!("{path}/{}", escape(key)), Some(value.to_string()));
        }
    }

    /// The values of a list at the path, as a set.
    pub(super) fn values(
        &mut self,
        path: &str,
        from: Option<&Vec<String>>,
        to: Option<&Vec<String>>,
    ) {
        let (gone, new) = differences(from, to);
        gone.into_iter().for_each(|value| self.remove_value(path, value));
        new.into_iter().for_each(|value| self.add_value(path, value));
    }

    /// The values of a list under the path, as a set.
    pub(super) fn members(
        &mut self,
        path: &str,
        from: Option<&Vec<String>>,
        to: Option<&Vec<String>>,
    ) {
        let (gone, new) = differences(from, to);
        gone.into_iter().for_each(|value| self.remove(&format!("{path}/{}", escape(value))));
        new.into_iter().for_each(|value| self.add(&format!("{path}/{}", escape(value))));
    }
}

/// What is in the first list only, and what in the second only.
fn differences<'a>(
    from: Option<&'a Vec<String>>,
    to: Option<&'a Vec<String>>,
) -> (Vec<&'a str>, Vec<&'a str>) {
    let from = from.map(Vec::as_slice).unwrap_or_default();
    let to = to.map(Vec::as_slice).unwrap_or_default();
    let only = |these: &'a [String], those: &[String]| {
        these.iter().filter(|value| !those.contains(value)).map(String::as_str).collect()
    };
    (only(from, to), only(to, from))
}
