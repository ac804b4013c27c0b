//! The rate curve: firings in equal slices of time, as numbers and as a sparkline.

use serde::{Deserialize, Serialize};

use crate::model::Seconds;

/// As wide as a line of an alert has room for.
const SLICES: i64 = 20;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How many firings fell into each slice, oldest first. A slice has at least one second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curve {
    pub slice_seconds: Seconds,
    pub counts: Vec<u32>,
}

impl Curve {
    /// The curve through these event times, in seconds since 1970 and ascending.
    pub fn new(times: &[i64]) -> Option<Self> {
        let (first, last) = (*times.first()?, *times.last()?);
        let slice = ((last - first) / SLICES + 1).max(1);
        let mut counts = vec![0; usize::try_from((last - first) / slice).ok()? + 1];
        for at in times {
            let index = usize::try_from((at - first) / slice).ok()?;
            if let Some(count) = counts.get_mut(index) {
                *count += 1;
            }
        }
        Some(Self { slice_seconds: Seconds::new(u32::try_from(slice).ok()?), counts })
    }

    /// One bar for each slice, the highest for the most firings. Only an empty slice has no bar.
    pub fn sparkline(&self) -> String {
        let most = u64::from(self.most().max(1));
        let top = BARS.len() as u64 - 1;
        let bar = |count: &u32| (u64::from(*count) * top).div_ceil(most);
        self.counts.iter().map(|count| BARS[usize::try_from(bar(count)).unwrap_or(0)]).collect()
    }

    pub fn most(&self) -> u32 {
        self.counts.iter().copied().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_the_rate() {
        let check = |times: &[i64], slice, expected: &str| {
            let curve = Curve::new(times).unwrap();
            assert_eq!((curve.slice_seconds, curve.sparkline().as_str()), (Seconds::new(slice), expected));
            assert_eq!(curve.counts.iter().sum::<u32>() as usize, times.len());
        };
        check(&[7], 1, "█");
        check(&[0, 1, 1, 3], 1, "▄█ ▄");
        check(&[0, 60, 120, 180], 10, "█     █     █     █");
        let growing: Vec<i64> = (0..8).flat_map(|second| (0..=second).map(move |_| second)).collect();
        check(&growing, 1, "▁▂▃▄▅▆▇█");
        assert_eq!(Curve::new(&[]), None);
    }
}
