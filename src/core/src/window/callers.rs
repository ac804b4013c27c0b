//! Callers of the stored firings: eight by name, all others together.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::{Caller, printable_ascii};

/// Index into the table of callers. [`OTHERS`] stands for all callers without an entry.
pub(super) type Slot = u8;

/// Maximum number of callers stored by name.
const NAMED: usize = 8;
const OTHERS: Slot = NAMED as Slot;
/// Maximum length of a stored principal, in bytes. Longer ones are cut, so that the record stays bounded.
const MAX_PRINCIPAL: usize = 128;

/// Number of stored firings per caller. A slot is free again once its number is 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Callers {
    slots: Vec<(Caller<'static>, u32)>,
}

/// Number of firings by one caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerCount {
    /// Caller as CloudTrail recorded it; `others` as principal for all callers without a name here.
    pub caller: Caller<'static>,
    /// True if the caller is a target of the rule itself.
    #[serde(default)]
    pub is_own: bool,
    /// Number of stored firings. With a limit above 512 a sample of them.
    pub count: u32,
}

impl Callers {
    /// Counts one firing by this caller, and returns the caller's slot.
    pub(super) fn count(&mut self, caller: &Caller<'_>) -> Slot {
        // Fast path: most firings have one of few callers, and most principals are short enough to be stored whole.
        let is_named = |(known, count): &(Caller<'static>, u32)| *count > 0 && known == caller;
        if let Some(slot) = self.slots.iter().position(is_named) {
            self.slots[slot].1 += 1;
            return slot as Slot;
        }
        let issued_to = caller.issued_to.as_deref().map(|arn| printable_ascii(arn, MAX_PRINCIPAL));
        let principal = printable_ascii(&caller.principal, MAX_PRINCIPAL);
        let same = |(known, count): &(Caller<'static>, u32)| {
            *count > 0 && known.principal == principal && known.issued_to == issued_to
        };
        if let Some(slot) = self.slots.iter().position(same) {
            self.slots[slot].1 += 1;
            return slot as Slot;
        }
        let caller = Caller {
            principal: principal.into_owned().into(),
            issued_to: issued_to.map(|arn| arn.into_owned().into()),
        };
        if let Some(free) = self.slots.iter().position(|(_, count)| *count == 0) {
            self.slots[free] = (caller, 1);
            free as Slot
        } else if self.slots.len() < NAMED {
            self.slots.push((caller, 1));
            (self.slots.len() - 1) as Slot
        } else {
            OTHERS
        }
    }

    /// Returns the slots of this principal, one bit each.
    pub(super) fn slots_of(&self, principal: &str) -> u16 {
        let principal = printable_ascii(principal, MAX_PRINCIPAL);
        let is_of = |(known, count): &(Caller<'static>, u32)| *count > 0 && known.principal == principal;
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, one)| is_of(one))
            .fold(0, |bits, (slot, _)| bits | 1 << slot)
    }

    /// Takes back one firing of a slot.
    pub(super) fn forget(&mut self, slot: Slot) {
        if let Some((_, count)) = self.slots.get_mut(usize::from(slot)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Returns true if stored firings may refer to this slot.
    pub(super) fn has(&self, slot: Slot) -> bool {
        slot == OTHERS || usize::from(slot) < self.slots.len()
    }

    /// Returns the callers of these firings, most frequent first. `own` has a bit for each slot that belongs to a
    /// target of the rule.
    pub(super) fn tally(&self, slots: impl Iterator<Item = Slot>, own: u16) -> Vec<CallerCount> {
        let mut counts = [0u32; NAMED + 1];
        slots.for_each(|slot| counts[usize::from(slot).min(NAMED)] += 1);
        let named = self.slots.iter().map(|(caller, _)| caller.clone());
        let others = Caller { principal: Cow::Borrowed("others"), issued_to: None };
        let mut tally: Vec<CallerCount> = named
            .zip(counts)
            .chain(Some((others, counts[NAMED])))
            .enumerate()
            .filter(|(_, (_, count))| *count > 0)
            .map(|(slot, (caller, count))| CallerCount { caller, count, is_own: own & 1 << slot != 0 })
            .collect();
        tally.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.caller.principal.cmp(&b.caller.principal)));
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(principal: &str) -> Caller<'_> {
        Caller { principal: principal.into(), issued_to: None }
    }

    #[test]
    fn counts_eight_by_name_and_the_rest_together() {
        let mut callers = Callers::default();
        let slots: Vec<Slot> =
            "abbcccdefghij".chars().map(|name| callers.count(&caller(&name.to_string()))).collect();
        let seen: Vec<String> = callers
            .tally(slots.iter().copied(), 0)
            .iter()
            .map(|one| format!("{} {}", one.caller.principal, one.count))
            .collect();
        assert_eq!(seen, ["c 3", "b 2", "others 2", "a 1", "d 1", "e 1", "f 1", "g 1", "h 1"]);
        callers.forget(slots[0]);
        assert_eq!(callers.count(&caller("new")), slots[0], "a free slot is taken again");
    }

    #[test]
    fn stored_callers_are_bounded() {
        let mut callers = Callers::default();
        callers.count(&caller(&"\u{1F600}\"\\".repeat(1_000)));
        assert!(serde_json::to_string(&callers).unwrap().len() < 200);
    }
}
