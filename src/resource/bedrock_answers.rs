//! What the answers of Bedrock's types have in common.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value as Json;

/// A text that is there: emulators answer an empty one where AWS answers none.
pub(super) fn text(live: Option<String>) -> Option<String> {
    live.filter(|text| !text.is_empty())
}

/// A time as an attribute.
pub(super) fn time(live: DateTime) -> Json {
    live.fmt(Format::DateTime).map_or(Json::Null, Json::String)
}
