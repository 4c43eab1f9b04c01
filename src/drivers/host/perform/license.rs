//! Handing the stored license to a component that runs.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Host, Tell};
use crate::drivers::host::HostError;
use crate::drivers::license::{HandError, client, hand};
use crate::plan::LicenseReload;
use crate::supervisor::UnitState;

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(250);

impl Host<'_> {
    /// Hands the stored license to a component until it has taken it.
    ///
    /// One that does not run reads it when it starts.
    pub(super) async fn hand_license(&self, reload: &LicenseReload, tell: Tell<'_>) -> Result<(), HostError> {
        let token = self.store.read(&reload.secret)?;
        let url = format!("http://127.0.0.1:{}{}", reload.port, reload.path);
        let client = client();
        let deadline = Instant::now() + Duration::from_secs(u64::from(reload.within));
        loop {
            let silent = match hand(&client, &reload.component, &url, &token).await {
                Ok(()) => return Ok(()),
                Err(silent @ HandError::Silent { .. }) => silent,
                Err(error) => return Err(error.into()),
            };
            if Instant::now() >= deadline {
                return self.left_silent(reload, silent, tell).await;
            }
            sleep(PAUSE).await;
        }
    }

    /// Hands back the license that is stored again; one that is refused by now, for it ended, leaves nothing to do.
    pub(super) async fn hand_back_license(&self, reload: &LicenseReload) -> Result<(), HostError> {
        match self.hand_license(reload, &mut |_| {}).await {
            Err(HostError::License(HandError::Refused { .. })) => Ok(()),
            handed => handed,
        }
    }

    /// Judges a component that has not answered: only one that runs can have an old license.
    async fn left_silent(
        &self,
        reload: &LicenseReload,
        silent: HandError,
        tell: Tell<'_>,
    ) -> Result<(), HostError> {
        let unit = self.layout.unit(&reload.component);
        let status = self.manager()?.status(&unit).await;
        if status.is_ok_and(|status| status.state == UnitState::Running) {
            return Err(silent.into());
        }
        tell(&format!(
            "{} does not run; it reads the license when it starts",
            reload.component
        ));
        Ok(())
    }
}
