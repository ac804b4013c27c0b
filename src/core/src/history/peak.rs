//! Busiest stretch of one length, and its comparison with the present rate.

use serde::{Deserialize, Serialize};

use crate::model::{Seconds, Timestamp, grouped};

/// Busiest stretch of a number of minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peak {
    /// Length in whole minutes, the resolution of CloudWatch. A limit's length is rounded up.
    pub minutes: u32,
    /// Number of firings; 0 if the rule never fired.
    pub firings: u64,
    /// First minute of the stretch that has a firing; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
}

impl Peak {
    /// Finds the busiest stretch. `counts` holds minutes since 1970 with their firings, ascending and without empty
    /// minutes.
    pub(super) fn of(counts: &[(i64, u64)], length: Seconds) -> Self {
        let minutes = whole_minutes(length);
        let mut peak = Self { minutes, firings: 0, from: None };
        let (mut start, mut sum) = (0, 0u64);
        for (minute, firings) in counts {
            sum = sum.saturating_add(*firings);
            while counts[start].0 <= minute - i64::from(minutes) {
                sum = sum.saturating_sub(counts[start].1);
                start += 1;
            }
            if sum > peak.firings {
                let from = Timestamp::from_second(counts[start].0 * 60).ok();
                peak = Self { minutes, firings: sum, from };
            }
        }
        peak
    }

    pub(super) fn is_for(self, length: Seconds) -> bool {
        self.minutes == whole_minutes(length)
    }

    /// Returns the comparison with `count` firings now, as an alert shows it.
    pub fn compared_with(self, count: u64) -> String {
        let Some(from) = self.from else {
            return "it had no firings in 14 days before the last hour".to_owned();
        };
        let stretch =
            if self.minutes == 1 { "minute".to_owned() } else { format!("{} minutes", self.minutes) };
        let firings = if self.firings == 1 { "firing" } else { "firings" };
        format!(
            "its busiest {stretch} in 14 days had {} {firings} ({}); this is {} times that",
            grouped(self.firings),
            from.strftime("%Y-%m-%dT%H:%MZ"),
            times(count, self.firings)
        )
    }
}

fn whole_minutes(length: Seconds) -> u32 {
    length.get().div_ceil(60)
}

/// Formats the ratio, with one decimal below ten.
fn times(count: u64, record: u64) -> String {
    let (count, record) = (u128::from(count), u128::from(record));
    let tenths = (count * 20 + record) / (record * 2);
    match tenths {
        0..100 => format!("{}.{}", tenths / 10, tenths % 10),
        _ => grouped(u64::try_from((tenths + 5) / 10).unwrap_or(u64::MAX)),
    }
}
