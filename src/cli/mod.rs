//! The command line: the only folder that prints, prompts or exits.

pub mod args;
mod before;
mod commands;
mod context;
mod defaults;
mod edits;
mod error;
mod execute;
mod exit;
mod keys;
mod licenses;
pub mod progress;
mod saved;
mod session;

pub use context::Context;
pub use error::CommandError;
pub use exit::Exit;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use args::{Cli, Command};

/// Parses the command line and carries it out.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; anything else is a mistake on the command line.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { Exit::Done } else { Exit::Usage }.into();
        }
    };
    let context = Context::new(cli.global);
    let result = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(dispatch(&context, cli.command)),
        Err(error) => Err(CommandError::from_error(Exit::Failed, &error)),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            if context.json() {
                context.show(&error.json(), String::new);
            }
            context.say(error.text().trim_end());
            error.exit.into()
        }
    }
}

async fn dispatch(context: &Context, command: Command) -> error::Result {
    use commands::{
        backup, completions, cost, destroy, doctor, drift, init, internal, license, logs, permissions, plan,
        product, prune, recommend, release, render, restore, resume, rollback, runs, schema, status, up,
        upgrade,
    };
    match command {
        Command::Recommend(args) => recommend::run(context, &args),
        Command::Init(args) => init::run(context, args),
        Command::Render(args) => render::run(context, &args),
        Command::Plan(args) => plan::run(context, &args).await,
        Command::Doctor(args) => doctor::run(context, &args).await,
        Command::Cost(args) => cost::run(context, &args),
        Command::Permissions(args) => permissions::run(context, &args).await,
        Command::Up(args) => up::run(context, &args).await,
        Command::Resume(args) => resume::resume(context, &args).await,
        Command::Rollback(args) => rollback::run(context, &args).await,
        Command::Upgrade(args) => upgrade::run(context, &args).await,
        Command::Stop(args) => up::stop(context, &args).await,
        Command::Start(args) => up::start(context, &args).await,
        Command::Destroy(args) => destroy::run(context, &args).await,
        Command::Backup(args) => backup::run(context, args).await,
        Command::Restore(args) => restore::run(context, &args).await,
        Command::Status(args) => status::run(context, &args).await,
        Command::Drift(args) => drift::run(context, &args).await,
        Command::Logs(args) => logs::run(context, &args).await,
        Command::Runs(args) => runs::run(context, args).await,
        Command::Prune(args) => prune::run(context, &args).await,
        Command::License(args) => license::run(context, args).await,
        Command::Product(args) => product::run(context, args),
        Command::Release(args) => release::run(context, args).await,
        Command::Schema(args) => schema::run(context, &args),
        Command::Completions(args) => completions::run(context, &args),
        Command::Man => completions::man(context),
        Command::Supervise(args) => internal::supervise(&args).await,
        Command::Proxy(args) => internal::proxy(context, &args).await,
    }
}
