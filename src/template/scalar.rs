//! Plain scalars by the rules of YAML 1.1, as CloudFormation reads them.
//!
//! Only what a template can mean is typed: nulls, booleans and decimal numbers, and these keep
//! their text. Dates, `1:30`, `0x1F`, `1_000` and `.inf` stay the text they were written with, since
//! that is what a property gets from them in the end.

use super::NodeKind;
use crate::value::Literal;

/// What an unquoted scalar is.
pub(super) fn plain(text: &str) -> NodeKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => NodeKind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            boolean(true, text)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            boolean(false, text)
        }
        _ if is_number(text) => NodeKind::Literal(Literal::Number { text: text.to_owned() }),
        _ => NodeKind::String(text.to_owned()),
    }
}

fn boolean(value: bool, text: &str) -> NodeKind {
    NodeKind::Literal(Literal::Bool { value, text: text.to_owned() })
}

/// Decimal digits with an optional sign, fraction and exponent.
fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = unsigned(mantissa).split_once('.').unwrap_or((unsigned(mantissa), ""));
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let has_exponent = exponent.is_none_or(|exponent| !unsigned(exponent).is_empty());
    has_digits
        && has_exponent
        && are_digits(whole)
        && are_digits(fraction)
        && exponent.is_none_or(|exponent| are_digits(unsigned(exponent)))
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
