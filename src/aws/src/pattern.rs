//! Change of a rule's pattern, which only the command line makes.

use budget_guard_core::model::{Fault, FaultKind, Restoration, RuleArn, same_json};
use budget_guard_core::ports::Rules;

use super::EventBridgeRules;
use super::fault::fault;

impl EventBridgeRules {
    /// Gives a rule the pattern `to`, if it has the pattern `from` now. Returns the rule before and after it. A rule that
    /// has the pattern `to` already is left alone: an earlier call, whose reply was lost, changed it.
    ///
    /// `PutRule` deletes every property that it is not given, and enables a rule without a given state. So it gets all
    /// properties of the rule as it is at this moment. It keeps targets and tags. Source: "PutRule" (Amazon EventBridge
    /// API reference).
    ///
    /// # Errors
    ///
    /// Returns an error of kind `Conflict` without a code if the rule has another pattern.
    pub async fn change_pattern(&self, rule: &RuleArn, from: &str, to: &str) -> Result<Restoration, Fault> {
        let before = self.inspect(rule).await?;
        let now = before.event_pattern.as_deref();
        if now != Some(to) && !same_json(now, Some(from)) {
            let message = "the rule's event pattern was changed by someone else meanwhile";
            return Err(Fault::new(FaultKind::Conflict, message));
        }
        if now != Some(to) {
            let call = self
                .client()
                .put_rule()
                .event_bus_name(rule.bus())
                .name(rule.name())
                .event_pattern(to)
                .set_schedule_expression(before.schedule_expression.clone())
                .set_description(before.description.clone())
                .set_role_arn(before.role_arn.clone())
                .state(before.state.as_str().into());
            call.send().await.map_err(|error| fault("PutRule", &error))?;
        }
        let after = self.inspect(rule).await?;
        Ok(Restoration { before, after })
    }
}
