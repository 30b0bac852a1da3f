//! The journal in a bucket: a chain of objects with consecutive numbers, each made once.
//!
//! What stands at a number is decided by whoever makes it first, so that one request both writes
//! records and lets them count. Whoever takes the lock over makes the next object itself, one without
//! records: what its predecessor still sends finds its place taken, and its own numbers end there.
//!
//! As with the lock, this is the protocol alone. Its one condition is that of the lock: who hears
//! that an object is made has to be the holder still, or ask whether it is. A place that was taken
//! is free again once what stood there has become part of the snapshot and was removed.

/// What stands at one number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link {
    /// Of the holder that made it.
    pub epoch: u64,
    /// Records; nothing where it only takes the place.
    pub lines: String,
}

/// What to ask of the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Makes the object with this number, where there must be none.
    Make {
        number: u64,
        link: Link,
    },
    Get {
        number: u64,
    },
}

/// What the bucket says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    Made,
    /// Something stands there.
    Taken,
    Found(Link),
    Absent,
    /// Nobody knows.
    Lost,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Next {
    Ask(Request),
    /// It stands there, under this number.
    Ours {
        number: u64,
    },
    /// Another stands there.
    Others,
    /// The bucket does not answer.
    Unanswered,
}

/// How often an unanswered request is sent.
const TRIES: u32 = 5;

/// Adding to the chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Adding {
    number: u64,
    link: Link,
    intent: Intent,
    unanswered: u32,
}

/// Where the object may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Intent {
    /// At its number.
    There,
    /// After all that earlier holders have made.
    AfterOthers,
}

impl Adding {
    /// Records of the holder, after all that it has added.
    pub fn records(number: u64, link: Link) -> Self {
        Self { number, link, intent: Intent::There, unanswered: 0 }
    }

    /// The first object of a new holder: nothing of its predecessors comes after it.
    pub fn fence(number: u64, epoch: u64) -> Self {
        let link = Link { epoch, lines: String::new() };
        Self { number, link, intent: Intent::AfterOthers, unanswered: 0 }
    }

    pub fn begin(&self) -> Next {
        Next::Ask(Request::Make { number: self.number, link: self.link.clone() })
    }

    pub fn next(&mut self, answer: Answer) -> Next {
        let number = self.number;
        match answer {
            Answer::Made => Next::Ours { number },
            Answer::Taken => Next::Ask(Request::Get { number }),
            // An answer was lost that it is made.
            Answer::Found(link) if link == self.link => Next::Ours { number },
            Answer::Found(link)
                if self.intent == Intent::AfterOthers && link.epoch <= self.link.epoch =>
            {
                self.number += 1;
                self.begin()
            }
            Answer::Found(_) => Next::Others,
            Answer::Absent | Answer::Lost => {
                self.unanswered += 1;
                match self.unanswered < TRIES {
                    true => self.begin(),
                    false => Next::Unanswered,
                }
            }
        }
    }
}
