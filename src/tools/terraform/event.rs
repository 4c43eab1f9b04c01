//! What `terraform` tells while it works: one JSON object on each line.
//!
//! Source: <https://developer.hashicorp.com/terraform/internals/machine-readable-ui>, version 1.2 of the view.

use std::fmt;

use serde::Deserialize;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerraformEvent {
    /// A resource will be changed, as the plan has it.
    Planned(ResourceChange),
    /// A resource begins to be changed.
    Started(ResourceChange),
    /// A resource is still being changed.
    Working {
        /// The resource's address.
        address: String,
        /// Seconds since it began.
        seconds: u64,
    },
    /// A resource is changed.
    Finished {
        /// What was changed.
        change: ResourceChange,
        /// The name and value by which its provider knows it; none when it is gone.
        id: Option<(String, String)>,
        /// Seconds that it took.
        seconds: u64,
    },
    /// A resource could not be changed.
    Failed {
        /// What was to be changed.
        change: ResourceChange,
        /// Seconds that were spent on it.
        seconds: u64,
    },
    /// Something is wrong, or worth knowing.
    Diagnostic(Diagnostic),
    /// How much is planned, or was done.
    Summary(ChangeCount),
}

/// What is done with one resource.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ResourceChange {
    /// Its address, such as `module.network.aws_vpc.this[0]`.
    #[serde(rename = "resource", deserialize_with = "address")]
    pub address: String,
    /// `create`, `update`, `delete`, `replace`, `read`, `noop`, `move`, `import` or `remove`.
    #[serde(default)]
    pub action: String,
}

/// How many resources are changed in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ChangeCount {
    /// Made.
    pub add: u64,
    /// Changed in place.
    pub change: u64,
    /// Taken over from what is there.
    #[serde(default)]
    pub import: u64,
    /// Removed.
    pub remove: u64,
}

/// Something that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// What it is about, in a few words.
    pub summary: String,
    /// All that is known; often what the provider's API answered.
    #[serde(default)]
    pub detail: String,
    /// The resource's address, where it is about one.
    #[serde(default)]
    pub address: Option<String>,
}

/// Who holds the lock of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateLock {
    /// What releases it.
    pub id: String,
    /// The user and machine.
    pub who: String,
    /// Since when.
    pub created: String,
    /// What is being done.
    pub operation: String,
}

impl Diagnostic {
    /// Says whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == "error"
    }

    /// Returns the address of what was to be made, when it is that it is there already.
    ///
    /// There is no code for that; the words are those of AWS's APIs and of the provider.
    pub fn in_the_way(&self) -> Option<&str> {
        let words = [
            "AlreadyExist",
            "already exist",
            "AlreadyOwnedByYou",
            "AlreadyAssociated",
            "Duplicate",
            "ResourceExists",
            "not idempotent",
        ];
        let says = |word: &&str| self.summary.contains(*word) || self.detail.contains(*word);
        self.address.as_deref().filter(|_| words.iter().any(says))
    }

    /// Returns who holds the lock, when it is that somebody does.
    pub fn lock(&self) -> Option<StateLock> {
        if self.summary != "Error acquiring the state lock" {
            return None;
        }
        let field = |name: &str| {
            let line = self
                .detail
                .lines()
                .find_map(|line| line.trim().strip_prefix(name));
            line.map_or_else(String::new, |rest| rest.trim().to_owned())
        };
        let lock = StateLock {
            id: field("ID:"),
            who: field("Who:"),
            created: field("Created:"),
            operation: field("Operation:"),
        };
        (!lock.id.is_empty()).then_some(lock)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = &self.address {
            write!(f, "{address}: ")?;
        }
        f.write_str(&self.summary)?;
        // Providers repeat the summary as the detail's first words.
        let detail = self.detail.trim();
        let detail = detail.strip_prefix(&self.summary).unwrap_or(detail);
        match detail.trim_start_matches([':', ' ', '\n']) {
            "" => Ok(()),
            rest => write!(f, ": {rest}"),
        }
    }
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    change: Option<ResourceChange>,
    #[serde(default)]
    hook: Option<Hook>,
    #[serde(default)]
    diagnostic: Option<Diagnostic>,
    #[serde(default)]
    changes: Option<ChangeCount>,
}

