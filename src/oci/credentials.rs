//! Reads registry credentials from a Docker configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;

use super::error::OciError;

/// Holds what a credential helper answers: the `get` half of Docker's credential-helper protocol.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Credential {
    /// Names the user; `<token>` marks the secret as an identity token.
    pub username: String,
    /// Holds the password or token.
    pub secret: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Asks the program `docker-credential-<first argument>` for the credentials of the registry in the second.
///
/// `None` means that it has none. A closure, because only `tools` may start programs; it may block.
pub type CredentialHelper = Arc<
    dyn Fn(&str, &str) -> Result<Option<Credential>, Box<dyn std::error::Error + Send + Sync>> + Send + Sync,
>;

/// Finds the credentials for a registry.
#[derive(Clone, Default)]
pub struct Credentials {
    config: DockerConfig,
    helper: Option<CredentialHelper>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("registries", &self.config.auths.keys())
            .finish_non_exhaustive()
    }
}

/// Holds the part of `config.json` that is about credentials; other tools keep much else in that file.
#[derive(Clone, Default, Deserialize)]
struct DockerConfig {
    #[serde(default)]
    auths: BTreeMap<String, Login>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
struct Login {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(rename = "identitytoken")]
    identity_token: Option<String>,
    #[serde(rename = "registrytoken")]
    registry_token: Option<String>,
}

impl Credentials {
    /// Reads the text of a Docker `config.json` or a containers `auth.json`.
    ///
    /// Without a helper, `credHelpers` and `credsStore` are passed over.
    ///
    /// # Errors
    ///
    /// When the text is not such a file.
    pub fn from_docker_config(text: &str, helper: Option<CredentialHelper>) -> Result<Self, OciError> {
        let config = serde_json::from_str(text).map_err(|source| OciError::ParseCredentials { source })?;
        Ok(Self { config, helper })
    }

    /// Finds the credentials for a repository; the most special entry decides, and a registry's helper goes first.
    ///
    /// May block on the helper.
    pub(super) fn find(&self, registry: &str, repository: &str) -> Result<RegistryAuth, OciError> {
        let whole = format!("{registry}/{repository}");
        if let Some(auth) = self.ask(best(&self.config.helpers, &whole), registry)? {
            return Ok(auth);
        }
        let login = best(&self.config.auths, &whole);
        if let Some(auth) = login.map(|login| login.auth(registry)).transpose()?.flatten() {
            return Ok(auth);
        }
        let stored = self.ask(self.config.store.as_ref(), registry)?;
        Ok(stored.unwrap_or(RegistryAuth::Anonymous))
    }

    fn ask(&self, program: Option<&String>, registry: &str) -> Result<Option<RegistryAuth>, OciError> {
        let (Some(program), Some(helper)) = (program, &self.helper) else {
            return Ok(None);
        };
        let answer = helper(program, registry).map_err(|source| OciError::CredentialHelper {
            helper: program.clone(),
            registry: registry.to_owned(),
            source,
        })?;
        match answer {
            Some(Credential { username, .. }) if username == "<token>" => Err(OciError::IdentityToken {
                registry: registry.to_owned(),
            }),
            Some(Credential { username, secret }) => Ok(Some(RegistryAuth::Basic(username, secret))),
            None => Ok(None),
        }
    }
}

impl Login {
    /// Turns an entry into credentials; an empty one (which Docker leaves beside a `credsStore`) is none.
    fn auth(&self, registry: &str) -> Result<Option<RegistryAuth>, OciError> {
        let Self {
            auth,
            username,
            password,
            identity_token,
            registry_token,
        } = self;
        let filled = |value: &Option<String>| value.clone().filter(|v| !v.is_empty());
        if let Some(token) = filled(registry_token) {
            return Ok(Some(RegistryAuth::Bearer(token)));
        }
        if filled(identity_token).is_some() {
            return Err(OciError::IdentityToken {
                registry: registry.to_owned(),
            });
        }
        if let Some(encoded) = filled(auth) {
            let refused = || OciError::DecodeCredential {
                registry: registry.to_owned(),
            };
            let bytes = STANDARD.decode(encoded.trim()).map_err(|_| refused())?;
            let text = String::from_utf8(bytes).map_err(|_| refused())?;
            let (user, password) = text.split_once(':').ok_or_else(refused)?;
            // Docker pads the password with zero bytes.
            let password = password.trim_end_matches('\0');
            return Ok(Some(RegistryAuth::Basic(user.to_owned(), password.to_owned())));
        }
        Ok(filled(username)
            .zip(filled(password))
            .map(|(user, password)| RegistryAuth::Basic(user, password)))
    }
}

