//! Patch operations: a JSON Pointer, and a value that is always text.
//! Sources: "Patch Operations" in the Amazon API Gateway Version 1 API Reference, which says for
//! each resource which paths take which operations.

use serde_json::{Map, Value as Json, json};

use super::account::{Record, Refusal, given, list};
use super::apigateway::bad;

/// What lies at a path, and so what may be done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Flag,
    Whole,
    Number,
    /// An object that can only be removed.
    Object,
    /// `/path/<key>`, replaced or removed, and added where the flag says so.
    Texts {
        adds: bool,
    },
    Flags,
    /// A list at the path: values are added and removed.
    Values,
    /// A list whose values are part of the path.
    Members,
}

pub type Field = (&'static str, Kind);

/// One operation, its path in segments.
#[derive(Debug)]
pub struct Operation {
    pub op: String,
    pub path: Vec<String>,
    pub value: Option<String>,
    whole: String,
}

pub fn operations(request: &Json) -> Vec<Operation> {
    let unescaped = |segment: &str| segment.replace("~1", "/").replace("~0", "~");
    list(request, "patchOperations")
        .iter()
        .map(|operation| {
            let whole = given(operation, "path").unwrap_or_default();
            Operation {
                op: given(operation, "op").unwrap_or_default().to_owned(),
                path: whole.trim_start_matches('/').split('/').map(unescaped).collect(),
                value: given(operation, "value").map(str::to_owned),
                whole: whole.to_owned(),
            }
        })
        .collect()
}

impl Operation {
    pub fn is(&self, op: &str) -> bool {
        self.op == op
    }

    pub fn value(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// As API Gateway words it: boto3 issue 2629.
    pub fn refused<T>(&self) -> Result<T, Refusal> {
        bad(format!("Invalid patch path  '{}' specified for op '{}'.", self.whole, self.op))
    }

    fn invalid<T>(&self) -> Result<T, Refusal> {
        bad(format!("Invalid patch value '{}' for path '{}'", self.value(), self.whole))
    }

    /// Carries it out, if one of the fields is what it is about.
    pub fn apply(&self, record: &mut Record, fields: &[Field]) -> Result<(), Refusal> {
        for (path, kind) in fields {
            let path: Vec<&str> = path.split('/').collect();
            let is_below = matches!(kind, Kind::Texts { .. } | Kind::Flags | Kind::Members);
            if self.path.len() == path.len() + usize::from(is_below)
                && self.path.iter().zip(&path).all(|(given, own)| given == own)
            {
                return self.set(record, &path, *kind);
            }
        }
        self.refused()
    }

    fn set(&self, record: &mut Record, path: &[&str], kind: Kind) -> Result<(), Refusal> {
        let last = self.path.last().map_or("", String::as_str);
        let is_set = self.is("replace") || self.is("add");
        match kind {
            Kind::Text | Kind::Flag | Kind::Whole | Kind::Number if self.is("replace") => {
                let value = self.parsed(kind)?;
                let (own, parents) = path.split_last().expect("a path has segments");
                let parent = place(record, parents);
                match value {
                    Json::Null => parent.remove(*own),
                    value => parent.insert((*own).to_owned(), value),
                };
            }
            Kind::Object if self.is("remove") => {
                record.remove(path[0]);
            }
            Kind::Texts { adds } if is_set && (adds || self.is("replace")) => {
                place(record, path).insert(last.to_owned(), self.value().into());
            }
            Kind::Flags if is_set => {
                let value = self.parsed(Kind::Flag)?;
                place(record, path).insert(last.to_owned(), value);
            }
            Kind::Texts { .. } | Kind::Flags if self.is("remove") => {
                place(record, path).remove(last);
            }
            Kind::Values => return self.change_list(record, path, self.value()),
            Kind::Members => return self.change_list(record, path, last),
            _ => return self.refused(),
        }
        Ok(())
    }

    fn change_list(&self, record: &mut Record, path: &[&str], value: &str) -> Result<(), Refusal> {
        let (own, parents) = path.split_last().expect("a path has segments");
        let values = place(record, parents).entry((*own).to_owned()).or_insert(json!([]));
        let values = values.as_array_mut().expect("a list");
        match self.op.as_str() {
            "add" if !values.iter().any(|one| one == value) => values.push(value.into()),
            "add" => {}
            "remove" => values.retain(|one| one != value),
            _ => return self.refused(),
        }
        Ok(())
    }

    pub fn parsed(&self, kind: Kind) -> Result<Json, Refusal> {
        let text = match self.value.as_deref() {
            None | Some("") => return Ok(Json::Null),
            Some(text) => text,
        };
        match kind {
            Kind::Flag => match text {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => self.invalid(),
            },
            Kind::Whole => text.parse::<i64>().map_or_else(|_| self.invalid(), |it| Ok(it.into())),
            Kind::Number => text.parse::<f64>().map_or_else(|_| self.invalid(), |it| Ok(it.into())),
            _ => Ok(text.into()),
        }
    }
}

/// The object at a path, made on the way.
pub fn place<'a>(record: &'a mut Record, path: &[&str]) -> &'a mut Map<String, Json> {
    let mut place = record;
    for segment in path {
        let next = place.entry((*segment).to_owned()).or_insert(json!({}));
        if !next.is_object() {
            *next = json!({});
        }
        place = next.as_object_mut().expect("just made");
    }
    place
}

/// All of a request's operations on a copy, in their order: all or none.
pub fn patched(record: &Record, request: &Json, fields: &[Field]) -> Result<Record, Refusal> {
    let mut record = record.clone();
    for operation in operations(request) {
        operation.apply(&mut record, fields)?;
    }
    Ok(record)
}
