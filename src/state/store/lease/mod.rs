//! The right to change a state in a bucket: an object that is only ever replaced by who has seen
//! what stands there.
//!
//! This is the protocol alone: it says what to ask of the bucket and is told the answers, so that a
//! test can play every order of them. An answer may be lost; what was asked may have happened all
//! the same, and reading it back tells, since no two claims are equal.

pub mod chain;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Holder;
use crate::state::FORMAT;

/// The content of the lock.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Goes up with every holder.
    pub epoch: u64,
    /// Of this holder alone.
    pub nonce: String,
    /// Goes up with every word of this holder.
    pub beat: u64,
    pub standing: Standing,
    pub holder: Holder,
    /// How many seconds this holder keeps its right when it is not heard of.
    pub term: u64,
    /// That of the state whose journal this speaks of. 2 is in none of that time, and has each epoch's
    /// records by themselves; from 3 on they are a [`chain`].
    #[serde(default = "unchained")]
    pub format: u32,
    /// Where the chain begins that counts: all before it is in the snapshot. Before format 3, the
    /// epoch whose records are the journal.
    pub journal: u64,
    /// The last record that counted when this was said, and before format 3 the last that counts.
    pub serial: u64,
}

/// The format of a claim that does not say it.
fn unchained() -> u32 {
    2
}

impl Claim {
    /// Whether the journal is a chain.
    pub fn is_chained(&self) -> bool {
        self.format > unchained()
    }

    /// How long this holder keeps its right when it is not heard of.
    pub fn term(&self) -> Duration {
        Duration::from_secs(self.term)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Held,
    Released,
}

/// What names one version of an object.
pub type Etag = String;

/// What to ask of the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    Get,
    /// Replaces the version with this name, or makes the object where there must be none.
    Put {
        claim: Claim,
        over: Option<Etag>,
    },
}

/// What the bucket says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    Absent,
    Found {
        claim: Claim,
        etag: Etag,
        age: Duration,
    },
    Written {
        etag: Etag,
    },
    /// Another version stands there.
    Refused,
    /// Nobody knows.
    Lost,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Next {
    Ask(Request),
    /// It is ours, as this claim and under this name.
    Ours {
        claim: Claim,
        etag: Etag,
    },
    /// It is somebody else's, who was heard of this long ago.
    Others {
        claim: Claim,
        age: Duration,
    },
    /// The bucket does not answer.
    Unanswered,
}

/// How often an unanswered request is sent.
const TRIES: u32 = 5;

/// Taking the lock.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Taking {
    nonce: String,
    holder: Holder,
    term: Duration,
    asked: Option<Claim>,
    unanswered: u32,
    /// The holder that is not waited for.
    ousted: Option<String>,
}

impl Taking {
    pub fn new(nonce: &str, holder: &Holder, term: Duration) -> Self {
        let (nonce, holder) = (nonce.to_owned(), holder.clone());
        Self { nonce, holder, term, asked: None, unanswered: 0, ousted: None }
    }

    /// Taking it from one holder, whether that is heard of or not. Until its term is over it may
    /// believe that it still is the holder: whoever takes the lock so has to wait for that.
    #[must_use]
    pub fn ousting(self, nonce: &str) -> Self {
        Self { ousted: Some(nonce.to_owned()), ..self }
    }

    pub fn begin(&self) -> Next {
        Next::Ask(Request::Get)
    }

    pub fn next(&mut self, answer: Answer) -> Next {
        match answer {
            Answer::Absent => self.ask(None),
            Answer::Found { claim, etag, .. } if claim.nonce == self.nonce => {
                Next::Ours { claim, etag }
            }
            Answer::Found { claim, etag, age } => {
                let is_free = claim.standing == Standing::Released || age > claim.term();
                match is_free || self.ousted.as_ref() == Some(&claim.nonce) {
                    true => self.ask(Some((claim, etag))),
                    false => Next::Others { claim, age },
                }
            }
            Answer::Written { etag } => match self.asked.take() {
                Some(claim) => Next::Ours { claim, etag },
                None => Next::Ask(Request::Get),
            },
            Answer::Refused => Next::Ask(Request::Get),
            Answer::Lost => {
                self.unanswered += 1;
                match self.unanswered < TRIES {
                    true => Next::Ask(Request::Get),
                    false => Next::Unanswered,
                }
            }
        }
    }

    fn ask(&mut self, before: Option<(Claim, Etag)>) -> Next {
        let (before, over) = before.unzip();
        let claim = Claim {
            epoch: before.as_ref().map_or(1, |before| before.epoch + 1),
            nonce: self.nonce.clone(),
            beat: 0,
            standing: Standing::Held,
            holder: self.holder.clone(),
            term: self.term.as_secs(),
            format: before.as_ref().map_or(FORMAT, |before| before.format),
            journal: before.as_ref().map_or(1, |before| before.journal),
            serial: before.as_ref().map_or(0, |before| before.serial),
        };
        self.asked = Some(claim.clone());
        Next::Ask(Request::Put { claim, over })
    }
}

/// Saying something new as the holder: that it is still there, which records count, that it goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Saying {
    claim: Claim,
    over: Etag,
    unanswered: u32,
}

impl Saying {
    /// `claim` takes the place of the version `over`, which is this holder's too.
    pub fn new(claim: Claim, over: Etag) -> Self {
        Self { claim, over, unanswered: 0 }
    }

    pub fn begin(&self) -> Next {
        Next::Ask(Request::Put { claim: self.claim.clone(), over: Some(self.over.clone()) })
    }

    pub fn next(&mut self, answer: Answer) -> Next {
        match answer {
            Answer::Written { etag } => Next::Ours { claim: self.claim.clone(), etag },
            Answer::Found { claim, etag, .. } if claim == self.claim => Next::Ours { claim, etag },
            // What was asked has not happened, or not yet.
            Answer::Found { claim, etag, .. } if claim.nonce == self.claim.nonce => {
                self.over = etag;
                self.begin()
            }
            Answer::Found { claim, age, .. } => Next::Others { claim, age },
            // Nobody takes it away.
            Answer::Absent => Next::Unanswered,
            Answer::Refused => Next::Ask(Request::Get),
            Answer::Lost => {
                self.unanswered += 1;
                match self.unanswered < TRIES {
                    true => Next::Ask(Request::Get),
                    false => Next::Unanswered,
                }
            }
        }
    }
}
