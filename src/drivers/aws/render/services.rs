//! The services that AWS runs for a part.

use crate::deployment::{Deployment, Part, ResolvedService};
use crate::product::{ServiceKind, Supply};
use crate::render::RenderError;

/// A service with its name.
pub(super) type Named<'a> = (&'a str, &'a ResolvedService);

/// What AWS runs, one of each kind at most.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Managed<'a> {
    /// The PostgreSQL database.
    pub(super) database: Option<Named<'a>>,
    /// The cache.
    pub(super) cache: Option<Named<'a>>,
    /// The bucket.
    pub(super) objects: Option<Named<'a>>,
}

impl<'a> Managed<'a> {
    /// Finds what AWS is to run for a part.
    ///
    /// # Errors
    /// [`RenderError::Options`] for what AWS, or Landfall on AWS, does not run.
    pub(super) fn of(deployment: &'a Deployment, part: &Part) -> Result<Self, RenderError> {
        let mut managed = Self::default();
        let own = deployment
            .services
            .iter()
            .filter(|(_, service)| service.part.as_deref() == Some(&part.name));
        for (name, service) in own {
            let fail = |because: &str| RenderError::Options {
                part: part.name.clone(),
                message: format!(
                    "the service `{name}` {because}: give one of your own (`services.{name}.supply: yours`)"
                ),
            };
            if service.supply == Supply::Bundled {
                return Err(fail(
                    "cannot be run by Landfall on AWS, which keeps no data of a task",
                ));
            }
            let place = match service.kind {
                ServiceKind::Sql if service.is_postgresql() => &mut managed.database,
                ServiceKind::Sql => {
                    return Err(fail(
                        "is no PostgreSQL, the one database that AWS is asked to run",
                    ));
                }
                ServiceKind::Cache => &mut managed.cache,
                ServiceKind::Objects if service.text("driver") == "s3" => &mut managed.objects,
                _ => return Err(fail("is of a kind that AWS is not asked to run")),
            };
            if place.replace((name, service)).is_some() {
                return Err(fail("is the second of its kind, and AWS is asked to run one"));
            }
        }
        Ok(managed)
    }

    /// Says whether there is data that AWS Backup can save.
    pub(super) fn is_saved(&self) -> bool {
        self.database.is_some() || self.objects.is_some()
    }

    /// Says whether any of them holds data.
    pub(super) fn any(&self) -> bool {
        self.is_saved() || self.cache.is_some()
    }
}
