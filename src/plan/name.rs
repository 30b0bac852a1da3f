//! Physical names: `<stack>-<logical id>-<suffix>`, as CloudFormation's handlers make them.

use sha2::{Digest as _, Sha256};

use crate::value::{LogicalId, Token};

const SUFFIX: usize = 12;
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A name of at most `max_length` characters. The suffix comes from the token, so that a create
/// sent again asks for the same name and a replacement for another.
pub fn generate(stack: &str, id: &LogicalId, token: &Token, max_length: usize) -> String {
    let stack = stack.trim_start_matches('-').replace("--", "-");
    let suffix: String = Sha256::digest(token.as_str())
        .iter()
        .take(SUFFIX)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect();
    let separator = if max_length > SUFFIX + 5 { "-" } else { "" };
    let space = max_length.saturating_sub(SUFFIX + 1 + separator.len());
    let (for_stack, for_id) = share(space, stack.chars().count(), id.as_str().chars().count());
    let stack: String = stack.chars().take(for_stack).collect();
    let id: String = id.as_str().chars().take(for_id).collect();
    format!("{stack}{separator}{id}-{suffix}")
}

/// Half the space each; what one does not need goes to the other, an odd one to the first.
fn share(space: usize, first: usize, second: usize) -> (usize, usize) {
    let half = space / 2;
    let for_second = second.min(half.max(space.saturating_sub(first)));
    (first.min(space - for_second), for_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(stack: &str, id: &str, max_length: usize) -> String {
        generate(stack, &LogicalId::from(id), &Token::from("a token"), max_length)
    }

    #[test]
    fn short_names_are_whole() {
        assert!(named("persona-agent", "Role", 64).starts_with("persona-agent-Role-"));
        assert_eq!(named("persona-agent", "Role", 64), named("persona-agent", "Role", 64));
    }

    #[test]
    fn long_names_share_the_space() {
        let name = named(&"s".repeat(100), &"l".repeat(100), 64);
        assert_eq!(name.len(), 64);
        assert_eq!(name.matches('s').count().min(25), 25);
        assert!(name.contains(&"l".repeat(25)));
    }

    #[test]
    fn space_one_does_not_need_goes_to_the_other() {
        let name = named("s", &"l".repeat(100), 64);
        assert_eq!(name.len(), 64);
        assert!(name.contains(&"l".repeat(49)));
    }
}
