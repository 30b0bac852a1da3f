//! Dynamic references: `{{resolve:ssm:/name:3}}`, `{{resolve:secretsmanager:id:SecretString:key}}`.
//!
//! They stay text until the call that needs their value: what is compared, stored and shown is
//! the text. Only its form is known here.

use std::fmt;
use std::ops::Range;

/// What a dynamic reference points at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A parameter of Systems Manager in clear.
    Ssm(Stored),
    /// An encrypted one.
    SsmSecure(Stored),
    SecretsManager(SecretPart),
}

/// A parameter of Systems Manager.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stored {
    pub name: String,
    /// The latest, unless there is one.
    pub version: Option<String>,
}

/// A secret, or one value in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretPart {
    /// A name or an ARN.
    pub id: String,
    /// The key of the value, where the secret is a JSON map.
    pub key: Option<String>,
    pub stage: Option<String>,
    pub version: Option<String>,
}

/// One reference in a text: where it stands, braces included, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub at: Range<usize>,
    pub reference: Result<Reference, Malformed>,
}

/// Why a reference is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    pub problem: String,
    pub hint: String,
}

const OPENING: &str = "{{resolve:";
const CLOSING: &str = "}}";
const SERVICES: &str = "a reference is `{{resolve:ssm:…}}`, `{{resolve:ssm-secure:…}}` or \
                        `{{resolve:secretsmanager:…}}`";
const SSM_FORM: &str = "write it as `{{resolve:ssm:NAME}}` or `{{resolve:ssm:NAME:VERSION}}`";
const SECRET_FORM: &str = "write it as `{{resolve:secretsmanager:ID:SecretString:KEY:STAGE:VERSION}}`; all after ID may \
     be left out";
/// `arn:aws:secretsmanager:us-east-1:123456789012:secret:name-Ab12Cd` has this many parts, and so
/// has the ARN of a parameter but one.
const SECRET_ARN_PARTS: usize = 7;
const PARAMETER_ARN_PARTS: usize = 6;

/// Whether a text has a dynamic reference in it, well formed or not.
pub fn has_reference(text: &str) -> bool {
    text.contains(OPENING)
}

/// Every dynamic reference in a text, in its order.
pub fn references(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(OPENING).map(|at| from + at) {
        let inside = start + OPENING.len();
        let Some(length) = text[inside..].find(CLOSING) else {
            let problem = "a dynamic reference is not closed".to_owned();
            let reference = Err(Malformed { problem, hint: "it ends with `}}`".to_owned() });
            found.push(Found { at: start..text.len(), reference });
            break;
        };
        let end = inside + length + CLOSING.len();
        found.push(Found { at: start..end, reference: parse(&text[inside..inside + length]) });
        from = end;
    }
    found
}

fn parse(text: &str) -> Result<Reference, Malformed> {
    let malformed = |problem: String, hint: &str| Err(Malformed { problem, hint: hint.to_owned() });
    if text.ends_with('\\') {
        let problem = "a dynamic reference cannot end with a backslash".to_owned();
        return malformed(problem, "CloudFormation does not resolve such a reference");
    }
    let (service, key) = text.split_once(':').unwrap_or((text, ""));
    match service {
        "ssm" => stored(key).map(Reference::Ssm),
        "ssm-secure" => stored(key).map(Reference::SsmSecure),
        "secretsmanager" => secret(key).map(Reference::SecretsManager),
        other => malformed(format!("`{other}` is no service of dynamic references"), SERVICES),
    }
}

fn stored(key: &str) -> Result<Stored, Malformed> {
    let malformed = |problem: String| Err(Malformed { problem, hint: SSM_FORM.to_owned() });
    let is_arn = key.starts_with("arn:");
    let (name, rest) = split_parts(key, if is_arn { PARAMETER_ARN_PARTS } else { 1 });
    let is_name = |one: char| one.is_ascii_alphanumeric() || "_.-/".contains(one);
    if name.is_empty() || !(is_arn || name.chars().all(is_name)) {
        return malformed(format!("`{name}` is no name of a parameter in Systems Manager"));
    }
    let version = match rest.as_slice() {
        [] => None,
        [version] if !version.is_empty() && version.bytes().all(|one| one.is_ascii_digit()) => {
            Some((*version).to_owned())
        }
        [label] => {
            return malformed(format!("`{label}` is no version: that is a number, and no label"));
        }
        _ => return malformed(format!("`{key}` has too many parts")),
    };
    Ok(Stored { name: name.to_owned(), version })
}

fn secret(key: &str) -> Result<SecretPart, Malformed> {
    let malformed = |problem: String| Err(Malformed { problem, hint: SECRET_FORM.to_owned() });
    let (id, rest) = split_parts(key, if key.starts_with("arn:") { SECRET_ARN_PARTS } else { 1 });
    if id.is_empty() {
        return malformed("a dynamic reference names no secret".to_owned());
    }
    if rest.len() > 4 {
        return malformed(format!("`{key}` has too many parts"));
    }
    let part = |index: usize| {
        rest.get(index).filter(|part| !part.is_empty()).map(|part| (*part).to_owned())
    };
    if let Some(kind) = part(0).filter(|kind| kind != "SecretString") {
        return malformed(format!("`{kind}` of a secret cannot be had, only its SecretString"));
    }
    let found = SecretPart { id: id.to_owned(), key: part(1), stage: part(2), version: part(3) };
    match (&found.stage, &found.version) {
        (Some(_), Some(_)) => malformed(
            "a secret is asked for by its stage or by its version, not by both".to_owned(),
        ),
        _ => Ok(found),
    }
}

