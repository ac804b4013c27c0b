//! API calls of CloudTrail records: the resource, and the fingerprint that distinguishes calls.

use super::envelope::{Arns, Detail, Identity};
use super::field::{Field, Nested};
use super::resource::{ParameterRole, ResourceBuilder, role_in_response};
use super::search::Search;
use crate::json::{Value, is_hidden};
use crate::model::{Call, CallOutcome, Fingerprint};

/// Maximum number of values read in a response. Larger responses may contain ids that are not known.
const MAX_LOOKS: u32 = 512;
/// Maximum depth of values read in a response.
const MAX_DEPTH: u32 = 12;

/// Prefixes of operations that create a resource, whose ids are in the response.
const CREATING: [&str; 5] = ["Create", "Run", "Copy", "Allocate", "Register"];

/// Returns true for calls that create a resource.
fn is_creating(operation: &str) -> bool {
    // Most operations begin with another letter.
    matches!(operation.as_bytes(), [b'A' | b'C' | b'R', ..])
        && CREATING.iter().any(|verb| operation.starts_with(verb))
}

impl<'a> Detail<'a> {
    /// Outcome of the call, by `errorCode`.
    pub(super) fn outcome(&self) -> CallOutcome {
        match &self.error_code {
            Field::Absent | Field::Other("null") => CallOutcome::Succeeded,
            Field::Text(code) => CallOutcome::of(code),
            _ => CallOutcome::Refused,
        }
    }

    /// Call that the record describes. `None` for other events of CloudTrail, which name none.
    pub(super) fn call(self: Box<Self>, caller: &Identity<'a>) -> Option<Call<'a>> {
        let outcome = self.outcome();
        let Self {
            event_source,
            event_name,
            error_code,
            request_parameters,
            response_elements,
            resources,
            ..
        } = *self;
        let (Field::Text(service), Field::Text(operation)) = (event_source, event_name) else { return None };
        let (mut found, parameters) = match request_parameters {
            Nested::Object(read) if read.fingerprint.is_some() => (read.found, read.fingerprint),
            _ => (ResourceBuilder::default(), None),
        };
        let mut wording = parameters.filter(|_| outcome != CallOutcome::Throttled);
        let is_creating = is_creating(&operation);
        if is_creating && parameters.is_some() {
            let created = created_ids(response_elements.0, &mut found).filter(|_| !found.is_empty());
            wording = wording.zip(created).map(|(wording, created)| match created {
                0 => wording,
                ids => with(wording, CREATED, &ids.to_le_bytes()),
            });
        }
        let mut resource = found.into_resource();
        if resource.is_none()
            && let Nested::Object(Arns(found)) = resources
        {
            resource = found.into_resource();
            // The parameters are equal for calls on different listed resources.
            let ids = resource.iter().flat_map(|resource| resource.ids.iter());
            wording = wording
                .map(|wording| ids.fold(wording, |wording, id| with(wording, LISTED, &id.to_le_bytes())));
        }
        // Account-wide settings are identified by the service. A created resource has an id of its own.
        if resource.is_none() && parameters.is_some() && !is_creating {
            let mut found = ResourceBuilder::default();
            found.add(service.clone());
            resource = found.into_resource();
        }
        if outcome == CallOutcome::Refused
            && let Field::Text(code) = error_code
        {
            wording = wording.map(|wording| with(wording, REFUSED, code.as_bytes()));
        }
        let wording = wording.filter(|_| resource.is_some());
        Some(Call {
            operation,
            role: caller.role.clone(),
            access_key: caller.access_key.clone(),
            invoked_by: caller.invoked_by.clone(),
            is_by_service: caller.is_service,
            resource,
            wording,
            outcome,
            service,
        })
    }
}

/// Delimiters of the parts of a fingerprint that are not parameters.
const CREATED: u8 = 4;
const LISTED: u8 = 5;
const REFUSED: u8 = 6;

/// Fingerprint with one more part. Out of line, because most calls have none.
#[inline(never)]
fn with(wording: u32, mark: u8, part: &[u8]) -> u32 {
    let mut fingerprint = Fingerprint::default();
    fingerprint.add(&wording.to_le_bytes());
    fingerprint.delimit(mark);
    fingerprint.add(part);
    fingerprint.finish()
}

/// Adds the ids in the response of a creating call to `found`. Returns their fingerprint, independent of their order,
/// and 0 without ids. `None` if the response may contain unknown ids: a part of it is concealed, or it is too large.
/// Out of line, because most calls create nothing.
#[inline(never)]
fn created_ids<'a>(response: Value<'a>, found: &mut ResourceBuilder<'a>) -> Option<u32> {
    if !response.is_object() {
        return Some(0);
    }
    if is_hidden(response.bytes()) {
        return None;
    }
    let mut sum = 0u32;
    let add = |role, value: Value<'a>| {
        let mut id = Fingerprint::default();
        value.add_to(&mut id);
        sum = sum.wrapping_add(id.finish());
        if let (ParameterRole::Identity, Value::Text(text)) = (role, value) {
            found.add(text.into());
        }
    };
    let mut search = Search { looks: MAX_LOOKS, depth: MAX_DEPTH, role: role_in_response, found: add };
    search.look(response, ParameterRole::Setting).then_some(sum)
}
