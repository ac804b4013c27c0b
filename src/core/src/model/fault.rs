//! Failed calls to AWS, in the kinds that lead to different decisions.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Kind of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The rule or bus does not exist (`ResourceNotFoundException`).
    NotFound,
    /// The rule belongs to an AWS service (`ManagedRuleException`).
    Managed,
    /// Another caller is changing the rule (`ConcurrentModificationException`).
    Conflict,
    /// Throttled, as with `ThrottlingException`. A later call may succeed.
    Throttled,
    /// The caller lacks the permission (`AccessDeniedException`).
    Denied,
    /// No answer in time. The call may or may not have taken effect.
    Timeout,
    /// Any other error. `message` describes it.
    Other,
}

/// A failed call. As text: the operation, the code and the detail, with colons between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Kind, which decides whether a retry can help.
    pub kind: FaultKind,
    /// Name of the operation in the API's reference, as in `DisableRule`. `None` if no call was made.
    pub operation: Option<&'static str>,
    /// AWS's error code, as in `AccessDeniedException`. `None` if no service answered, or the error is the guard's own.
    pub code: Option<String>,
    /// AWS's own words, or the guard's. May be empty where there is a code.
    pub detail: String,
}

impl Fault {
    /// A fault outside a call.
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { kind, operation: None, code: None, detail: detail.into() }
    }

    /// Sets the operation that failed.
    pub fn in_call(self, operation: &'static str) -> Self {
        Self { operation: Some(operation), ..self }
    }

    /// Code and detail, without the operation.
    pub fn cause(&self) -> String {
        let detail = Some(&*self.detail).filter(|detail| !detail.is_empty());
        [self.code.as_deref(), detail].into_iter().flatten().collect::<Vec<_>>().join(": ")
    }

    /// Returns true if the same call may succeed within seconds.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::Conflict | FaultKind::Throttled | FaultKind::Timeout | FaultKind::Other
        )
    }

    /// Returns true if AWS has not answered the call, and may still carry it out.
    pub fn is_unanswered(&self) -> bool {
        self.kind == FaultKind::Timeout || (self.operation.is_some() && self.code.is_none())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&self.cause())
    }
}

impl std::error::Error for Fault {}
