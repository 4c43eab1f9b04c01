//! `landfall resume`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::execute::{Way, lock, take_up};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::run::Direction;

/// Options of `resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The run, or the beginning of its id; the unfinished one unless given.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Go forwards again after a failure of which nothing was taken back yet.
    #[arg(long)]
    pub forward: bool,
}

/// Goes on with the unfinished run.
pub async fn resume(context: &Context, args: &ResumeArgs) -> Result {
    let session = Session::open(context)?;
    let installation = session.installation()?;
    let lock = lock(&session, &installation, "resume").await?;
    let id = match &args.run {
        Some(prefix) => installation.find(prefix).await?,
        None => match installation.history().await?.unfinished {
            Some(id) => id,
            None => {
                lock.guard.release().await?;
                return Err(
                    CommandError::new(Exit::Input, "there is no unfinished run to resume")
                        .hint("see `landfall runs list`"),
                );
            }
        },
    };
    let direction = if args.forward {
        Direction::Again
    } else {
        Direction::On
    };
    context.say(format!("resume of run {id}"));
    take_up(&session, &installation, &id, Way::TakeUp(direction), lock).await
}
