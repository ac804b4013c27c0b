//! Following a chain of rules upstream, through their records: who fired this rule, who fired that one, and so on.

use super::Guard;
use crate::guard::upstream;
use crate::model::{Fault, RuleArn};
use crate::ports::{Ledger, Ports};
use crate::verdict::{MAX_CYCLE, Upstream};

impl<P: Ports> Guard<P> {
    /// What the records of these rules tell, and those of the rules that fired them. At most eight records are read.
    pub(super) async fn trace(&self, rule: &RuleArn, first: Vec<RuleArn>) -> Result<Vec<Upstream>, Fault> {
        let mut found: Vec<Upstream> = Vec::new();
        let mut left = first;
        while let Some(next) = (!left.is_empty()).then(|| left.remove(0)) {
            let is_known = next == *rule || found.iter().any(|known| known.rule == next);
            if is_known || found.len() >= MAX_CYCLE {
                continue;
            }
            let Some((record, _)) = self.ports.ledger().load(&next).await? else { continue };
            let one = upstream(&record, self.limits(&next).await.mode);
            left.extend(one.fired_by.iter().flat_map(|(rules, _)| rules.clone()));
            found.push(one);
        }
        Ok(found)
    }
}
