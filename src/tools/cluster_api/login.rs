//! Who speaks to the cluster: the kubeconfig, read as `kubectl` reads it.

use std::collections::BTreeMap;

use kube_client::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube_client::{Client, Config};

use crate::tools::access::ClusterAccess;

/// Why nobody can be logged in.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoginError {
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig cannot be used")]
    Kubeconfig(#[from] KubeconfigError),
    /// The connection cannot be prepared.
    #[error("the connection cannot be prepared")]
    Client(#[from] Box<kube_client::Error>),
}

/// Prepares a connection; the first request opens it.
pub(super) async fn login(access: &ClusterAccess) -> Result<Client, LoginError> {
    let mut config = match kubeconfig(access)? {
        Some(kubeconfig) => from_kubeconfig(access, kubeconfig).await?,
        // Within a pod there is none; what it says of that is of no help to anybody else.
        None => match Config::incluster() {
            Ok(config) => config,
            Err(_) => return Err(KubeconfigError::CurrentContextNotSet.into()),
        },
    };
    // Waits of its own would hide from a reader why an answer takes so long; `request` has its own for what is busy.
    config.default_retry = false;
    Client::try_from(config).map_err(|error| Box::new(error).into())
}

async fn from_kubeconfig(
    access: &ClusterAccess,
    mut kubeconfig: Kubeconfig,
) -> Result<Config, KubeconfigError> {
    let hidden = hidden(&access.environment);
    let logins = kubeconfig
        .auth_infos
        .iter_mut()
        .filter_map(|named| named.auth_info.as_mut()?.exec.as_mut());
    for login in logins {
        // Its questions would come between the lines of a run that nobody may be watching.
        login.interactive_mode = Some(ExecInteractiveMode::Never);
        login.drop_env = Some(hidden.clone());
    }
    let options = KubeConfigOptions {
        context: access.context.clone(),
        ..KubeConfigOptions::default()
    };
    Config::from_custom_kubeconfig(kubeconfig, &options).await
}

/// Lists what is in this process's environment, and not for programs that help to log in.
fn hidden(shown: &BTreeMap<String, String>) -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| !shown.contains_key(name))
        .collect()
}

/// Reads the file that is named, those that `KUBECONFIG` names, or the one in the home folder.
fn kubeconfig(access: &ClusterAccess) -> Result<Option<Kubeconfig>, KubeconfigError> {
    if let Some(file) = &access.kubeconfig {
        return Kubeconfig::read_from(file).map(Some);
    }
    let named = access
        .environment
        .get("KUBECONFIG")
        .filter(|list| !list.is_empty());
    let Some(list) = named else {
        let home = access.environment.get("HOME").map(camino::Utf8PathBuf::from);
        let file = home
            .map(|home| home.join(".kube/config"))
            .filter(|file| file.is_file());
        return file.map(Kubeconfig::read_from).transpose();
    };
    // As with `kubectl`, a file of the list that is not there is left out, and the first that says something wins.
    let mut files = std::env::split_paths(list).filter(|path| path.is_file());
    let Some(first) = files.next() else {
        return Ok(None);
    };
    let first = Kubeconfig::read_from(first)?;
    files
        .try_fold(first, |merged, file| merged.merge(Kubeconfig::read_from(file)?))
        .map(Some)
}
