//! ARN of the guard's queue.

use budget_guard_core::model::{Arn, Excerpt};

/// ARN of a standard queue: `arn:PARTITION:sqs:REGION:ACCOUNT:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueArn(String);

/// Error for a text that is not the ARN of a standard queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{seen} is not the ARN of a standard SQS queue ({problem}); \
     expected one like arn:aws:sqs:eu-west-1:123456789012:budget-guard"
)]
pub(crate) struct ParseQueueArnError {
    seen: Excerpt,
    problem: &'static str,
}

impl QueueArn {
    /// Parses the ARN of a standard queue. FIFO queues are an error.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseQueueArnError> {
        let bad = |problem| ParseQueueArnError { seen: Excerpt::new(text), problem };
        let arn = Arn::parse(text).filter(|arn| arn.service == "sqs");
        let arn = arn.ok_or_else(|| bad("not six parts that begin with arn and have sqs in third place"))?;
        let name = arn.resource;
        if !arn.has_partition() || !arn.has_region() {
            return Err(bad("no partition or no Region"));
        }
        if !arn.has_account() {
            return Err(bad("the account is not twelve digits"));
        }
        if name.ends_with(".fifo") {
            return Err(bad("it is a FIFO queue"));
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || name.len() > 80 || !name.bytes().all(is_name) {
            return Err(bad("the queue name is not 1 to 80 of A-Z a-z 0-9 - _"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole ARN.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Region of the queue.
    pub(crate) fn region(&self) -> &str {
        self.parts().region
    }

    /// Account ID of the queue.
    pub(crate) fn account(&self) -> &str {
        self.parts().account
    }

    /// Name of the queue.
    pub(crate) fn name(&self) -> &str {
        self.parts().resource
    }

    fn parts(&self) -> Arn<'_> {
        Arn::parse(&self.0).unwrap_or_default()
    }
}