/// Finds the entry with the longest key that is the repository or lies above it.
fn best<'a, T>(entries: &'a BTreeMap<String, T>, whole: &str) -> Option<&'a T> {
    entries
        .iter()
        .filter_map(|(key, value)| {
            let key = normal(key);
            let rest = whole.strip_prefix(key)?;
            (rest.is_empty() || rest.starts_with('/')).then_some((key.len(), value))
        })
        .max_by_key(|(length, _)| *length)
        .map(|(_, value)| value)
}

/// Cuts off what older clients wrote around the host: a scheme, and the version of the API.
fn normal(key: &str) -> &str {
    let key = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1")
        .or_else(|| key.strip_suffix("/v2"))
        .unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> RegistryAuth {
        RegistryAuth::Basic(user.into(), password.into())
    }

    #[test]
    fn the_most_special_entry_is_taken_and_old_keys_are_understood() {
        let text = format!(
            r#"{{"auths": {{
                "https://old.example/v1/": {{"auth": "{}"}},
                "new.example/acme": {{"username": "a", "password": "b"}},
                "new.example": {{"registrytoken": "t"}},
                "empty.example": {{}}
            }}, "HttpHeaders": {{}}}}"#,
            STANDARD.encode("u:p:q")
        );
        let credentials = Credentials::from_docker_config(&text, None).unwrap();
        assert_eq!(credentials.find("old.example", "x").unwrap(), basic("u", "p:q"));
        assert_eq!(
            credentials.find("new.example", "acme/api").unwrap(),
            basic("a", "b")
        );
        assert_eq!(
            credentials.find("new.example", "acme2").unwrap(),
            RegistryAuth::Bearer("t".into())
        );
        assert_eq!(
            credentials.find("empty.example", "x").unwrap(),
            RegistryAuth::Anonymous
        );
        assert_eq!(
            credentials.find("none.example", "x").unwrap(),
            RegistryAuth::Anonymous
        );
    }

    #[test]
    fn helpers_are_asked_and_their_failure_is_told() {
        let text =
            r#"{"auths": {"b.example": {}}, "credHelpers": {"a.example": "cloud"}, "credsStore": "box"}"#;
        let helper: CredentialHelper = Arc::new(|program, registry| match (program, registry) {
            ("cloud", _) => Ok(Some(Credential {
                username: "c".into(),
                secret: "s".into(),
            })),
            (_, "b.example") => Ok(Some(Credential {
                username: "d".into(),
                secret: "s".into(),
            })),
            (_, "t.example") => Ok(Some(Credential {
                username: "<token>".into(),
                secret: "s".into(),
            })),
            (_, "f.example") => Err("exit status 1".into()),
            _ => Ok(None),
        });
        let credentials = Credentials::from_docker_config(text, Some(helper)).unwrap();
        assert_eq!(credentials.find("a.example", "x").unwrap(), basic("c", "s"));
        assert_eq!(credentials.find("b.example", "x").unwrap(), basic("d", "s"));
        assert_eq!(
            credentials.find("n.example", "x").unwrap(),
            RegistryAuth::Anonymous
        );
        assert!(matches!(
            credentials.find("t.example", "x"),
            Err(OciError::IdentityToken { .. })
        ));
        assert!(matches!(
            credentials.find("f.example", "x"),
            Err(OciError::CredentialHelper { .. })
        ));
    }

    #[test]
    fn damage_is_told_and_secrets_are_not() {
        assert!(matches!(
            Credentials::from_docker_config("{", None),
            Err(OciError::ParseCredentials { .. })
        ));
        let credentials =
            Credentials::from_docker_config(r#"{"auths": {"x.example": {"auth": "c2VjcmV0"}}}"#, None)
                .unwrap();
        let error = credentials.find("x.example", "y").unwrap_err();
        assert_eq!(
            error.to_string(),
            "credentials for `x.example` are not base64 of `user:password`"
        );
        assert!(!format!("{credentials:?}").contains("c2VjcmV0"));
    }
}