#[derive(Deserialize)]
struct Hook {
    #[serde(flatten)]
    change: ResourceChange,
    #[serde(default)]
    id_key: Option<String>,
    #[serde(default)]
    id_value: Option<String>,
    #[serde(default)]
    elapsed_seconds: u64,
}

fn address<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    struct Resource {
        addr: String,
    }
    Resource::deserialize(deserializer).map(|resource| resource.addr)
}

impl TerraformEvent {
    /// Reads a line; none for what tells nothing of use, or is no event.
    pub fn read(line: &str) -> Option<Self> {
        let line: Line = serde_json::from_str(line).ok()?;
        Some(match (line.kind.as_str(), line.hook) {
            ("planned_change", _) => Self::Planned(line.change?),
            ("apply_start", Some(hook)) => Self::Started(hook.change),
            ("apply_progress", Some(hook)) => Self::Working {
                address: hook.change.address,
                seconds: hook.elapsed_seconds,
            },
            ("apply_complete", Some(hook)) => Self::Finished {
                change: hook.change,
                id: hook.id_key.zip(hook.id_value),
                seconds: hook.elapsed_seconds,
            },
            ("apply_errored", Some(hook)) => Self::Failed {
                change: hook.change,
                seconds: hook.elapsed_seconds,
            },
            ("diagnostic", _) => Self::Diagnostic(line.diagnostic?),
            ("change_summary", _) => Self::Summary(line.changes?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_use_is_read_and_the_rest_is_passed_over() {
        let done = r#"{"@level":"info","hook":{"resource":{"addr":"aws_kms_key.data","module":""},"action":"create",
            "id_key":"id","id_value":"1234","elapsed_seconds":12},"type":"apply_complete"}"#;
        assert_eq!(
            TerraformEvent::read(done),
            Some(TerraformEvent::Finished {
                change: ResourceChange {
                    address: "aws_kms_key.data".to_owned(),
                    action: "create".to_owned(),
                },
                id: Some(("id".to_owned(), "1234".to_owned())),
                seconds: 12,
            })
        );
        assert_eq!(
            TerraformEvent::read(r#"{"type":"version","terraform":"1.11.4"}"#),
            None
        );
        assert_eq!(TerraformEvent::read("Terraform v1.11.4"), None);
    }

    #[test]
    fn whoever_holds_the_lock_is_named() {
        let held = Diagnostic {
            severity: "error".to_owned(),
            summary: "Error acquiring the state lock".to_owned(),
            detail: "Error message: resource temporarily unavailable\nLock Info:\n  ID:        86f0\n  \
                     Path:      data.tfstate\n  Operation: OperationTypeApply\n  Who:       ann@host\n  \
                     Version:   1.11.4\n  Created:   2026-11-22 10:00:00 UTC\n  Info:      \n"
                .to_owned(),
            address: None,
        };
        let lock = held.lock().unwrap();
        assert_eq!((lock.id.as_str(), lock.who.as_str()), ("86f0", "ann@host"));
        assert_eq!(lock.created, "2026-11-22 10:00:00 UTC");
    }

    #[test]
    fn what_is_there_already_is_in_the_way() {
        let of = |summary: &str, address: Option<&str>| Diagnostic {
            severity: "error".to_owned(),
            summary: summary.to_owned(),
            detail: String::new(),
            address: address.map(str::to_owned),
        };
        let role = of(
            "creating IAM Role: EntityAlreadyExists: Role exists",
            Some("aws_iam_role.this"),
        );
        assert_eq!(role.in_the_way(), Some("aws_iam_role.this"));
        assert_eq!(of("AccessDenied", Some("aws_iam_role.this")).in_the_way(), None);
        assert_eq!(of("already exists", None).in_the_way(), None);
    }

    #[test]
    fn a_diagnostic_names_the_resource_and_says_nothing_twice() {
        let told = |detail: &str| {
            let diagnostic = Diagnostic {
                severity: "error".to_owned(),
                summary: "creating bucket: denied".to_owned(),
                detail: detail.to_owned(),
                address: Some("aws_s3_bucket.objects".to_owned()),
            };
            diagnostic.to_string()
        };
        assert_eq!(told(""), "aws_s3_bucket.objects: creating bucket: denied");
        assert_eq!(
            told("creating bucket: denied: 403"),
            "aws_s3_bucket.objects: creating bucket: denied: 403"
        );
    }
}
