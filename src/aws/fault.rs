//! What went wrong in a call, and what kind of wrong it is.
//!
//! [`FaultKind`] is the only thing the engine decides by. The table in [`classify`] is the one
//! place that turns an AWS error code and message into a kind; a resource type adds to it through
//! `Resource::classify` only where a code means something else for that type.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};

/// A failed call: what was attempted, and what AWS said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The call, written as IAM writes it: `ec2:CreateVpc`.
    pub action: String,
    pub kind: FaultKind,
    /// AWS's error code, or a word for what happened on the way.
    pub code: String,
    pub message: String,
    pub request_id: Option<String>,
}

/// What the engine does about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// Too many calls: pause the bucket and go on until the deadline.
    Throttled,
    /// Something made a moment ago is not visible everywhere yet.
    Propagating,
    /// Somebody changes the same parent at the same time.
    Concurrent,
    /// Something still uses what is to be deleted.
    InUse,
    /// The resource is not there.
    NotFound,
    /// A resource with this name or key is there already.
    AlreadyExists,
    /// No answer, or an answer that does not tell whether the call was carried out.
    Uncertain,
    /// Not allowed.
    Denied,
    /// A quota of the account is reached.
    Quota,
    /// The service does not take new users.
    Closed,
    /// The request is wrong; sending it again changes nothing.
    Invalid,
}

impl Fault {
    /// A fault found by Cairn itself rather than by AWS.
    pub fn invalid(action: &str, message: impl Into<String>) -> Self {
        Self {
            action: action.to_owned(),
            kind: FaultKind::Invalid,
            code: "Invalid".to_owned(),
            message: message.into(),
            request_id: None,
        }
    }

    pub fn not_found(action: &str, what: impl fmt::Display) -> Self {
        Self {
            action: action.to_owned(),
            kind: FaultKind::NotFound,
            code: "NotFound".to_owned(),
            message: format!("`{what}` does not exist"),
            request_id: None,
        }
    }

    /// An answer that lacks what the service documents for it: whatever was asked may be done.
    pub fn malformed(action: &str, missing: &str) -> Self {
        Self {
            kind: FaultKind::Uncertain,
            ..Self::invalid(action, format!("the answer has no {missing}"))
        }
    }

    pub fn is(&self, kind: FaultKind) -> bool {
        self.kind == kind
    }

    /// Turns the SDK's error into a fault.
    pub fn from_sdk<E>(action: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (service_error, status) = match error {
            SdkError::ServiceError(context) => (context.err(), context.raw().status()),
            _ => return Self::from_transport(action, error),
        };
        let meta = service_error.meta();
        let code = meta.code().unwrap_or("Unknown").to_owned();
        let message = meta.message().map_or_else(|| chain(service_error), str::to_owned);
        let kind = match classify(&code, &message) {
            // An error nobody has documented, or success in words nobody can read: only a refusal
            // says for certain that nothing was done.
            FaultKind::Invalid if !status.is_client_error() => FaultKind::Uncertain,
            kind => kind,
        };
        Self {
            action: action.to_owned(),
            kind,
            code,
            message,
            request_id: meta.extra("aws_request_id").map(str::to_owned),
        }
    }

    fn from_transport<E>(action: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + 'static,
    {
        let (kind, code) = match error {
            SdkError::ConstructionFailure(_) => (FaultKind::Invalid, "RequestNotBuilt"),
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                (FaultKind::Invalid, "RequestNotSent")
            }
            SdkError::TimeoutError(_) => (FaultKind::Uncertain, "TimedOut"),
            SdkError::DispatchFailure(_) => (FaultKind::Uncertain, "ConnectionFailed"),
            SdkError::ResponseError(_) => (FaultKind::Uncertain, "AnswerUnreadable"),
            _ => (FaultKind::Uncertain, "NoAnswer"),
        };
        Self {
            action: action.to_owned(),
            kind,
            code: code.to_owned(),
            message: chain(error),
            request_id: None,
        }
    }
}

/// An error and its causes in one line, each said once.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !said.iter().any(|earlier| earlier.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    said.join(": ")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}: {}", self.action, self.code, self.message)?;
        match &self.request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

impl Error for Fault {}

