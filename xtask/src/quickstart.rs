//! Brings the sample product up on this machine, from nothing but a checkout.

use std::path::Path;

use crate::options::Options;
use crate::sample::{NAME, Sample};
use crate::workspace::{build_landfall, run, target_folder};

/// How the task is called.
pub const USAGE: &str = "[--dir DIR] [--port N]   bring the sample product up on this machine";

/// Builds, packs, writes the answers, brings up, and says how to go on.
pub fn task(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::parse(arguments, &["dir", "port"], USAGE)?;
    let folder = match options.get("dir") {
        Some(folder) => std::path::absolute(folder)?,
        None => target_folder()?.join("quickstart"),
    };
    let port = options.number("port")?;
    // The development profile: the release profile takes several times as long to build.
    let landfall = build_landfall(false)?;
    let sample = Sample::prepare(landfall, folder.clone(), port)?;
    run(sample.landfall().args(["up", "--yes"]))?;
    run(sample.landfall().arg("status"))?;
    println!("{}", farewell(&sample.typed(), &sample.url()?, &folder));
    Ok(())
}

fn farewell(landfall: &str, url: &str, folder: &Path) -> String {
    let folder = crate::workspace::typed(folder);
    format!(
        "
Notes is up: {url}
  look     {landfall} status
  stop     {landfall} stop
  start    {landfall} start
  remove   {landfall} destroy --data --confirm {NAME}
Everything lies in {folder}. After `remove` that folder may be deleted."
    )
}
