//! A story as data: what is deployed one after the other, and what goes wrong where. A seed draws
//! one; one that fails is made shorter and kept in `kept/`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::faults::Kind;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What it showed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What the simulated world draws from: ids, latencies, how long things take.
    pub chance: u64,
    pub home: Home,
    /// Templates.
    pub versions: Vec<Json>,
    pub chapters: Vec<Chapter>,
}

/// Where the state is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Home {
    Directory,
    Bucket,
}

/// Somebody wants something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// A version, or nothing at all.
    pub target: Option<usize>,
    /// To go back to what was there before instead, while the template is that version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goes_back: bool,
    /// Runs on which something goes wrong, until one ends well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storms: Vec<Storm>,
    /// What comes after the storms.
    pub then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// A run on which nothing goes wrong: it has to end well.
    Calm,
    /// Somebody wants something else.
    Leave,
}

/// One run of Cairn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storm {
    pub mishaps: Vec<Mishap>,
    /// Seconds until somebody tries again.
    pub pause: u64,
}

/// What goes wrong, and where: at the `nth` time that `on` comes to pass in a run, and some times
/// after that.
///
/// `on` is a call (`ec2:CreateVpc`, `s3:PutObject lock`), any `call`, something that is done with the
/// state's files (`append named`, `replace state.json`), any `write`; `plan`, when the plan is made
/// and nothing of it is done; `time`, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mishap {
    pub on: String,
    pub nth: u64,
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub times: u64,
    pub kind: Kind,
}

fn once() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_once(times: &u64) -> bool {
    *times == 1
}

impl Chapter {
    /// On which nothing goes wrong.
    pub fn calm(target: Option<usize>) -> Self {
        Self { target, goes_back: false, storms: Vec::new(), then: Then::Calm }
    }

    pub fn wish(&self) -> Wish {
        match self.target {
            None => Wish::Teardown,
            Some(version) if self.goes_back => Wish::Rollback(version),
            Some(version) => Wish::Deploy(version),
        }
    }
}

/// What a command is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    Deploy(usize),
    Teardown,
    /// With this version as the template.
    Rollback(usize),
}

impl Wish {
    pub fn of(target: Option<usize>) -> Self {
        target.map_or(Self::Teardown, Self::Deploy)
    }

    /// What the template is.
    pub fn version(self) -> Option<usize> {
        match self {
            Self::Deploy(version) | Self::Rollback(version) => Some(version),
            Self::Teardown => None,
        }
    }
}

impl Mishap {
    pub fn once(on: &str, nth: u64, kind: Kind) -> Self {
        Self { on: on.to_owned(), nth, times: 1, kind }
    }
}

impl Script {
    /// As it is kept.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a script is JSON") + "\n"
    }

    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("not a script: {error}"))
    }

    /// As it is, but after the storms of this chapter somebody wants to go back instead: to what was
    /// there before, or, by a deploy, to a version.
    #[must_use]
    pub fn going_back(mut self, chapter: usize, way: Chapter) -> Self {
        self.chapters[chapter].then = Then::Leave;
        self.chapters.insert(chapter + 1, way);
        self
    }

    /// As it is, but in the middle of its last chapter, a teardown, somebody wants to go back to the
    /// version that is torn down. It is torn down after that.
    #[must_use]
    pub fn going_back_from_nothing(self, storms: Vec<Storm>) -> Self {
        let last = self.chapters.len() - 1;
        let Some(version) = self.chapters[..last].iter().rev().find_map(|it| it.target) else {
            return self;
        };
        let way = Chapter { goes_back: true, storms, ..Chapter::calm(Some(version)) };
        let mut script = self.going_back(last, way);
        script.chapters.push(Chapter::calm(None));
        script
    }

    pub fn mishaps(&self) -> impl Iterator<Item = &Mishap> {
        self.chapters.iter().flat_map(|chapter| &chapter.storms).flat_map(|storm| &storm.mishaps)
    }
}
