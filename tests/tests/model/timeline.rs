//! A timeline: the firings of one rule in the terms of the evidence, with the expected verdict.

use serde::{Deserialize, Serialize};

/// Firings of one rule, with the answer time of its targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    pub name: String,
    /// `honest` or `loop`.
    pub kind: String,
    /// `left alone`, `a suspect at most`, `a suspect at least`, `cut` or `anything`.
    pub expect: String,
    /// Answer time in seconds.
    pub answer_time: i64,
    pub firings: Vec<Firing>,
}

/// One firing; in JSON an array of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing(
    /// Time in seconds.
    pub i64,
    pub Maker,
    /// Text that is equal for equal calls; `None` if calls cannot be compared.
    pub Option<String>,
    /// Resources of the call; empty if unknown.
    pub Vec<String>,
    /// True for a call that failed.
    pub bool,
);

/// The maker of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Maker {
    Own,
    Foreign,
    Service,
    Sibling,
    UnplacedSession,
}

/// A verdict with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Cut after this number of firings, with the reason.
    Cut(usize, String),
    Suspect(String),
    LeftAlone(String),
}

impl Verdict {
    pub fn is_cut(&self) -> bool {
        matches!(self, Self::Cut(..))
    }

    pub fn is_suspect(&self) -> bool {
        matches!(self, Self::Suspect(_))
    }

    /// Returns true if this is the expected verdict. Every verdict is `anything`.
    pub fn is_as(&self, expect: &str) -> bool {
        match expect {
            "left alone" => matches!(self, Self::LeftAlone(_)),
            "a suspect at most" => !self.is_cut(),
            "a suspect at least" => !matches!(self, Self::LeftAlone(_)),
            "cut" => self.is_cut(),
            _ => true,
        }
    }
}

impl Timeline {
    pub fn new(kind: &str, expect: &str, answer_time: i64) -> Self {
        let [name, kind, expect] = ["", kind, expect].map(str::to_owned);
        Self { name, kind, expect, answer_time, firings: Vec::new() }
    }

    /// Adds a firing. Event times have whole seconds.
    pub fn add(&mut self, at: f64, maker: Maker, words: &str, on: &str) {
        self.firings.push(Firing(at as i64, maker, Some(words.to_owned()), vec![on.to_owned()], false));
    }

    /// Adds an own call that failed.
    pub fn add_refused(&mut self, at: f64, words: Option<&str>, on: &str) {
        self.firings.push(Firing(at as i64, Maker::Own, words.map(str::to_owned), vec![on.to_owned()], true));
    }

    /// Sorts the firings by time. Firings of one second keep their order.
    pub fn sorted(mut self) -> Self {
        self.firings.sort_by_key(|firing| firing.0);
        self
    }
}
