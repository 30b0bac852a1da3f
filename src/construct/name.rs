//! Logical ids as the CDK makes them: what people read of a path, and a hash of the whole of it.
//!
//! The rules are those of `makeUniqueId` in aws-cdk-lib, `core/lib/private/uniqueid.js`; the test's
//! table was recorded from its version 2.276.0.

use md5::{Digest as _, Md5};

use crate::value::hex;

/// What stands for its parent, in paths and ids alike.
const HIDDEN: &str = "Default";
/// What counts in a path, and is not read.
const HIDDEN_FROM_PEOPLE: &str = "Resource";
const HASH_CHARACTERS: usize = 8;
const MOST_READ: usize = 240;
const MOST: usize = 255;

/// The logical id of what stands at a path within its stack.
pub(super) fn unique_id(path: &[&str]) -> String {
    let path: Vec<&str> = path.iter().copied().filter(|part| *part != HIDDEN).collect();
    if let [only] = path.as_slice() {
        let plain = alphanumeric(only);
        if plain.len() <= MOST {
            return plain;
        }
    }
    let mut read: Vec<&str> = Vec::with_capacity(path.len());
    for part in &path {
        if read.last().is_none_or(|last| !last.ends_with(part)) {
            read.push(part);
        }
    }
    let read = read.into_iter().filter(|part| *part != HIDDEN_FROM_PEOPLE);
    let text: String = read.map(alphanumeric).collect();
    format!("{}{}", text.chars().take(MOST_READ).collect::<String>(), short_hash(&path.join("/")))
}

/// The same path without a hash, for what is referred to by hand: a module's resources.
pub(super) fn joined_id(path: &[&str]) -> String {
    let is_read = |part: &&&str| **part != HIDDEN && **part != HIDDEN_FROM_PEOPLE;
    path.iter().filter(is_read).map(|part| capitalised(&alphanumeric(part))).collect()
}

/// A word with its first letter large.
pub(super) fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// The first digits of a text's MD5: it tells texts apart and protects nothing.
pub(super) fn short_hash(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))[..HASH_CHARACTERS].to_uppercase()
}

fn alphanumeric(part: &str) -> String {
    part.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_cdk() {
        let (x, y) = ("x".repeat(300), "y".repeat(100));
        let cut = format!("{}8A4876EA", &x[..240]);
        let both = format!("{}{}F120B64D", &x[..200], &y[..40]);
        let recorded: &[(&[&str], &str)] = &[
            (&["Vpc"], "Vpc"),
            (&["my-vpc"], "myvpc"),
            (&["Vpc", "Resource"], "Vpc8378EB38"),
            (&["Vpc", "Default"], "Vpc"),
            (&["Default", " a", "Resource"], "aEDC904A2"),
            (&["Persona", "Vpc", "firstSubnet"], "PersonaVpcfirstSubnet9B105FFE"),
            (&["Vpc", "isolatedSubnet1", "Subnet"], "VpcisolatedSubnet1SubnetE62B1B9B"),
            (&["Agent", "Role", "DefaultPolicy", "Resource"], "AgentRoleDefaultPolicyA34CCA36"),
            (&["A", "Default", "B"], "ABE649FC2C"),
            (&["Api", "Default", "invoke", "POST"], "ApiinvokePOST9159922C"),
            (
                &["Api", "Default", "invoke", "POST", "ApiPermission.Test"],
                "ApiinvokePOSTApiPermissionTestE2B5F8B2",
            ),
            (&["FooFoo", "Foo", "Bar"], "FooFooBar82C68C05"),
            (&["Exports", r#"Output{"Ref":"VpcB2CE1AB5"}"#], "ExportsOutputRefVpcB2CE1AB592E386A3"),
            (
                &["Exports", r#"Output{"Fn::GetAtt":["Agent","AgentArn"]}"#],
                "ExportsOutputFnGetAttAgentAgentArn7930453C",
            ),
            (&["ä-ö", "b"], "b90568B82"),
            (&["Resource"], "Resource"),
            (&["Resource", "Resource"], "CF9390BA"),
            (&["a/b"], "ab"),
            (&["1", "2"], "12975CA880"),
            (&[&x[..300]], &cut),
            (&[&x[..200], &y], &both),
        ];
        for (path, id) in recorded {
            assert_eq!(unique_id(path), *id, "{path:?}");
        }
    }
}
