//! Random timelines, each determined by its maker and a number.

use super::honest;
use super::loops;
use super::timeline::Timeline;

/// Maximum time from a call until its event reaches a target, in seconds.
const DELIVERY: i64 = 60;

/// Function that makes one random timeline.
pub type Maker = fn(&mut Random) -> Timeline;

/// All makers, with their names.
pub const MAKERS: &[(&str, Maker)] = &[
    ("honest/answers", honest::answers),
    ("honest/answers-and-a-clock", honest::answers_and_a_clock),
    ("honest/clock", honest::clock),
    ("honest/bulk", honest::bulk),
    ("honest/fan-out", honest::fan_out),
    ("honest/retries", honest::retries),
    ("honest/moving", honest::moving),
    ("honest/others", honest::others),
    ("honest/settling", honest::settling),
    ("honest/lossy", honest::lossy),
    ("honest/by-itself", honest::by_itself),
    ("loop/plain", loops::plain),
    ("loop/changing", loops::changing),
    ("loop/ring", loops::ring),
    ("loop/refused", loops::refused),
    ("loop/growing", loops::growing),
    ("loop/in-traffic", loops::in_traffic),
    ("loop/through-others", loops::through_others),
    ("loop/unproved", loops::unproved),
    ("loop/two-at-once", loops::two_at_once),
    ("loop/baited", loops::baited),
];

/// World number `number` of a maker. The same number gives the same world.
pub fn world(index: usize, number: u64) -> Timeline {
    let (name, make) = MAKERS[index];
    let mut random = Random(fastrand::Rng::with_seed((index as u64) << 32 | number));
    Timeline { name: format!("{name} {number}"), ..make(&mut random) }
}

/// Source of random numbers.
pub struct Random(fastrand::Rng);

impl Random {
    /// One of the values, with equal probabilities.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.0.usize(..from.len())]
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.0.usize(..count)
    }

    pub fn between(&mut self, least: f64, most: f64) -> f64 {
        least + self.0.f64() * (most - least)
    }

    pub fn chance(&mut self, share: f64) -> bool {
        self.0.f64() < share
    }

    /// A random interval of a Poisson process with this average.
    pub fn gap(&mut self, average: f64) -> f64 {
        -average * (1.0 - self.0.f64()).ln()
    }
}

/// Answer time of a function with this time limit, in seconds.
pub fn answer_time(limit: i32) -> i64 {
    DELIVERY + i64::from(limit)
}

/// Average interval of rare foreign firings in seconds; `None` for no foreign firings.
pub fn few(random: &mut Random) -> Option<f64> {
    random.pick(&[None, Some(1_800.0), Some(7_200.0)])
}
