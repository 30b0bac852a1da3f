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

/// The number that a reader of YAML 1.1 makes of an unquoted scalar, where that is another than is
/// written: octal, hexadecimal, binary, with `_` between digits, or to the base of 60.
pub(super) fn number_of_yaml_1_1(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_:".contains(&byte);
    if !unsigned.starts_with(|first: char| first.is_ascii_digit()) || !unsigned.bytes().all(is_part)
    {
        return None;
    }
    let digits = unsigned.replace('_', "");
    let in_base = |digits: &str, base| u64::from_str_radix(digits, base).ok();
    let number = if let Some(digits) = digits.strip_prefix("0x") {
        in_base(digits, 16)
    } else if let Some(digits) = digits.strip_prefix("0b") {
        in_base(digits, 2)
    } else if digits.contains(':') {
        base_of_60(&digits)
    } else if digits.len() > 1 && digits.starts_with('0') {
        in_base(&digits, 8)
    } else {
        in_base(&digits, 10)
    }?;
    let is_as_written = unsigned.parse() == Ok(number);
    (!is_as_written).then(|| format!("{sign}{number}"))
}

/// Hours, minutes and seconds, but not with a leading zero: `13:30` is a number, `03:30` is none.
fn base_of_60(text: &str) -> Option<u64> {
    let (first, rest) = text.split_once(':')?;
    if first.starts_with('0') || !are_digits(first) {
        return None;
    }
    rest.split(':').try_fold(first.parse().ok()?, |sum: u64, part| {
        let part: u64 = (are_digits(part) && part.len() <= 2).then(|| part.parse().ok())??;
        (part < 60).then(|| sum.checked_mul(60)?.checked_add(part))?
    })
}
