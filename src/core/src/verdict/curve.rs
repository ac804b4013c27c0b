//! Rate curve: firings in equal slices of time, as numbers and as a sparkline.

use serde::{Deserialize, Serialize};

use crate::model::Seconds;

/// Maximum number of slices, which is the width of an alert's line.
const SLICES: i64 = 20;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Number of firings in equal slices of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curve {
    /// Length of a slice, at least one second.
    pub slice_seconds: Seconds,
    /// Number of firings per slice, oldest first.
    pub counts: Vec<u32>,
}

impl Curve {
    /// Creates the curve of these event times, in seconds since 1970 and ascending. Returns `None` without any.
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

    /// Draws one bar per slice, the highest for the greatest count. Only an empty slice has no bar.
    pub fn sparkline(&self) -> String {
        let most = u64::from(self.most().max(1));
        let top = BARS.len() as u64 - 1;
        let bar = |count: &u32| (u64::from(*count) * top).div_ceil(most);
        self.counts.iter().map(|count| BARS[usize::try_from(bar(count)).unwrap_or(0)]).collect()
    }

    /// Greatest number of firings in one slice.
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
