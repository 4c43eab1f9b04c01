//! Notes, the sample product that Landfall deploys: one binary, one component per subcommand.

mod api;
mod cache;
mod clock;
mod crypto;
mod database;
mod error;
mod http;
mod license;
mod log;
mod migrate;
mod net;
mod objects;
mod oidc;
mod probe;
mod release;
mod settings;
mod stand_in;
mod trace;
mod web;
mod worker;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use crate::error::{Explain as _, Failure};
use crate::release::Release;
use crate::settings::Environment;

const USAGE: &str = "usage: notes api|web|worker|migrate|probe URL..|stand-in VARIABLE|version";

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    match run(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            log::error(&format!("`notes {command}` stopped: {failure}"), &[]);
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str) -> Result<(), Failure> {
    let release = Release::beside_binary()?;
    let environment = Environment::of_process();
    match command {
        "version" => say(&release.version),
        "api" | "web" | "worker" | "migrate" | "probe" | "stand-in" => {
            log::set_component(command);
            let runtime = tokio::runtime::Runtime::new().explain("cannot start the async runtime")?;
            let outcome = runtime.block_on(start(command, release, &environment));
            // What still hangs after the drain must not hold up the stop.
            runtime.shutdown_timeout(Duration::from_millis(500));
            outcome
        }
        _ => Err(Failure::new(USAGE)),
    }
}

async fn start(command: &str, release: Release, environment: &Environment) -> Result<(), Failure> {
    match command {
        "api" => api::run(release, environment).await,
        "web" => web::run(release, environment).await,
        "worker" => worker::run(release, environment).await,
        "probe" => {
            let urls: Vec<String> = std::env::args().skip(2).collect();
            let lines = probe::run(environment, &urls).await?;
            lines.iter().try_for_each(|line| say(line))
        }
        "stand-in" => {
            let variable = std::env::args().nth(2).ok_or_else(|| Failure::new(USAGE))?;
            stand_in::run(release, environment, &variable).await
        }
        _ => migrate::run(&release, environment).await,
    }
}

fn say(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}").explain("cannot write to stdout")
}
