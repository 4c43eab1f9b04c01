//! The server's settings.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::cluster::Cluster;
use super::error::PostgresError;

/// The file that holds our settings.
const FILE: &str = "landfall.conf";

/// The file that says who may connect.
const ACCESS_FILE: &str = "landfall_hba.conf";

/// Says where a server listens and what it may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The port, which also names the socket.
    pub port: u16,
    /// The folder of the Unix socket; its path may have at most about 90 characters.
    pub socket_folder: Utf8PathBuf,
    /// The addresses to listen at, such as `127.0.0.1`; none means the socket only.
    pub listen: Vec<String>,
    /// The networks beyond this machine that may connect with a password, such as `10.0.0.0/8`.
    pub networks: Vec<String>,
    /// Certificate and key, both readable by the server's account.
    pub tls: Option<(Utf8PathBuf, Utf8PathBuf)>,
    /// Further settings by their names.
    pub further: BTreeMap<String, String>,
}

impl Settings {
    /// Returns settings for a server that only this machine reaches.
    #[must_use]
    pub fn local(port: u16, socket_folder: Utf8PathBuf) -> Self {
        Self {
            port,
            socket_folder,
            listen: vec!["127.0.0.1".to_owned()],
            networks: Vec::new(),
            tls: None,
            further: BTreeMap::new(),
        }
    }

    fn lines(&self, access_file: &str) -> Result<String, PostgresError> {
        let Self {
            port,
            socket_folder,
            listen,
            networks: _,
            tls,
            further,
        } = self;
        let mut settings = BTreeMap::from([
            ("port", port.to_string()),
            ("unix_socket_directories", socket_folder.to_string()),
            ("listen_addresses", listen.join(",")),
            ("hba_file", access_file.to_owned()),
            ("password_encryption", "scram-sha-256".to_owned()),
            // Whoever keeps the unit up writes the log.
            ("logging_collector", "off".to_owned()),
            ("log_destination", "stderr".to_owned()),
        ]);
        if let Some((certificate, key)) = tls {
            settings.insert("ssl", "on".to_owned());
            settings.insert("ssl_cert_file", certificate.to_string());
            settings.insert("ssl_key_file", key.to_string());
        }
        settings.extend(further.iter().map(|(name, value)| (name.as_str(), value.clone())));
        let mut text = "# Written by landfall; changes are lost.\n".to_owned();
        for (name, value) in settings {
            let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            if name.is_empty() || !name.chars().all(good) || value.contains(['\n', '\r', '\0']) {
                return Err(PostgresError::InvalidSetting {
                    name: name.to_owned(),
                });
            }
            let value = value.replace('\\', "\\\\").replace('\'', "''");
            text.push_str(&format!("{name} = '{value}'\n"));
        }
        Ok(text)
    }

    fn access(&self) -> Result<String, PostgresError> {
        let mut text = "# Written by landfall; changes are lost.\n\
                        local all all scram-sha-256\n\
                        local replication all scram-sha-256\n\
                        host all all 127.0.0.1/32 scram-sha-256\n\
                        host all all ::1/128 scram-sha-256\n"
            .to_owned();
        let kind = if self.tls.is_some() { "hostssl" } else { "host" };
        for network in &self.networks {
            if network.is_empty()
                || !network
                    .chars()
                    .all(|c| c.is_ascii_hexdigit() || ".:/".contains(c))
            {
                return Err(PostgresError::InvalidSetting {
                    name: "networks".to_owned(),
                });
            }
            text.push_str(&format!("{kind} all all {network} scram-sha-256\n"));
        }
        Ok(text)
    }
}

impl Cluster {
    /// Writes the settings into files of their own beside the server's, and returns whether anything changed.
    ///
    /// A changed port or address needs a restart of the server.
    pub fn settings(&self, settings: &Settings) -> Result<bool, PostgresError> {
        let access_file = self.data.join(ACCESS_FILE);
        self.make_folder(&settings.socket_folder)?;
        let mut changed = self.write_if_changed(&access_file, &settings.access()?)?;
        changed |= self.write_if_changed(&self.data.join(FILE), &settings.lines(access_file.as_str())?)?;
        let main = self.data.join("postgresql.conf");
        let text = fs_err::read_to_string(&main).map_err(PostgresError::file("read", &main))?;
        let include = format!("include = '{FILE}'");
        if text.lines().any(|line| line.trim() == include) {
            return Ok(changed);
        }
        // Last, because the last word on a setting counts.
        self.write_own(&main, &format!("{}\n{include}\n", text.trim_end()), 0o600)?;
        Ok(true)
    }

    fn write_if_changed(&self, path: &camino::Utf8Path, text: &str) -> Result<bool, PostgresError> {
        if fs_err::read_to_string(path).is_ok_and(|before| before == text) {
            return Ok(false);
        }
        self.write_own(path, text, 0o600)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_and_names_checked() {
        let mut settings = Settings::local(5433, "/run/it's".into());
        let lines = settings.lines("/data/hba").unwrap();
        assert!(
            lines.contains("unix_socket_directories = '/run/it''s'\n"),
            "{lines}"
        );
        settings
            .further
            .insert("work_mem".to_owned(), "8MB\nssl = off".to_owned());
        assert!(settings.lines("/data/hba").is_err());
        settings.networks = vec!["10.0.0.0/8 trust".to_owned()];
        assert!(settings.access().is_err());
    }
}
