//! What is set from outside: names, ports, the network.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};

/// The longest name of a network interface, less what comes before ours.
const LONGEST_NAME: usize = 15 - "landfall-".len();

/// Which of the two emulators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emulator {
    /// The one whose tasks, databases and caches are containers.
    Containers,
    /// The quick one, which only answers.
    Moto,
}

impl fmt::Display for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Containers => "ministack with containers",
            Self::Moto => "moto",
        })
    }
}

/// Where a ground lies and answers.
#[derive(Debug)]
pub struct Settings {
    pub name: String,
    /// Where its state lies, when it is not in the cache.
    pub folder: Option<PathBuf>,
    port: u16,
    moto_port: u16,
    registry_port: u16,
    /// The first three numbers of the containers' network.
    network: String,
}

impl Settings {
    /// Reads them; what is wrong is refused before anything is started with it.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let name = variable("LANDFALL_AWS_NAME").unwrap_or_else(|| "aws".to_owned());
        ensure!(
            name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "LANDFALL_AWS_NAME takes up to {LONGEST_NAME} letters and digits, not `{name}`"
        );
        let network = variable("LANDFALL_AWS_NET").unwrap_or_else(|| "172.30.0".to_owned());
        let numbers: Vec<Option<u8>> = network.split('.').map(|number| number.parse().ok()).collect();
        ensure!(
            numbers.len() == 3 && numbers.iter().all(Option::is_some),
            "LANDFALL_AWS_NET takes the first three numbers of a network, not `{network}`"
        );
        let port = |name: &str, default: u16| match variable(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .with_context(|| format!("{name} takes a port, not `{text}`")),
        };
        Ok(Self {
            name,
            folder: variable("LANDFALL_AWS_DIR")
                .map(std::path::absolute)
                .transpose()?,
            port: port("LANDFALL_AWS_PORT", 4567)?,
            moto_port: port("LANDFALL_AWS_MOTO_PORT", 4568)?,
            registry_port: port("LANDFALL_AWS_REG_PORT", 5010)?,
            network,
        })
    }

    /// Returns where an emulator answers. The one with containers is on their network, so that they reach it too.
    pub fn endpoint(&self, emulator: Emulator) -> String {
        match emulator {
            Emulator::Containers => format!("http://{}.1:{}", self.network, self.port),
            Emulator::Moto => format!("http://127.0.0.1:{}", self.moto_port),
        }
    }

    /// Returns the page that an emulator shows when it is up.
    pub fn health(&self, emulator: Emulator) -> String {
        let path = match emulator {
            Emulator::Containers => "_ministack/health",
            Emulator::Moto => "moto-api/",
        };
        format!("{}/{path}", self.endpoint(emulator))
    }

    /// Returns the address of the registry that tasks' images come from.
    pub fn registry(&self) -> String {
        format!("127.0.0.1:{}", self.registry_port)
    }

    /// Lists what the scripts are told.
    pub fn for_scripts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LANDFALL_AWS_NAME", self.name.clone()),
            ("LANDFALL_AWS_PORT", self.port.to_string()),
            ("LANDFALL_AWS_MOTO_PORT", self.moto_port.to_string()),
            ("LANDFALL_AWS_REG_PORT", self.registry_port.to_string()),
            ("LANDFALL_AWS_NET", self.network.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> anyhow::Result<Settings> {
        Settings::read(|name| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn containers_and_this_machine_reach_the_emulator_at_one_address() {
        let settings = read(&[("LANDFALL_AWS_NET", "172.31.7"), ("LANDFALL_AWS_PORT", "4600")]).unwrap();
        assert_eq!(settings.endpoint(Emulator::Containers), "http://172.31.7.1:4600");
        assert_eq!(settings.endpoint(Emulator::Moto), "http://127.0.0.1:4568");
    }

    #[test]
    fn scripts_are_told_what_was_read() {
        let set = [
            ("LANDFALL_AWS_NAME", "two"),
            ("LANDFALL_AWS_PORT", "1"),
            ("LANDFALL_AWS_MOTO_PORT", "2"),
            ("LANDFALL_AWS_REG_PORT", "3"),
            ("LANDFALL_AWS_NET", "10.9.8"),
        ];
        let told = read(&set).unwrap().for_scripts();
        let told: Vec<(&str, &str)> = told.iter().map(|(key, value)| (*key, value.as_str())).collect();
        assert_eq!(told, set);
    }

    #[test]
    fn what_would_fail_later_is_refused() {
        for wrong in [
            ("LANDFALL_AWS_NAME", "longer-than-an-interface"),
            ("LANDFALL_AWS_NAME", "../up"),
            ("LANDFALL_AWS_NET", "172.30.0.0/24"),
            ("LANDFALL_AWS_NET", "172.300.0"),
            ("LANDFALL_AWS_PORT", "70000"),
        ] {
            let error = read(&[wrong]).unwrap_err().to_string();
            assert!(error.contains(wrong.0) && error.contains(wrong.1), "{error}");
        }
    }
}
