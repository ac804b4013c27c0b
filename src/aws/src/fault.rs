//! SDK errors, sorted by what they mean for the guard.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use budget_guard_core::model::{Fault, FaultKind};

/// The longest error text that reaches a log or an alert.
const MAX_MESSAGE: usize = 300;

/// Sorts a failed call. `call` is the API's name, as people find it in the documentation.
pub fn fault<E, R>(call: &str, error: &SdkError<E, R>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let code = error.code();
    let kind = match (error, code) {
        (_, Some(code)) => kind_of(code),
        (SdkError::TimeoutError(_), _) => FaultKind::Timeout,
        (SdkError::DispatchFailure(failure), _) if failure.is_timeout() => FaultKind::Timeout,
        _ => FaultKind::Other,
    };
    let words = match (code, error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => causes(error),
    };
    let words: String = words.chars().take(MAX_MESSAGE).collect();
    Fault::new(kind, format!("{call}: {words}"))
}

/// The chain of causes: which host, which socket, which certificate.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let mut words: Vec<String> = chain.map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}

fn kind_of(code: &str) -> FaultKind {
    match code {
        // AWS Budgets says it shorter.
        "ResourceNotFoundException" | "NotFoundException" => FaultKind::NotFound,
        "ManagedRuleException" => FaultKind::Managed,
        "ConcurrentModificationException" => FaultKind::Conflict,
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "ProvisionedThroughputExceededException"
        | "LimitExceededException" => FaultKind::Throttled,
        "AccessDeniedException"
        | "AccessDenied"
        | "AuthorizationError"
        | "AuthorizationErrorException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "ExpiredTokenException"
        | "KMSAccessDenied"
        | "KMSAccessDeniedException" => FaultKind::Denied,
        _ => FaultKind::Other,
    }
}
