//! `landfall resume`, `landfall rollback`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::execute::{Way, lock, take_up};
use crate::cli::exit::Exit;
use crate::cli::session::Session;

/// Options of `resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The run, or the beginning of its id; the unfinished one unless given.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// Options of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The run, or the beginning of its id; the unfinished one unless given.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// Goes on with the unfinished run.
pub async fn resume(context: &Context, args: &ResumeArgs) -> Result {
    go(context, args.run.as_deref(), Way::Resume, "resume").await
}

/// Takes the unfinished run back.
pub async fn rollback(context: &Context, args: &RollbackArgs) -> Result {
    go(context, args.run.as_deref(), Way::Rollback, "rollback").await
}

async fn go(context: &Context, run: Option<&str>, way: Way, verb: &str) -> Result {
    let session = Session::open(context)?;
    let installation = session.installation()?;
    let lock = lock(&session, &installation, verb).await?;
    let id = match run {
        Some(prefix) => installation.find(prefix).await?,
        None => match installation.history().await?.unfinished {
            Some(id) => id,
            None => {
                lock.guard.release().await?;
                return Err(
                    CommandError::new(Exit::Input, format!("there is no unfinished run to {verb}"))
                        .hint("see `landfall runs list`"),
                );
            }
        },
    };
    context.say(format!("{verb} of run {id}"));
    take_up(&session, &installation, &id, way, lock).await
}
