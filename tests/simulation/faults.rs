//! What can go wrong, where, and what is answered then.

use serde::{Deserialize, Serialize};

use super::aws::account::Refusal;
use super::aws::wire::Call;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It never arrives.
    RequestLost,
    /// It is carried out, and nobody hears of it.
    ReplyLost,
    /// It is carried out, and the answer takes longer than anybody waits.
    TimedOut,
    Throttled,
    /// A 5xx, and nothing was done.
    Failed,
    /// A 5xx, and it was done.
    FailedAfter,
    Slow,
    /// A read is answered with what was there a moment ago.
    Stale,
    Denied,
    /// It is accepted, and AWS gives it up behind the answer.
    GivenUp,
    /// Cairn dies when it is about to do it.
    CrashBefore,
    /// Cairn dies when half of it is written.
    CrashTorn,
    /// Cairn dies before it hears what it did.
    CrashAfter,
    /// A file cannot be read or written.
    Broken,
    /// Half of it is written, and then the disk is full.
    Full,
    /// Somebody else changes something of ours.
    Meddle(u64),
    /// Another Cairn begins on the same state, for this version or for nothing.
    Other(Option<usize>),
    /// Nothing gets through for so many seconds.
    Cut(u64),
    /// Somebody takes the lock away.
    Stolen,
    /// Ctrl-C: nothing more is begun.
    Interrupted,
    /// The machine sleeps for so many seconds, and somebody takes the lock meanwhile.
    Asleep(u64),
}

use Kind::{
    Asleep, Broken, CrashAfter, CrashBefore, CrashTorn, Cut, Denied, Failed, FailedAfter, Full,
    GivenUp, Interrupted, Meddle, Other, ReplyLost, RequestLost, Slow, Stale, Stolen, Throttled,
    TimedOut,
};

/// What can become of a call.
pub const OF_CALLS: [Kind; 12] = [
    RequestLost,
    ReplyLost,
    TimedOut,
    Throttled,
    Failed,
    FailedAfter,
    Slow,
    Stale,
    Denied,
    GivenUp,
    CrashBefore,
    CrashAfter,
];

/// What can become of a write to a file.
pub const OF_WRITES: [Kind; 5] = [CrashBefore, CrashTorn, CrashAfter, Broken, Full];

/// What others do meanwhile, whatever Cairn does.
pub const OF_OTHERS: [Kind; 6] = [Meddle(0), Other(None), Cut(0), Stolen, Interrupted, Asleep(0)];

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            RequestLost => "request lost",
            ReplyLost => "reply lost",
            TimedOut => "timed out",
            Throttled => "throttled",
            Failed => "failed",
            FailedAfter => "failed after",
            Slow => "slow",
            Stale => "stale",
            Denied => "denied",
            GivenUp => "given up",
            CrashBefore => "crash before",
            CrashTorn => "crash, torn",
            CrashAfter => "crash after",
            Broken => "broken",
            Full => "full",
            Meddle(_) => "meddled with",
            Other(_) => "another Cairn",
            Cut(_) => "cut off",
            Stolen => "lock stolen",
            Interrupted => "interrupted",
            Asleep(_) => "asleep",
        }
    }

    /// Whether it can become of a call, and says anything of such a call that another kind does not.
    /// What others do becomes of none: it happens beside it.
    pub fn fits_call(self, label: &str) -> bool {
        let is_read = is_read(label);
        let is_of = |service: &str| label.split_once(':').is_some_and(|(of, _)| of == service);
        match self {
            // What was just made is unknown to EC2's and IAM's changing calls, too.
            Stale => is_read && !is_of("s3") || is_of("ec2") || is_of("iam"),
            ReplyLost | FailedAfter => !is_read,
            GivenUp => GIVEN_UP.contains(&label),
            RequestLost | TimedOut | Throttled | Failed | Slow | Denied | CrashBefore
            | CrashAfter => true,
            CrashTorn | Broken | Full | Meddle(_) | Other(_) | Cut(_) | Stolen | Interrupted
            | Asleep(_) => false,
        }
    }

    /// Whether it can become of what is done with a file.
    pub fn fits_file(self, is_read: bool) -> bool {
        match self {
            Broken => true,
            CrashBefore | CrashTorn | CrashAfter | Full => !is_read,
            _ => false,
        }
    }
}

/// What AWS does behind its answer, and may give up: each has a state that says so (`StateReasonCode`
/// and `LastUpdateStatusReasonCode` of Lambda's API Reference, `failureReasons` of Bedrock's,
/// `LastError` of EC2's).
const GIVEN_UP: [&str; 8] = [
    "bedrock:CreateAgent",
    "bedrock:CreateAgentAlias",
    "bedrock:PrepareAgent",
    "bedrock:UpdateAgentAlias",
    "ec2:CreateVpcEndpoint",
    "lambda:CreateFunction",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
];

/// Whether a call changes nothing.
pub fn is_read(action: &str) -> bool {
    let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
    ["Get", "List", "Describe"].iter().any(|verb| operation.starts_with(verb))
}

/// A call as scripts name it; with objects in a bucket, what is in them matters.
pub fn label(call: &Call) -> String {
    let action = call.action();
    if call.service != "s3" {
        return action;
    }
    let key = call.members["Key"].as_str().unwrap_or_default();
    match key {
        "" => action,
        _ if key.ends_with("/lock") => action + " lock",
        _ if key.ends_with("state.json") => action + " state",
        _ => action + " journal",
    }
}

/// A 5xx in the words of each service: "Common errors" of its API Reference.
pub fn failure(service: &str) -> Refusal {
    let (status, code) = match service {
        "ec2" | "s3" => (500, "InternalError"),
        "iam" => (500, "ServiceFailure"),
        "lambda" => (500, "ServiceException"),
        "apigateway" => (500, "InternalFailure"),
        "bedrock" => (500, "InternalServerException"),
        _ => (503, "ServiceUnavailableException"),
    };
    let message = "An internal error has occurred".to_owned();
    Refusal { status, code: code.to_owned(), message }
}

pub fn denial(service: &str) -> Refusal {
    let (status, code) = match service {
        "ec2" => (403, "UnauthorizedOperation"),
        "iam" | "s3" => (403, "AccessDenied"),
        _ => (403, "AccessDeniedException"),
    };
    let message = "You are not authorized to perform this operation.".to_owned();
    Refusal { status, code: code.to_owned(), message }
}

/// Too many calls, in the words of each service.
pub fn throttle(service: &str) -> Refusal {
    if service == "s3" {
        let message = "Please reduce your request rate.".to_owned();
        return Refusal { status: 503, code: "SlowDown".to_owned(), message };
    }
    super::aws::throttle(service)
}
