//! Classification of SDK errors.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use budget_guard_core::model::{Fault, FaultKind};

/// Maximum length of an error text in logs and alerts, in characters.
const MAX_MESSAGE: usize = 300;

/// Sorts a failed call by its error. `operation` is its name in the API's reference.
pub fn fault<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Fault
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
    let detail = match code {
        Some(_) => error.message().unwrap_or_default().to_owned(),
        None => causes(error),
    };
    let code: Option<String> = code.map(|code| code.chars().take(MAX_MESSAGE).collect());
    let room = MAX_MESSAGE.saturating_sub(code.as_ref().map_or(0, |code| code.chars().count() + 2));
    Fault { kind, operation: Some(operation), code, detail: detail.chars().take(room).collect() }
}

/// Texts of the error and its sources, which name the host, the socket or the certificate.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let mut words: Vec<String> = chain.map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}

fn kind_of(code: &str) -> FaultKind {
    match code {
        // `NotFoundException` is the code of AWS Budgets.
        "ResourceNotFoundException" | "NotFoundException" => FaultKind::NotFound,
        "ManagedRuleException" => FaultKind::Managed,
        "ConcurrentModificationException" => FaultKind::Conflict,
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "RequestThrottled"
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
