//! What Landfall runs of itself: the supervisor and the reverse proxy.

use std::sync::Arc;

use camino::Utf8PathBuf;
use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::proxy::{ProxyConfig, ProxyEvent, serve};
use crate::supervisor;

/// Options of `supervise`.
#[derive(Debug, Args)]
pub struct SuperviseArgs {
    /// The supervisor's folder.
    pub folder: Utf8PathBuf,
}

/// Options of `proxy`.
#[derive(Debug, Args)]
pub struct ProxyArgs {
    /// The proxy's configuration.
    pub config: Utf8PathBuf,
}

/// Runs the supervisor until it is told to stop.
pub async fn supervise(args: &SuperviseArgs) -> Result {
    supervisor::run(supervisor::Options::daemon(args.folder.clone()))
        .await
        .map(|()| Exit::Done)
        .map_err(|error| CommandError::from_error(Exit::Failed, &error))
}

/// Runs the proxy until it is told to stop; SIGHUP reads the configuration again.
pub async fn proxy(context: &Context, args: &ProxyArgs) -> Result {
    use tokio::signal::unix::{SignalKind, signal};
    let fail = |error: &dyn std::error::Error| CommandError::from_error(Exit::Failed, error);
    let config = ProxyConfig::read(&args.config).map_err(|error| fail(&error))?;
    let (sender, receiver) = tokio::sync::watch::channel(config);
    let mut reload = signal(SignalKind::hangup()).map_err(|error| fail(&error))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| fail(&error))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| fail(&error))?;
    let (file, words) = (args.config.clone(), context.clone());
    tokio::spawn(async move {
        while reload.recv().await.is_some() {
            match ProxyConfig::read(&file) {
                Ok(config) => _ = sender.send(config),
                Err(error) => words.say(format!("kept the old configuration: {error}")),
            }
        }
    });
    let shutdown = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    let words = context.clone();
    let on_event = Arc::new(move |event: ProxyEvent<'_>| match event {
        ProxyEvent::Access(access) => words.data(&format!("{access}\n")),
        ProxyEvent::Reloaded => words.say("took the new configuration"),
        ProxyEvent::Refused(error) => words.say(format!("kept the old configuration: {error}")),
    });
    serve(receiver, on_event, shutdown)
        .await
        .map(|()| Exit::Done)
        .map_err(|error| fail(&error))
}
