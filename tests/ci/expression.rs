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
        filled += &evaluate(inside, names, status).text();
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
    (is_asked || status == Status::Well) && evaluate(inside, names, status).is_true()
}

/// What an expression gives. Inputs and outputs are texts, whatever is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    Truth(bool),
}

impl Value {
    /// Of texts only the empty one is not true, so `'0'` and `'false'` are.
    fn is_true(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Truth(truth) => *truth,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Truth(truth) => truth.to_string(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one.eq_ignore_ascii_case(other),
            (Self::Truth(one), Self::Truth(other)) => one == other,
            _ => panic!("{self:?} and {other:?} are compared as numbers, which nobody means"),
        }
    }
}

fn evaluate(text: &str, names: &Names, status: Status) -> Value {
    let mut reader = Reader { words: words(text), names, status };
    let value = reader.or();
    assert!(reader.words.is_empty(), "{text}: {:?} is left", reader.words);
    value
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

    fn or(&mut self) -> Value {
        let mut value = self.and();
        while self.next_is("||") {
            let other = self.and();
            value = if value.is_true() { value } else { other };
        }
        value
    }

    fn and(&mut self) -> Value {
        let mut value = self.same();
        while self.next_is("&&") {
            let other = self.same();
            value = if value.is_true() { other } else { value };
        }
        value
    }

    fn same(&mut self) -> Value {
        let value = self.one();
        let wanted = match (self.next_is("=="), self.next_is("!=")) {
            (true, _) => true,
            (_, true) => false,
            _ => return value,
        };
        Value::Truth(value.is_same(&self.one()) == wanted)
    }

    fn one(&mut self) -> Value {
        let word = self.words.pop().expect("an expression is not empty");
        if word == "!" {
            return Value::Truth(!self.one().is_true());
        }
        if let Some(text) = word.strip_prefix('\'') {
            return Value::Text(text.trim_end_matches('\'').to_owned());
        }
        if self.next_is("(") {
            assert!(self.next_is(")"), "`{word}` takes nothing");
            return Value::Truth(match word.as_str() {
                "always" => true,
                "success" => self.status == Status::Well,
                "failure" => self.status == Status::Failed,
                "cancelled" => self.status == Status::Cancelled,
                _ => panic!("what is `{word}()`?"),
            });
        }
        let is_known = ["inputs.", "steps.", "github."].iter().any(|start| word.starts_with(start));
        assert!(is_known, "what is `{word}`?");
        Value::Text(self.names.get(&word).cloned().unwrap_or_default())
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
    assert_eq!(fill("${{ inputs.no && inputs.a }}"), "x");
    assert!(!holds(Some("${{ !cancelled() }}"), &names, Status::Cancelled));
    let holds = |condition| holds(condition, &names, Status::Failed);
    assert!(!holds(None) && !holds(Some("${{ inputs.a == 'x' }}")));
    assert!(holds(Some("${{ !cancelled() && inputs.a == 'x' }}")));
    assert!(!holds(Some("${{ !cancelled() && inputs.a != 'x' }}")) && holds(Some("failure()")));
}
