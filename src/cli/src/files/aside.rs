//! Content that is left out by its nature: each kind is counted, and named once with the next step.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use budget_guard_core::model::{plural, printable};

use crate::output;

/// Kind of content that is no record of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aside {
    /// Record of CloudTrail Insights.
    Insight,
    /// Record that sums up several calls.
    Aggregated,
    /// Digest file.
    Digest,
    /// File of AWS Config.
    Config,
    /// Notification that S3 has a new object.
    Notification,
    /// Row with columns of Athena's or Lake's own text form.
    Structure,
    /// Event of EventBridge that is no call.
    Event,
    /// Message with which a subscription of CloudWatch Logs is tested.
    Control,
    /// Table whose columns do not hold the whole event.
    Table,
    /// Folder of digest files.
    DigestFolder,
    /// Folder of AWS Config.
    ConfigFolder,
    /// Folder of another service's logs.
    ServiceFolder,
    /// File of a folder that begins like no log.
    OtherFile,
    /// File of a folder that is no template.
    OtherTemplate,
    /// Link to a file or folder that is not there.
    DanglingLink,
}

/// Number and first place of each kind of content that was left out.
#[derive(Debug, Default)]
pub(crate) struct LeftOut(BTreeMap<Aside, (u64, PathBuf)>);

impl Aside {
    /// Returns true if nothing is missing without it.
    fn is_harmless(self) -> bool {
        !matches!(self, Self::Notification | Self::Structure | Self::Table | Self::DanglingLink)
    }

    /// Word for one of them.
    fn unit(self) -> &'static str {
        match self {
            Self::DigestFolder | Self::ConfigFolder | Self::ServiceFolder => "folder",
            Self::OtherFile | Self::OtherTemplate => "file",
            Self::Table => "table",
            Self::DanglingLink => "link",
            _ => "value",
        }
    }

    /// Name, reason and next step.
    fn sentence(self) -> &'static str {
        match self {
            Self::Insight => "Insight records, which report unusual activity and are no calls",
            Self::Aggregated => "aggregated events, which sum up calls and are none",
            Self::Digest | Self::DigestFolder => "digest files, which hold hashes and no calls",
            Self::Config | Self::ConfigFolder => "files of AWS Config, which hold resources and no calls",
            Self::Notification => {
                "notifications of S3, which only name a log file; fetch it: aws s3 cp s3://BUCKET/KEY ."
            }
            Self::Structure => {
                "rows with userIdentity in the form {key=value}; select it as JSON: CAST(useridentity AS JSON)"
            }
            Self::Event => "events of EventBridge that are no API calls",
            Self::Control => "control messages of a subscription, which hold no calls",
            Self::Table => {
                "a table has no column with the event, and the console's event history as CSV has none; download it as \
                 JSON, or use: aws cloudtrail lookup-events"
            }
            Self::ServiceFolder => "logs of other services, which hold no calls",
            Self::OtherFile => {
                "files that are neither JSON, CSV nor packed; name one to read it all the same"
            }
            Self::OtherTemplate => "files that name no rule and no role; name one to read it all the same",
            Self::DanglingLink => "links to nothing; restore what they point to, or remove them",
        }
    }
}

impl LeftOut {
    /// Counts one, and keeps the first place by name.
    pub(crate) fn add(&mut self, what: Aside, at: &Path) {
        self.add_all(what, 1, at.to_owned());
    }

    /// Adds those of another reader.
    pub(crate) fn append(&mut self, other: Self) {
        other.0.into_iter().for_each(|(what, (count, at))| self.add_all(what, count, at));
    }

    fn add_all(&mut self, what: Aside, count: u64, at: PathBuf) {
        let known = self.0.entry(what).or_insert_with(|| (0, at.clone()));
        *known = (known.0 + count, at.min(std::mem::take(&mut known.1)));
    }

    /// Returns true if nothing was left out.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns true if nothing is missing without what was left out.
    pub(crate) fn is_harmless(&self) -> bool {
        self.0.keys().all(|what| what.is_harmless())
    }

    /// Prints one line for each kind.
    pub(crate) fn report(&self) {
        for (what, (count, at)) in &self.0 {
            let (count, at) = (plural(*count, what.unit()), printable(&at.display().to_string()));
            let line = format!("left out {count} from {at} on: {}", what.sentence());
            if what.is_harmless() {
                output::note(line);
            } else {
                output::warning(line);
            }
        }
    }
}
