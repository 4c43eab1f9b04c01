//! How much of everything a size is.

use super::super::place::{DatabaseKind, Options, Size};
use super::hcl::Hcl;

/// The memory in bytes for which PostgreSQL takes one connection at AWS.
const BYTES_A_CONNECTION: u64 = 9_531_392;
/// How many connections it takes at most.
const MOST_CONNECTIONS: u64 = 5_000;
/// The same where Aurora may shrink below an ACU.
const MOST_OF_A_SMALL_START: u64 = 2_000;

/// What a size is, at each of AWS's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizing {
    /// Aurora's capacity in ACUs of 2 GiB each: thousandths of them to begin with, and at most.
    pub(super) capacity: (u32, u64),
    /// RDS's class, and its memory in GiB.
    pub(super) instance: (&'static str, u64),
    /// RDS's storage in GiB, to begin with and at most.
    pub(super) storage: (u64, u64),
    /// ElastiCache's node.
    pub(super) node: &'static str,
    /// How many instances stand in for one another.
    pub(super) instances: u64,
}

impl Sizing {
    pub(super) fn of(options: &Options) -> Self {
        let instances = if options.multi_az { 2 } else { 1 };
        let (capacity, instance, storage, node) = match options.size {
            Size::Small => ((500, 2), ("db.t4g.small", 2), (20, 100), "cache.t4g.micro"),
            Size::Standard => ((500, 8), ("db.t4g.medium", 4), (50, 500), "cache.t4g.small"),
            Size::Large => ((2000, 32), ("db.r7g.large", 16), (200, 2000), "cache.r7g.large"),
        };
        Self {
            capacity,
            instance,
            storage,
            node,
            instances,
        }
    }

    /// What the data layer's `database` says.
    pub(super) fn database(&self, options: &Options, name: &str) -> Hcl {
        let first = [
            ("name".to_owned(), Hcl::text(name)),
            ("engine_version".to_owned(), Hcl::text(&options.database_version)),
        ];
        let rest = match options.database_kind {
            DatabaseKind::Aurora => vec![
                ("instances".to_owned(), Hcl::Integer(self.instances)),
                (
                    "capacity".to_owned(),
                    Hcl::object([
                        ("min", Hcl::Decimal(f64::from(self.capacity.0) / 1000.0)),
                        ("max", Hcl::Integer(self.capacity.1)),
                    ]),
                ),
            ],
            DatabaseKind::Postgres => vec![
                ("instance_class".to_owned(), Hcl::text(self.instance.0)),
                ("multi_az".to_owned(), Hcl::Bool(options.multi_az)),
                (
                    "storage".to_owned(),
                    Hcl::object([
                        ("initial_gib", Hcl::Integer(self.storage.0)),
                        ("max_gib", Hcl::Integer(self.storage.1)),
                    ]),
                ),
            ],
        };
        Hcl::Object(first.into_iter().chain(rest).collect())
    }

    /// What the data layer's `cache` says.
    pub(super) fn cache(&self, options: &Options) -> Hcl {
        Hcl::object([
            ("engine", Hcl::text(options.cache_engine.name())),
            ("engine_version", Hcl::text(&options.cache_version)),
            ("node_type", Hcl::text(self.node)),
            ("nodes", Hcl::Integer(self.instances)),
            // It is a backplane and a queue as often as a cache, and nobody knows which from outside.
            ("eviction", Hcl::text("noeviction")),
        ])
    }

    /// How many connections the database takes, by AWS's own formula.
    pub(super) fn connections(&self, options: &Options) -> u64 {
        let (gibibytes, most) = match options.database_kind {
            DatabaseKind::Aurora if self.capacity.0 < 1000 => (self.capacity.1 * 2, MOST_OF_A_SMALL_START),
            DatabaseKind::Aurora => (self.capacity.1 * 2, MOST_CONNECTIONS),
            DatabaseKind::Postgres => (self.instance.1, MOST_CONNECTIONS),
        };
        ((gibibytes << 30) / BYTES_A_CONNECTION).min(most)
    }
}