/// The first `parts` parts of a key as one, and those after them.
fn split_parts(key: &str, parts: usize) -> (&str, Vec<&str>) {
    match key.match_indices(':').nth(parts - 1) {
        Some((at, _)) => (&key[..at], key[at + 1..].split(':').collect()),
        None => (key, Vec::new()),
    }
}

/// As people name it: without the parts that are left out.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssm(stored) | Self::SsmSecure(stored) => {
                write!(f, "the parameter `{}` of Systems Manager", stored.name)?;
                stored.version.as_ref().map_or(Ok(()), |version| write!(f, ", version {version}"))
            }
            Self::SecretsManager(SecretPart { id, key: Some(key), .. }) => {
                write!(f, "`{key}` in the secret `{id}`")
            }
            Self::SecretsManager(SecretPart { id, .. }) => write!(f, "the secret `{id}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let one = |found: Found| match found.reference {
            Ok(reference) => format!("{} {reference:?}", &text[found.at]),
            Err(malformed) => format!("{} !! {}", &text[found.at], malformed.problem),
        };
        references(text).into_iter().map(one).collect()
    }

    fn parsed(inside: &str) -> Result<Reference, String> {
        let mut found = references(&format!("{{{{resolve:{inside}}}}}"));
        assert_eq!(found.len(), 1, "{inside}");
        found.remove(0).reference.map_err(|malformed| malformed.problem)
    }

    #[test]
    fn the_forms_of_references() {
        let ssm = |name: &str, version: Option<&str>| Stored {
            name: name.to_owned(),
            version: version.map(str::to_owned),
        };
        let secret = |id: &str, key: Option<&str>, stage: Option<&str>, version: Option<&str>| {
            let text = |part: Option<&str>| part.map(str::to_owned);
            Reference::SecretsManager(SecretPart {
                id: id.to_owned(),
                key: text(key),
                stage: text(stage),
                version: text(version),
            })
        };
        let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-Ab12Cd";
        let shared = "arn:aws:ssm:us-east-1:123456789012:parameter/a/b";
        for (inside, expected) in [
            ("ssm:/a/b", Reference::Ssm(ssm("/a/b", None))),
            ("ssm:a.b-c_d:12", Reference::Ssm(ssm("a.b-c_d", Some("12")))),
            (&format!("ssm:{shared}"), Reference::Ssm(ssm(shared, None))),
            (&format!("ssm:{shared}:3"), Reference::Ssm(ssm(shared, Some("3")))),
            ("ssm-secure:p:1", Reference::SsmSecure(ssm("p", Some("1")))),
            ("secretsmanager:db", secret("db", None, None, None)),
            ("secretsmanager:db:SecretString", secret("db", None, None, None)),
            ("secretsmanager:db:SecretString:user", secret("db", Some("user"), None, None)),
            ("secretsmanager:db:SecretString:::v1", secret("db", None, None, Some("v1"))),
            (
                "secretsmanager:db::k:AWSPREVIOUS",
                secret("db", Some("k"), Some("AWSPREVIOUS"), None),
            ),
            (&format!("secretsmanager:{arn}"), secret(arn, None, None, None)),
            (
                &format!("secretsmanager:{arn}:SecretString:user"),
                secret(arn, Some("user"), None, None),
            ),
        ] {
            assert_eq!(parsed(inside), Ok(expected), "{inside}");
        }
    }

    #[test]
    fn what_is_no_reference_says_why() {
        for (inside, problem) in [
            ("vault:a", "`vault` is no service of dynamic references"),
            ("ssm", "`` is no name of a parameter in Systems Manager"),
            ("ssm:a b", "`a b` is no name of a parameter in Systems Manager"),
            ("ssm:a:prod", "`prod` is no version: that is a number, and no label"),
            ("ssm:a:", "`` is no version: that is a number, and no label"),
            ("ssm:a:1:2", "`a:1:2` has too many parts"),
            ("ssm:a\\", "a dynamic reference cannot end with a backslash"),
            ("secretsmanager:", "a dynamic reference names no secret"),
            (
                "secretsmanager:a:SecretBinary",
                "`SecretBinary` of a secret cannot be had, only its SecretString",
            ),
            (
                "secretsmanager:a:SecretString:k:s:v",
                "a secret is asked for by its stage or by its version, not by both",
            ),
            ("secretsmanager:a:SecretString:k:s::x", "`a:SecretString:k:s::x` has too many parts"),
        ] {
            assert_eq!(parsed(inside), Err(problem.to_owned()), "{inside}");
        }
    }

    #[test]
    fn references_stand_within_texts() {
        assert_eq!(
            told("a{{resolve:ssm:x}}-{{resolve:ssm:y:2}}b {{ resolve:ssm:z}}"),
            [
                r#"{{resolve:ssm:x}} Ssm(Stored { name: "x", version: None })"#,
                r#"{{resolve:ssm:y:2}} Ssm(Stored { name: "y", version: Some("2") })"#,
            ]
        );
        assert_eq!(
            told("é{{resolve:ssm:x"),
            ["{{resolve:ssm:x !! a dynamic reference is not closed"]
        );
    }
}
