//! Role chaining: sessions followed by their access keys to the target that opened the first one.

use std::collections::HashMap;

use crate::model::{Call, Caller, Cause, Opened, Session, SessionKey, Timestamp};
use crate::sources::Opening;

/// `AssumeRole` calls observed, by the key of the session that they opened.
#[derive(Debug, Default)]
pub struct AssumeRoleCalls {
    by_key: HashMap<SessionKey, Known>,
}

#[derive(Debug)]
struct Known {
    arn: String,
    caller: Caller<'static>,
    call: Call<'static>,
    at: Timestamp,
}

/// Origin of a session, as far as its `AssumeRole` calls were observed.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// The maker of the call that opened the first session is known.
    Known(Opened),
    /// The call that opened a session of this role has not been found yet.
    Role(String),
    /// No call can be found: there is no role, or the chain is too long.
    Untold,
}

impl AssumeRoleCalls {
    /// Adds an `AssumeRole` call made at this time.
    pub fn add(&mut self, opening: Opening<'_>, at: Timestamp) {
        let Opening { session, caller, call } = opening;
        let known =
            Known { arn: session.arn.into_owned(), caller: caller.into_owned(), call: call.into_owned(), at };
        self.by_key.insert(session.key, known);
    }

    /// Adds the calls that another reader observed.
    pub fn append(&mut self, other: Self) {
        self.by_key.extend(other.by_key);
    }

    /// Origin of the session `key` of `role`. `cause` returns the maker of an `AssumeRole` call.
    pub fn origin(
        &self,
        key: SessionKey,
        role: &str,
        cause: impl Fn(&Caller<'_>, &Call<'_>) -> Cause,
    ) -> Origin {
        let Some(session) = self.by_key.get(&key) else { return Origin::Role(role.to_owned()) };
        let opened = |cause| {
            let until = Session::longest_until(session.at);
            Origin::Known(Opened { key, arn: session.arn.clone(), cause, until })
        };
        let mut opener = session;
        for _ in 0..Session::MAX_CHAIN {
            match cause(&opener.caller, &opener.call) {
                Cause::Unplaced => {}
                other => return opened(other),
            }
            let Some((key, role)) = opener.call.session().zip(opener.call.role.as_deref()) else {
                return opened(Cause::Unplaced);
            };
            match self.by_key.get(&key) {
                Some(known) => opener = known,
                None => return Origin::Role(role.to_owned()),
            }
        }
        Origin::Untold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ActorId, CallOutcome, Proof};

    /// `role:key` opens a session with the key that follows.
    fn openings(chain: &[(&str, &str)]) -> AssumeRoleCalls {
        let mut openings = AssumeRoleCalls::default();
        for (opener, key) in chain {
            let (role, opener_key) = opener.split_once(':').unwrap();
            let session = Session { key: SessionKey::of(key), arn: format!("session {key}").into() };
            let call = Call {
                service: "sts.amazonaws.com".into(),
                operation: "AssumeRole".into(),
                role: Some(role.to_owned().into()),
                access_key: Some(opener_key.to_owned().into()),
                invoked_by: None,
                is_by_service: false,
                resource: None,
                wording: None,
                outcome: CallOutcome::Succeeded,
            };
            let caller = Caller { principal: role.to_owned().into(), issued_to: None };
            openings.add(Opening { session, caller, call }, Timestamp::UNIX_EPOCH);
        }
        openings
    }

    fn cause(caller: &Caller<'_>, _: &Call<'_>) -> Cause {
        match &*caller.principal {
            "fixer" => Cause::Own { actor: ActorId(7), proof: Proof::Issued },
            "ann" => Cause::Foreign,
            _ => Cause::Unplaced,
        }
    }

    #[test]
    fn a_chain_is_followed_to_the_first_opener() {
        let check = |chain: &[(&str, &str)], expected: &str| {
            let seen = match openings(chain).origin(SessionKey::of("ASIA1"), "hub", cause) {
                Origin::Known(opened) => format!("{} {:?}", opened.arn, opened.cause),
                Origin::Role(role) => format!("ask who opened sessions of {role}"),
                Origin::Untold => "untold".to_owned(),
            };
            assert_eq!(seen, expected, "{chain:?}");
        };
        let own = "session ASIA1 Own { actor: ActorId(7), proof: Issued }";
        check(&[], "ask who opened sessions of hub");
        check(&[("fixer:ASIAF", "ASIA1")], own);
        check(&[("ann:AKIA", "ASIA1")], "session ASIA1 Foreign");
        check(&[("other:AKIA", "ASIA1")], "session ASIA1 Unplaced");
        check(&[("middle:ASIA2", "ASIA1")], "ask who opened sessions of middle");
        check(&[("middle:ASIA2", "ASIA1"), ("fixer:ASIAF", "ASIA2")], own);
        check(&[("a:ASIA2", "ASIA1"), ("b:ASIA3", "ASIA2"), ("fixer:ASIAF", "ASIA3")], own);
        let longer = [("a:ASIA2", "ASIA1"), ("b:ASIA3", "ASIA2"), ("c:ASIA4", "ASIA3")];
        check(&[&longer[..], &[("fixer:ASIAF", "ASIA4")]].concat(), "untold");
        check(&[("a:ASIA1", "ASIA1")], "untold");
    }
}
