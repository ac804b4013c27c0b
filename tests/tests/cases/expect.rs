//! Expected verdicts in the words of `case.json`, and the comparison with an outcome.

use std::fmt;
use std::str::FromStr;

use super::play::Outcome;

/// Expected verdict on a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Cut,
    /// A cut or a suspect.
    CutOrAsked,
    /// Alerts are allowed.
    NotCut,
    /// A suspect or advice alert, and no cut.
    Suspect,
    /// A suspect alert or a cut.
    SuspectThenCut,
}

impl FromStr for Expected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.trim().to_lowercase();
        if words.starts_with("not cut") {
            return Ok(Self::NotCut);
        }
        if words.starts_with("cut") {
            return Ok(if words.contains("asked") || words.contains("suspect") {
                Self::CutOrAsked
            } else {
                Self::Cut
            });
        }
        if words.starts_with("a suspect") || words.starts_with("suspect") {
            let may_be_cut = words.contains("cut if") || words.contains("or cut");
            return Ok(if may_be_cut { Self::SuspectThenCut } else { Self::Suspect });
        }
        Err(format!("{text:?} is no verdict; expected one that begins with cut, not cut or a suspect"))
    }
}

impl Expected {
    pub fn is_met(self, seen: &Outcome) -> bool {
        match self {
            Self::Cut => seen.cut.is_some(),
            Self::CutOrAsked | Self::SuspectThenCut => seen.cut.is_some() || seen.is_suspect(),
            Self::NotCut => seen.cut.is_none(),
            Self::Suspect => seen.cut.is_none() && seen.is_suspect(),
        }
    }

    /// Returns true if the events end with the cut.
    pub fn ends_with_a_cut(self) -> bool {
        matches!(self, Self::Cut | Self::CutOrAsked | Self::SuspectThenCut)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cut => "cut",
            Self::CutOrAsked => "cut or suspect",
            Self::NotCut => "not cut",
            Self::Suspect => "suspect",
            Self::SuspectThenCut => "suspect or cut",
        })
    }
}
