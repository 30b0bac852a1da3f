//! Secrets that AWS repeats in its errors are taken out of them, where every error comes in.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::Fault;

/// A shorter text would be found by chance, and taking it out would say where it stands.
const SHORTEST: usize = 4;
const IN_ITS_PLACE: &str = "(hidden)";

/// The texts that nobody may read in an error.
#[derive(Default)]
pub struct Concealed {
    texts: Mutex<BTreeSet<String>>,
}

impl Concealed {
    pub fn note(&self, text: &str) {
        if text.chars().count() >= SHORTEST {
            let mut texts = self.texts.lock().expect("nothing panics while it holds this lock");
            texts.insert(text.to_owned());
        }
    }

    /// The fault without them.
    pub fn in_fault(&self, mut fault: Fault) -> Fault {
        let texts = self.texts.lock().expect("nothing panics while it holds this lock");
        // A longer one may have a shorter one in it.
        let mut longest_first: Vec<&String> = texts.iter().collect();
        longest_first.sort_by_key(|text| std::cmp::Reverse(text.len()));
        for text in longest_first {
            if fault.message.contains(text.as_str()) {
                fault.message = fault.message.replace(text.as_str(), IN_ITS_PLACE);
            }
        }
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_an_error_is_not_told() {
        let concealed = Concealed::default();
        for text in ["hunter2", "hunter2-longer", "ab"] {
            concealed.note(text);
        }
        let fault = Fault::invalid("x:Y", "`hunter2-longer` and hunter2 are wrong, ab is not");
        let told = concealed.in_fault(fault).message;
        assert_eq!(told, "`(hidden)` and (hidden) are wrong, ab is not");
    }
}