const THROTTLES: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

/// Message fragments of errors that go away when IAM and EC2 have caught up.
const PROPAGATION: &[&str] = &[
    "cannot be assumed by Lambda",
    "execution role does not have permissions",
    "role does not have permissions to call",
    "Invalid principal in policy",
    // Lambda's `AddPermission`, of a role that was made a moment ago.
    "provided principal was invalid",
    "unable to assume",
    "Unable to assume",
    "could not be assumed",
    "cannot assume role",
    "does not have required permissions",
    "KMS key is invalid for CreateGrant",
];

/// Message fragments of "somebody else is changing this": they go away by themselves.
const CONCURRENCY: &[&str] = &[
    "concurrent modification",
    "concurrent update operation",
    "update is in progress",
    "currently in the following state: Pending",
    "can't be performed on Agent when it is in",
    "Versioning state",
    "VERSIONING state",
    "Preparing state",
    "PREPARING state",
    "Creating state",
    "Updating state",
];

/// Message fragments of "something still uses it".
const IN_USE: &[&str] =
    &["Active stages pointing to this deployment", "has active aliases", "currently in use"];

const IN_USE_CODES: &[&str] = &["DependencyViolation", "DeleteConflict", "InvalidGroup.InUse"];

const CONCURRENCY_CODES: &[&str] = &[
    "ConcurrentModification",
    "ConcurrentModificationException",
    "OperationAbortedException",
    "IncorrectState",
];

const NOT_FOUND_CODES: &[&str] = &[
    "NoSuchEntity",
    "NoSuchEntityException",
    "ResourceNotFoundException",
    "NotFoundException",
    "NatGatewayNotFound",
    "NotFound",
    "NoSuchHostedZone",
    "ParameterNotFound",
    "ParameterVersionNotFound",
];

const EXISTS_CODES: &[&str] = &[
    "ResourceAlreadyExistsException",
    "EntityAlreadyExistsException",
    "ResourceConflictException",
    "ConflictException",
    "Resource.AlreadyAssociated",
];

/// The service may have done it or not.
const UNCERTAIN_CODES: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "InternalServerException",
    "ServiceException",
    "ServiceFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Unavailable",
    "RequestTimeout",
    "RequestTimeoutException",
];

const DENIED_CODES: &[&str] = &[
    "UnauthorizedOperation",
    "AuthFailure",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "ExpiredToken",
    "ExpiredTokenException",
    "SignatureDoesNotMatch",
];

/// Denied not to this caller but to every account that is new to the service.
const CLOSED: &[&str] = &["maintenance mode", "no longer available to new"];

const QUOTA_CODES: &[&str] = &["ServiceQuotaExceededException", "CodeStorageExceededException"];

/// The kind of an AWS error, by its code and, where one code has several meanings, its message.
pub fn classify(code: &str, message: &str) -> FaultKind {
    let says = |fragments: &[&str]| fragments.iter().any(|fragment| message.contains(fragment));
    if THROTTLES.contains(&code) {
        return FaultKind::Throttled;
    }
    if says(PROPAGATION) {
        return FaultKind::Propagating;
    }
    if says(IN_USE) || IN_USE_CODES.contains(&code) {
        return FaultKind::InUse;
    }
    if says(CONCURRENCY) || CONCURRENCY_CODES.contains(&code) {
        return FaultKind::Concurrent;
    }
    let is_missing_kind = code.starts_with("Invalid") && code.ends_with(".NotFound");
    if is_missing_kind || NOT_FOUND_CODES.contains(&code) {
        return FaultKind::NotFound;
    }
    let is_double = code.ends_with(".Duplicate") || code.ends_with("AlreadyExists");
    if is_double || EXISTS_CODES.contains(&code) {
        return FaultKind::AlreadyExists;
    }
    if UNCERTAIN_CODES.contains(&code) {
        return FaultKind::Uncertain;
    }
    if code.contains("AccessDenied") || DENIED_CODES.contains(&code) {
        return if says(CLOSED) { FaultKind::Closed } else { FaultKind::Denied };
    }
    if code.contains("LimitExceeded") || QUOTA_CODES.contains(&code) {
        return FaultKind::Quota;
    }
    FaultKind::Invalid
}
