//! Budgets that cover a rule: those whose overspending tightens its limits.

use std::{fmt, str::FromStr};

use crate::model::Excerpt;

/// Budgets that cover a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BudgetScope {
    /// All budgets of the account. The default without a tag.
    EveryBudget,
    /// Budgets with these names.
    Named(Vec<String>),
}

impl BudgetScope {
    /// Returns true if the budget with this name covers the rule.
    pub fn includes(&self, budget: &str) -> bool {
        match self {
            Self::EveryBudget => true,
            Self::Named(names) => names.iter().any(|name| name == budget),
        }
    }
}

/// Error for text that names no budget.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} names no budget; expected names of AWS budgets with commas between them")]
pub struct ParseBudgetScopeError(Excerpt);

impl FromStr for BudgetScope {
    type Err = ParseBudgetScopeError;

    /// Parses names separated by commas or colons. Names of budgets have no colons, and tags cannot have commas.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = text.split([',', ':']).map(str::trim).filter(|name| !name.is_empty());
        let names: Vec<String> = names.map(str::to_owned).collect();
        if names.is_empty() { Err(ParseBudgetScopeError(Excerpt::new(text))) } else { Ok(Self::Named(names)) }
    }
}

impl fmt::Display for BudgetScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryBudget => f.write_str("every budget"),
            Self::Named(names) => f.write_str(&names.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_stand() {
        let check = |text: &str, expected: &[&str]| {
            let BudgetScope::Named(names) = text.parse().unwrap() else { panic!("{text}") };
            assert_eq!(names, expected, "{text}");
        };
        check("blue", &["blue"]);
        check("My Zero-Spend Budget", &["My Zero-Spend Budget"]);
        check(" blue,red/2 ,, green ", &["blue", "red/2", "green"]);
        check("blue:red", &["blue", "red"]);
        assert!("".parse::<BudgetScope>().is_err());
        assert!(
            BudgetScope::EveryBudget.includes("any")
                && !"blue".parse::<BudgetScope>().unwrap().includes("Blue")
        );
    }
}
