//! Survey for an overspent budget: judges all rules with a record, the most expensive first.

use crate::alerts::Ranked;
use crate::guard::{Observation, cut_for, is_open, rank, rank_entry};
use crate::model::{Fault, RuleArn, Target};
use crate::ports::{Ports, Store};
use crate::run::groups::Group;
use crate::run::store::read_record;
use crate::run::{Guard, Summary};

/// Maximum number of pages of records. A page has up to 1 MB.
const MAX_PAGES: usize = 32;
/// Maximum number of rules judged. The others are judged when they fire next, by the same limits.
const MAX_JUDGED: usize = 100;
/// Maximum number of rules in each list of the alert.
const MAX_LISTED: usize = 10;

/// Result of the survey.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub cut: Vec<Ranked>,
    /// Rules that fire and were not cut, the most expensive first.
    pub left: Vec<Ranked>,
    /// Number of rules beyond the maximum of the lists.
    pub unlisted: u64,
}

impl<P: Ports> Guard<P> {
    /// Judges the rules that fire now by the tightened limits. An error means that not all were looked at.
    pub(crate) async fn judge_all_rules(&self, budget: &str, summary: &mut Summary) -> Result<Seen, Fault> {
        let directory = self.directory().await.ok().flatten();
        let targets = |rule: &RuleArn| -> Option<&[Target]> {
            let entry = directory.as_ref()?.directory.get(rule)?;
            entry.details_at.map(|_| &entry.targets[..])
        };
        let (mut live, mut seen, mut next) = (Vec::new(), Seen::default(), None);
        for _ in 0..MAX_PAGES {
            let page = self.ports.store().scan(next.as_deref()).await?;
            for (key, blob) in &page.items {
                // A damaged record does not keep the others from being judged.
                let record = match read_record(key, blob) {
                    Ok(record) => record,
                    Err(fault) => {
                        tracing::error!(%fault, "a record cannot be read");
                        continue;
                    }
                };
                let of_rule = targets(&record.rule);
                live.extend(rank_entry(&record, of_rule, self.now()));
                seen.cut.extend(cut_for(&record, budget, of_rule, self.now()));
            }
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        if next.is_some() {
            tracing::warn!(
                "there are more records than are looked at; the other rules are judged as they fire"
            );
        }
        rank(&mut live);
        let later = live.split_off(live.len().min(MAX_JUDGED));
        let judges = |ranked: &Ranked| {
            let (rule, observations) = (ranked.rule.arn.clone(), vec![Observation::BudgetOverspent]);
            Group { rule, observations, messages: Vec::new() }
        };
        let judged = self.groups(live.iter().map(judges).collect(), summary).await;
        for (ranked, (_, result)) in live.into_iter().zip(judged) {
            let record = result.as_ref().ok().and_then(|driven| driven.record.as_ref());
            let is_cut = record.is_some_and(is_open);
            let rule = ranked.rule.arn.clone();
            if is_cut {
                seen.cut.push(ranked)
            } else {
                seen.left.push(ranked)
            }
            if let Err(fault) = summary.take(&rule, result) {
                tracing::error!(%rule, %fault, "not judged now; it is when it fires next");
                summary.failed += 1;
            }
        }
        seen.left.extend(later);
        rank(&mut seen.cut);
        for list in [&mut seen.cut, &mut seen.left] {
            seen.unlisted += list.len().saturating_sub(MAX_LISTED) as u64;
            list.truncate(MAX_LISTED);
        }
        Ok(seen)
    }
}
