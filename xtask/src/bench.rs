//! How long things take, beside trivial programs measured in the same minute.
//!
//! Nothing here fails because of a number: machines differ, and a test that depends on the clock tests the machine.

mod aws;
mod cluster;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use crate::measure::{Taken, measure};
use crate::options::Options;
use crate::sample::{NAME, Sample};
use crate::workspace::{build_landfall, output, program, root, run, shown, target_folder};

/// How the task is called.
pub const USAGE: &str = "[--only here|cluster|aws] [--program FILE] [--port N] [--times N]
           measure renders, help and an `up` without changes; `up` beside bare helm on a cluster, and beside bare
           terraform on AWS for tests, so many times";

/// What a process may take.
#[derive(Debug, Clone, Copy)]
struct Bar {
    wall: Duration,
    memory: u64,
}

const RENDER: Bar = Bar {
    wall: Duration::from_millis(50),
    memory: 40 << 20,
};
const HELP: Bar = Bar {
    wall: Duration::from_millis(20),
    memory: 40 << 20,
};

/// Measures and prints a table.
pub fn task(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::parse(arguments, &["only", "program", "port", "times"], USAGE)?;
    let landfall = match options.get("program") {
        Some(file) => std::path::absolute(file)?,
        None => build_landfall(true)?,
    };
    let folder = target_folder()?.join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let times = options.number("times")?.unwrap_or(1);
    match options.get("only") {
        None => {
            here(&landfall, &folder, options.number("port")?)?;
            cluster::compare(&landfall, &folder)?;
            aws::compare(&landfall, &folder, times)
        }
        Some("here") => here(&landfall, &folder, options.number("port")?),
        Some("cluster") => cluster::compare(&landfall, &folder),
        Some("aws") => aws::compare(&landfall, &folder, times),
        Some(other) => bail!("there is nothing to measure called `{other}`, usage: {USAGE}"),
    }
}

/// Measures what needs this machine alone.
fn here(landfall: &Path, folder: &Path, port: Option<u16>) -> anyhow::Result<()> {
    println!("{:<44} {:>9} {:>7} {:>10}   bar", "", "wall", "ratio", "memory");
    let trivial = measure(|| program("true"))?;
    row("true", trivial, trivial, None);
    if let Ok(git) = measure(|| {
        let mut git = program("git");
        git.arg("--version");
        git
    }) {
        row("git --version", git, trivial, None);
    }
    let help = measure(|| {
        let mut help = program(landfall);
        help.arg("--help");
        help
    })?;
    row("landfall --help", help, trivial, Some(HELP));
    renders(landfall, folder, trivial)?;
    no_change(landfall.to_owned(), folder, port, trivial)
}

/// Measures `landfall render` on every example that this version can render.
fn renders(landfall: &Path, folder: &Path, trivial: Taken) -> anyhow::Result<()> {
    let data = folder.join("data");
    releases(landfall, folder, &data)?;
    let mut examples: Vec<PathBuf> = fs::read_dir(root().join("examples"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .collect();
    examples.sort();
    let mut left_out = Vec::new();
    for example in examples {
        let name = example
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let command = || {
            let mut render = program(landfall);
            render
                .current_dir(folder)
                .env("LANDFALL_DATA", &data)
                .arg("--file")
                .arg(&example)
                .args(["render", "--out"])
                .arg(folder.join("out").join(&name));
            render
        };
        let works = command()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !works {
            left_out.push(name);
            continue;
        }
        row(
            &format!("render {name}"),
            measure(command)?,
            trivial,
            Some(RENDER),
        );
    }
    if !left_out.is_empty() {
        println!("not rendered by this version: {}", left_out.join(", "));
    }
    Ok(())
}

/// Makes a release of every product: the products' own images are not public, so the sample's stand in for them.
fn releases(landfall: &Path, folder: &Path, data: &Path) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Definition {
        components: BTreeMap<String, serde_yaml::Value>,
    }
    let packer = std::env::current_exe().context("cannot tell where this program lies")?;
    let layout = output(program(packer).args(["sample", "--release", "1.0.0"]))?;
    let _ = fs::remove_dir_all(data);
    for entry in fs::read_dir(root().join("products"))?.flatten() {
        let Ok(text) = fs::read_to_string(entry.path().join("product.yaml")) else {
            continue;
        };
        let definition: Definition =
            serde_yaml::from_str(&text).with_context(|| format!("cannot read {}", entry.path().display()))?;
        let mut add = program(landfall);
        add.current_dir(folder)
            .env("LANDFALL_DATA", data)
            .args(["release", "add"])
            .arg(entry.file_name())
            .args(["1.0.0", "--from", layout.trim()]);
        for component in definition.components.keys() {
            add.arg("--image").arg(format!("{component}=sample-api:1.0.0"));
        }
        run(add.stdout(Stdio::null()).stderr(Stdio::null()))?;
    }
    Ok(())
}

/// Measures an `up` that finds everything as it should be.
fn no_change(landfall: PathBuf, folder: &Path, port: Option<u16>, trivial: Taken) -> anyhow::Result<()> {
    let sample = Sample::prepare(landfall, folder.join("sample"), port)?;
    quiet(sample.landfall().args(["up", "--yes"]))?;
    let taken = measure(|| {
        let mut up = sample.landfall();
        up.args(["up", "--yes"]);
        up
    });
    let destroy = quiet(
        sample
            .landfall()
            .args(["destroy", "--yes", "--data", "--confirm", NAME]),
    );
    row("up, nothing to do", taken?, trivial, None);
    destroy
}

/// Runs a program that says something only when it fails.
fn quiet(command: &mut Command) -> anyhow::Result<()> {
    let ended = command
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let words = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{} failed: {words}", shown(command));
    Ok(())
}

fn row(name: &str, taken: Taken, trivial: Taken, bar: Option<Bar>) {
    let bar = bar.map_or(String::new(), |bar| {
        let is_met = taken.wall <= bar.wall && taken.memory <= bar.memory;
        format!(
            "{:.0} ms, {} MiB: {}",
            millis(bar.wall),
            bar.memory >> 20,
            if is_met { "met" } else { "MISSED" }
        )
    });
    let line = format!(
        "{name:<44} {:>6.1} ms {:>6.1}x {:>6.1} MiB   {bar}",
        millis(taken.wall),
        taken.wall.as_secs_f64() / trivial.wall.as_secs_f64().max(f64::EPSILON),
        mebibytes(taken.memory),
    );
    println!("{}", line.trim_end());
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[expect(
    clippy::cast_precision_loss,
    reason = "it is shown with one digit after the point"
)]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
