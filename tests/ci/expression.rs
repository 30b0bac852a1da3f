//! The expressions of GitHub's workflows, as far as the action has any.

use std::collections::BTreeMap;

/// What names stand for, as `inputs.stacks`.
pub type Names = BTreeMap<String, String>;

/// How the job stands, for `success()` and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Well,
    Failed,
    Cancelled,
}

/// A text with its expressions filled in.
pub fn fill(text: &str, names: &Names, status: Status) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (inside, after) = after.split_once("}}").expect("an expression ends");
        filled += before;
        filled += &evaluate(inside, names, status);
        rest = after;
    }
    filled + rest
}

/// Whether a step runs. One that asks for no status runs only while all goes well.
pub fn holds(condition: Option<&str>, names: &Names, status: Status) -> bool {
    let Some(condition) = condition else { return status == Status::Well };
    let inside = condition.trim().strip_prefix("${{").and_then(|text| text.strip_suffix("}}"));
    let inside = inside.unwrap_or(condition);
    let asks = ["success()", "failure()", "cancelled()", "always()"];
    let is_asked = asks.iter().any(|name| inside.contains(name));
    (is_asked || status == Status::Well) && is_true(&evaluate(inside, names, status))
}

/// The value as text; `false`, `0`, nothing and the empty text are not true.
fn evaluate(text: &str, names: &Names, status: Status) -> String {
    let mut reader = Reader { words: words(text), names, status };
    let value = reader.or();
    assert!(reader.words.is_empty(), "{text}: {:?} is left", reader.words);
    value
}

fn is_true(value: &str) -> bool {
    !matches!(value, "" | "false" | "0")
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let length = if let Some(inside) = rest.strip_prefix('\'') {
            inside.find('\'').expect("a text ends") + 2
        } else if ["==", "!=", "&&", "||"].iter().any(|sign| rest.starts_with(sign)) {
            2
        } else if rest.starts_with(['!', '(', ')']) {
            1
        } else {
            let is_name = |one: char| one.is_ascii_alphanumeric() || "._-".contains(one);
            rest.find(|one| !is_name(one)).unwrap_or(rest.len())
        };
        assert!(length > 0, "what is `{rest}`?");
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    words.reverse();
    words
}

struct Reader<'a> {
    /// The next one last.
    words: Vec<String>,
    names: &'a Names,
    status: Status,
}

impl Reader<'_> {
    fn next_is(&mut self, word: &str) -> bool {
        let is_next = self.words.last().is_some_and(|next| next == word);
        if is_next {
            self.words.pop();
        }
        is_next
    }

    fn or(&mut self) -> String {
        let mut value = self.and();
        while self.next_is("||") {
            let other = self.and();
            value = if is_true(&value) { value } else { other };
        }
        value
    }

    fn and(&mut self) -> String {
        let mut value = self.same();
        while self.next_is("&&") {
            let other = self.same();
            value = if is_true(&value) { other } else { value };
        }
        value
    }

    fn same(&mut self) -> String {
        let value = self.one();
        let wanted = match (self.next_is("=="), self.next_is("!=")) {
            (true, _) => true,
            (_, true) => false,
            _ => return value,
        };
        (value.eq_ignore_ascii_case(&self.one()) == wanted).to_string()
    }

    fn one(&mut self) -> String {
        let word = self.words.pop().expect("an expression is not empty");
        if word == "!" {
            return (!is_true(&self.one())).to_string();
        }
        if let Some(text) = word.strip_prefix('\'') {
            return text.trim_end_matches('\'').to_owned();
        }
        if self.next_is("(") {
            assert!(self.next_is(")"), "`{word}` takes nothing");
            return match word.as_str() {
                "always" => true,
                "success" => self.status == Status::Well,
                "failure" => self.status == Status::Failed,
                "cancelled" => self.status == Status::Cancelled,
                _ => panic!("what is `{word}()`?"),
            }
            .to_string();
        }
        let is_known = ["inputs.", "steps.", "github."].iter().any(|start| word.starts_with(start));
        assert!(is_known, "what is `{word}`?");
        self.names.get(&word).cloned().unwrap_or_default()
    }
}

#[test]
fn expressions_mean_what_the_runner_says() {
    let names: Names = [("inputs.a", "x"), ("steps.p.outputs.code", "0"), ("inputs.no", "false")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let fill = |text| fill(text, &names, Status::Failed);
    assert_eq!(fill("<${{ inputs.a }}|${{inputs.none}}>"), "<x|>");
    assert_eq!(fill("${{ inputs.a == 'X' && inputs.no == 'false' }}"), "true");
    assert_eq!(fill("${{ steps.q.outputs.code || steps.p.outputs.code }}"), "0");
    assert_eq!(fill("${{ inputs.none || inputs.a }}"), "x");
    let holds = |condition| holds(condition, &names, Status::Failed);
    assert!(!holds(None) && !holds(Some("${{ inputs.a == 'x' }}")));
    assert!(holds(Some("${{ !cancelled() && inputs.a == 'x' }}")));
    assert!(!holds(Some("${{ !cancelled() && inputs.a != 'x' }}")) && holds(Some("failure()")));
}
