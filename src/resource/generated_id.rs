//! Ids for what AWS lets its caller name, or gives no name at all.

use super::Mark;

/// How much of the token an id carries: enough to tell two creates apart.
const SUFFIX_LENGTH: usize = 12;

impl Mark {
    /// `<stack>-<logical id>-<suffix>`, of at most `max_length` characters. The suffix comes from
    /// the token: whoever finds it has found what a create with this mark made.
    pub(super) fn generated_id(&self, max_length: usize) -> String {
        let suffix: String = self
            .token
            .as_str()
            .chars()
            .filter(|character| *character != '-')
            .take(SUFFIX_LENGTH)
            .collect();
        let name: String = format!("{}-{}", self.stack, self.logical_id)
            .chars()
            .take(max_length.saturating_sub(SUFFIX_LENGTH + 1))
            .collect();
        format!("{name}-{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Token;

    #[test]
    fn an_id_keeps_its_suffix_however_long_the_names_are() {
        let mark = |logical_id: &str| Mark {
            stack: "shop".to_owned(),
            logical_id: logical_id.to_owned(),
            token: Token::new("0123abcd-4567-89ef-0123-456789abcdef"),
        };
        assert_eq!(mark("Invoke").generated_id(100), "shop-Invoke-0123abcd4567");
        let long = mark(&"L".repeat(200)).generated_id(100);
        assert_eq!(long.len(), 100);
        assert!(long.ends_with("L-0123abcd4567"));
    }
}
