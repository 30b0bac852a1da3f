//! Ids for what AWS lets its caller name, or gives no name at all.

use super::Mark;
use crate::value::Token;

/// How much of the token an id carries: enough to tell two creates apart.
const SUFFIX_LENGTH: usize = 12;

impl Mark {
    /// `<stack>-<logical id>-<suffix>`, of at most `max_length` characters. The suffix comes from
    /// the token: whoever finds it has found what a create with this mark made.
    pub(super) fn generated_id(&self, max_length: usize) -> String {
        let suffix = self.suffix();
        let name: String = format!("{}-{}", self.stack, self.logical_id)
            .chars()
            .take(max_length.saturating_sub(SUFFIX_LENGTH + 1))
            .collect();
        format!("{name}-{suffix}")
    }

    fn suffix(&self) -> String {
        let token = self.token.as_str().chars();
        token.filter(|character| *character != '-').take(SUFFIX_LENGTH).collect()
    }

    /// Whether an id was generated for this create, whatever the resource was called then.
    pub(super) fn has_generated(&self, id: &str) -> bool {
        id.rsplit_once('-').is_some_and(|(_, suffix)| suffix == self.suffix())
    }

    /// The mark that an id of a stack was generated from, as far as it tells: of the token only
    /// what the id carries.
    pub(super) fn of_generated_id(stack: &str, id: &str) -> Option<Self> {
        let (logical_id, suffix) = id.strip_prefix(stack)?.strip_prefix('-')?.rsplit_once('-')?;
        let is_hex = suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
        (suffix.len() == SUFFIX_LENGTH && is_hex).then(|| Self {
            stack: stack.to_owned(),
            logical_id: logical_id.to_owned(),
            token: Token::from_beginning(&format!("{}-{}", &suffix[..8], &suffix[8..])),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_suffix_however_long_the_names_are() {
        let mark = |logical_id: &str| Mark {
            stack: "shop".to_owned(),
            logical_id: logical_id.to_owned(),
            token: Token::new("0123abcd-4567-89ef-0123-456789abcdef"),
        };
        assert_eq!(mark("Invoke").generated_id(100), "shop-Invoke-0123abcd4567");
        let found = Mark::of_generated_id("shop", "shop-Invoke-0123abcd4567").expect("it is one");
        assert_eq!((found.logical_id.as_str(), found.token.as_str().len()), ("Invoke", 36));
        assert_eq!(found.generated_id(100), "shop-Invoke-0123abcd4567");
        for foreign in ["shop-Invoke", "shop-Invoke-0123", "mart-Invoke-0123abcd4567", "by-hand"] {
            assert_eq!(Mark::of_generated_id("shop", foreign), None, "{foreign}");
        }
        let long = mark(&"L".repeat(200)).generated_id(100);
        assert_eq!(long.len(), 100);
        assert!(long.ends_with("L-0123abcd4567"));
        assert!(mark("Renamed").has_generated("shop-Invoke-0123abcd4567"));
        assert!(!mark("Invoke").has_generated("shop-Invoke-0123abcd4568"));
    }
}
