//! Openers of role sessions, from the CloudTrail records of `AssumeRole` calls.

use jiff::SignedDuration;

use super::Guard;
use crate::attribution::{AssumeRoleCalls, Origin};
use crate::model::{Call, Caller, Cause, Fault, OpenSessions, Opened, RuleArn, Session, Timestamp};
use crate::ports::{Clock, Ports, Trail};
use crate::sources;

/// Maximum number of roles looked up for one question.
const MAX_ROLES: usize = 8;
/// Time after which no further role is looked up, because firings wait for the decision.
const ENOUGH: SignedDuration = SignedDuration::from_secs(5);
/// Time between two requests. AWS allows two a second for all callers of the account. Source: "Quotas in AWS
/// CloudTrail" (AWS CloudTrail user guide).
const BETWEEN: SignedDuration = SignedDuration::from_millis(500);

impl<P: Ports> Guard<P> {
    /// Finds the openers of these sessions, through chains of up to three sessions. Sessions without a result are left
    /// out.
    pub(super) async fn sessions(&self, rule: &RuleArn, open: &OpenSessions) -> Result<Vec<Opened>, Fault> {
        let Some(stored) = self.directory.known() else { return Ok(Vec::new()) };
        let cause = |caller: &Caller<'_>, call: &Call<'_>| -> Cause {
            stored.directory.cause(rule, caller, Some(call))
        };
        let begun = self.now();
        let mut openings = AssumeRoleCalls::default();
        let mut asked: Vec<String> = Vec::new();
        loop {
            let origins = open.sessions.iter().map(|(key, role)| openings.origin(*key, role, cause));
            let (mut found, mut left) = (Vec::new(), Vec::new());
            for origin in origins {
                match origin {
                    Origin::Known(opened) => found.push(opened),
                    Origin::Role(role) if !asked.contains(&role) => left.push(role),
                    Origin::Role(_) | Origin::Untold => {}
                }
            }
            let is_enough = asked.len() >= MAX_ROLES || self.now().duration_since(begun) > ENOUGH;
            let Some(role) = left.pop().filter(|_| !is_enough) else { return Ok(found) };
            if !asked.is_empty() {
                self.ports.clock().sleep_until(self.now() + BETWEEN).await;
            }
            let since = open.since.saturating_sub(Session::LONGEST_CHAINED).unwrap_or(Timestamp::MIN);
            let records = self.ports.trail().openings(&role, since, self.now()).await;
            asked.push(role);
            match records {
                Ok(records) => {
                    for record in &records {
                        if let Some(opening) = sources::opening(&record.json) {
                            openings.add(opening, record.at);
                        }
                    }
                }
                // Openers that were found are kept. The rest may be looked up later.
                Err(fault) if found.is_empty() => return Err(fault),
                Err(_) => return Ok(found),
            }
        }
    }
}
