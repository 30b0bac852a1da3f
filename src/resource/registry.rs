//! The types Cairn can deploy. Adding one: its file, its `mod` line, its line here.

use super::handler::Typed;
use super::{Handler, apigateway_account};

static HANDLERS: &[&dyn Handler] = &[&Typed::<apigateway_account::Account>::NEW];

/// Every supported type.
pub fn types() -> &'static [&'static dyn Handler] {
    HANDLERS
}

/// The handler of a type, if Cairn can deploy it.
pub fn handler(type_name: &str) -> Option<&'static dyn Handler> {
    HANDLERS.iter().find(|handler| handler.type_name() == type_name).copied()
}

/// Supported types, those that look most like `type_name` first.
pub fn near_types(type_name: &str) -> Vec<&'static str> {
    let mut names: Vec<_> = HANDLERS.iter().map(|handler| handler.type_name()).collect();
    names.sort_by_key(|name| strsim::damerau_levenshtein(name, type_name));
    names
}
