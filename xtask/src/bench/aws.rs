//! Landfall beside bare `terraform`, on AWS for tests: the same root modules from nothing, one side after the other.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{RENDER, quiet};
use crate::aws::prepare;
use crate::ground::{Unavailable, has_programs, sources};
use crate::measure::{Taken, measure, median};
use crate::workspace::{output, program, shown};

/// What Landfall may take for the layers, of what Terraform alone takes.
const BAR: f64 = 1.05;
/// The layers, and the layers that each gives its outputs to.
const LAYERS: [(&str, &str); 4] = [
    ("bootstrap", ""),
    ("foundation", "data application"),
    ("data", "application"),
    ("application", ""),
];
/// What a person does with a layer who has the rendered folder and no Landfall, as its README says.
const LAYER: [(&str, &str); 4] = [
    ("init", r#"terraform -chdir="$LAYER" init"#),
    ("plan", r#"terraform -chdir="$LAYER" plan -out=by-hand.tfplan"#),
    ("apply", r#"terraform -chdir="$LAYER" apply by-hand.tfplan"#),
    (
        "hand on",
        r#"for to in $TO; do terraform -chdir="$LAYER" output -json "for_$to" > "$to/$LAYER.auto.tfvars.json"; done"#,
    ),
];
/// And after the layers, by the commands in the README; `aws ecs wait` looks every 15 seconds.
const AFTER: [(&str, &str); 2] = [
    ("database", ". <(grep '^sh application/run-task.sh ' README.md)"),
    (
        "services",
        r#". <(grep '^aws ecs update-service .* --desired-count' README.md)
services=$(sed -n 's/^aws ecs update-service .* --service \([^ ]*\) --desired-count.*/\1/p' README.md)
aws ecs wait services-stable --cluster "$NAME" --services $services"#,
    ),
];
/// How long there is between two looks at what runs: no more than this is measured too much.
const PACE: Duration = Duration::from_millis(10);

struct Ground {
    landfall: PathBuf,
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

/// One side: an account, and a folder with answers, state and what is rendered.
struct Side {
    landfall: PathBuf,
    name: String,
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

/// What took how long, by the names of steps, and how much memory Landfall had.
#[derive(Debug, Clone, Default)]
struct Spans {
    whole: Duration,
    parts: Vec<(String, Duration)>,
    memory: u64,
}

/// Measures and prints tables; says so where no AWS can be.
pub fn compare(landfall: &Path, folder: &Path, times: usize) -> anyhow::Result<()> {
    let prepared = has_programs("bare terraform", &["terraform", "aws", "jq"]).and_then(|()| prepare());
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) if error.is::<Unavailable>() => {
            println!("not compared with terraform: {error}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let variables = prepared.variables.iter();
    let ground = Ground {
        landfall: landfall.to_owned(),
        folder: folder.join("aws"),
        variables: variables
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect(),
    };
    let compared = ground.compare(times);
    prepared.end()?;
    compared
}

impl Ground {
    fn compare(&self, times: usize) -> anyhow::Result<()> {
        let _ = fs::remove_dir_all(&self.folder);
        let trivial = measure(|| program("true"))?;
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for time in 0..times.max(1) {
            // What the first finds cold counts against Landfall.
            let is_ours_first = time % 2 == 0;
            for is_ours in [is_ours_first, !is_ours_first] {
                if is_ours {
                    let side = self.side("ours", time)?;
                    if time == 0 {
                        println!("{:<44} {:>9} {:>7} {:>10}   bar", "", "wall", "ratio", "memory");
                        let render = measure(|| side.landfall(&["render", "--out", "out"]))?;
                        super::row("render sample on AWS", render, trivial, Some(RENDER));
                    }
                    ours.push(side.there_and_back(Side::up, Side::destroy)?);
                } else {
                    let side = self.side("bare", time)?;
                    bare.push(side.there_and_back(Side::up_by_hand, Side::down_by_hand)?);
                }
            }
            table(&ours, &bare);
        }
        Ok(())
    }

    /// Makes an account that nobody has used, with what the sample's answers name in it.
    fn side(&self, kind: &str, time: usize) -> anyhow::Result<Side> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let mut side = Side {
            landfall: self.landfall.clone(),
            // Some things at the emulator share their names over accounts.
            name: format!("{kind}{:06}", now % 1_000_000),
            folder: self.folder.join(format!("{kind}-{time}")),
            variables: self.variables.clone(),
        };
        fs::create_dir_all(&side.folder)
            .with_context(|| format!("cannot create {}", side.folder.display()))?;
        // Tests have accounts that begin with the time.
        let account = ("AWS_ACCESS_KEY_ID".to_owned(), format!("9{now:011}"));
        side.variables.push(account);
        let mut sample = side.command("bash");
        sample
            .arg(sources("aws").join("sample.sh"))
            .arg(&side.folder)
            .env("INSTALLATION", &side.name)
            .env("LANDFALL", &self.landfall);
        quiet(&mut sample)?;
        let told = output(side.command("bash").args(["-c", ". ./env && env -0"]))?;
        let prefixes = ["LANDFALL_DATA=", "LANDFALL_CACHE=", "NOTES_", "TF_VAR_"];
        let told = told
            .split('\0')
            .filter(|it| prefixes.iter().any(|prefix| it.starts_with(prefix)));
        let pairs = told.filter_map(|it| it.split_once('='));
        side.variables
            .extend(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
        Ok(side)
    }
}

impl Side {
    fn command(&self, name: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = program(name);
        command
            .current_dir(&self.folder)
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .envs(self.variables.iter().cloned());
        command
    }

    fn landfall(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&self.landfall);
        command.args(arguments);
        command
    }

    /// Brings it up and takes it away, whatever came of it; says what the first took.
    fn there_and_back(
        &self,
        up: impl FnOnce(&Self) -> anyhow::Result<Spans>,
        down: impl FnOnce(&Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<Spans> {
        let taken = up(self);
        let gone = down(self);
        let taken = taken?;
        gone.map(|()| taken)
    }

    fn up(&self) -> anyhow::Result<Spans> {
        let taken = self.run(self.landfall(&["up", "--yes", "--events", "events.ndjson"]))?;
        let path = self.folder.join("events.ndjson");
        let events = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Spans {
            whole: taken.wall,
            parts: steps(&events),
            memory: taken.memory,
        })
    }

    fn destroy(&self) -> anyhow::Result<()> {
        let destroy = ["destroy", "--yes", "--data", "--confirm", &self.name];
        self.run(self.landfall(&destroy)).map(drop)
    }

    fn up_by_hand(&self) -> anyhow::Result<Spans> {
        quiet(&mut self.landfall(&["render", "--out", "out"]))?;
        let mut spans = Spans::default();
        let mut add = |name: String, script: &str, variables: [(&str, &str); 2]| {
            let mut bash = self.command("bash");
            bash.current_dir(self.folder.join("out/main"))
                .args(["-euo", "pipefail", "-c", script])
                .env("NAME", &self.name)
                .envs(variables);
            let wall = self.run(bash)?.wall;
            spans.whole += wall;
            spans.parts.push((name, wall));
            anyhow::Ok(())
        };
        for (layer, to) in LAYERS {
            for (name, script) in LAYER {
                add(format!("{layer}/{name}"), script, [("LAYER", layer), ("TO", to)])?;
            }
        }
        for (name, script) in AFTER {
            add(format!("{name}/"), script, [("LAYER", ""), ("TO", "")])?;
        }
        Ok(spans)
    }

    fn down_by_hand(&self) -> anyhow::Result<()> {
        let mut down = self.command("bash");
        down.arg(sources("aws").join("layers.sh"))
            .args(["out/main", "down"]);
        self.run(down).map(drop)
    }

    /// Runs a program to its end; what it says goes into a file. Says how long it took, and the most memory it had itself:
    /// what the kernel counts when it ends has that of Terraform and its providers in it.
    fn run(&self, mut command: Command) -> anyhow::Result<Taken> {
        let path = self.folder.join("said.log");
        let said = File::options().create(true).append(true).open(&path);
        let said = said.with_context(|| format!("cannot write {}", path.display()))?;
        command.stdout(said.try_clone()?).stderr(said);
        let start = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", shown(&command)))?;
        let mut memory = 0;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            memory = memory.max(resident(child.id()).unwrap_or_default());
            std::thread::sleep(PACE);
        };
        let wall = start.elapsed();
        let (shown, at) = (shown(&command), path.display());
        ensure!(status.success(), "{shown} failed: {status}; see the end of {at}");
        Ok(Taken { wall, memory })
    }
}

impl Spans {
    /// Adds up parts, by how their names begin or end.
    fn of(&self, is_meant: impl Fn(&str) -> bool) -> Duration {
        let meant = self.parts.iter().filter(|(name, _)| is_meant(name));
        meant.map(|(_, wall)| *wall).sum()
    }

    /// All but tasks and services: the layers, and what Landfall does between steps.
    fn layers(&self) -> Duration {
        let is_after = |name: &str| AFTER.iter().any(|(after, _)| is_below(name, after));
        self.whole.saturating_sub(self.of(is_after))
    }
}

/// Reads the most memory that a process had resident, in bytes.
fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// Reads how long every step took in the events of a run.
fn steps(events: &str) -> Vec<(String, Duration)> {
    let mut begun = (String::new(), 0.0);
    let mut steps = Vec::new();
    for line in events.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let record = &event["recorded"];
        let Some(at) = record["at"].as_str().and_then(seconds) else {
            continue;
        };
        let step = |kind: &str| record["kind"][kind]["step"].as_str();
        if let Some(step) = step("step-started") {
            begun = (step.to_owned(), at);
        } else if step("step-succeeded").is_some_and(|step| step == begun.0) {
            // It may be past midnight by now.
            let took = (at - begun.1).rem_euclid(24.0 * 3600.0);
            steps.push((begun.0.clone(), Duration::from_secs_f64(took)));
        }
    }
    steps
}

/// Reads the time of day, in seconds.
fn seconds(at: &str) -> Option<f64> {
    let (_, time) = at.strip_suffix('Z')?.split_once('T')?;
    time.split(':')
        .try_fold(0.0, |all, part| Some(all * 60.0 + part.parse::<f64>().ok()?))
}

fn is_below(name: &str, folder: &str) -> bool {
    name.split('/').next() == Some(folder)
}

/// Prints what each took, the medians of all times until now.
fn table(ours: &[Spans], bare: &[Spans]) {
    println!(
        "\n{:<44} {:>10} {:>10} {:>7}",
        "on AWS from nothing, terraform", "landfall", "alone", "ratio"
    );
    let both = |name: &str, took: &dyn Fn(&Spans) -> Duration, bar: Option<f64>| {
        let of = |side: &[Spans]| median(side.iter().map(took).collect());
        row(name, of(ours), of(bare), bar);
    };
    both("looks, plans, what is between steps", &between, None);
    for (layer, _) in LAYERS {
        let took = |spans: &Spans| spans.of(|name| is_below(name, layer));
        both(&format!("{layer} layer"), &took, None);
    }
    both("all of it: the layers", &Spans::layers, Some(BAR));
    for (name, title) in [
        ("database", "tasks: user and migration"),
        ("services", "services"),
    ] {
        let took = |spans: &Spans| spans.of(|it| is_below(it, name));
        both(title, &took, None);
    }
    both("everything", &|spans| spans.whole, None);
    for (name, _) in LAYER {
        let took = |spans: &Spans| spans.of(|it| it.ends_with(&format!("/{name}")));
        let alone = median(bare.iter().map(took).collect());
        row(&format!("alone, every {name}"), Duration::ZERO, alone, None);
    }
    let memory = ours.iter().map(|spans| spans.memory).max().unwrap_or_default();
    println!(
        "{:<44} {:>6.1} MiB",
        "most memory of landfall itself",
        super::mebibytes(memory)
    );
}

/// What no step took.
fn between(spans: &Spans) -> Duration {
    spans.whole.saturating_sub(spans.of(|_| true))
}

fn row(name: &str, ours: Duration, alone: Duration, bar: Option<f64>) {
    let [ours, alone] = [ours, alone].map(|it| it.as_secs_f64());
    let shown = |seconds: f64| match seconds > 0.0 {
        true => format!("{seconds:.2} s"),
        false => "-".to_owned(),
    };
    let ratio = ours / alone.max(f64::EPSILON);
    let ratio_shown = match ours > 0.0 && alone > 0.0 {
        true => format!("{ratio:.2}x"),
        false => String::new(),
    };
    let bar = bar.map_or(String::new(), |bar| {
        format!("{bar}x: {}", if ratio <= bar { "met" } else { "MISSED" })
    });
    let line = format!(
        "{name:<44} {:>10} {:>10} {ratio_shown:>7}   {bar}",
        shown(ours),
        shown(alone)
    );
    println!("{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_take_from_their_start_to_their_end_also_over_midnight() {
        let at = |at: &str, kind: &str, step: &str| {
            format!(r#"{{"recorded":{{"at":"{at}","kind":{{"{kind}":{{"step":"{step}"}}}}}}}}"#)
        };
        let events = [
            at("2026-03-04T23:59:59.5Z", "step-started", "data/apply"),
            r#"{"progress":{"step":"data/apply","kind":{"percent":50}}}"#.to_owned(),
            at("2026-03-05T00:01:00Z", "step-succeeded", "data/apply"),
            at("2026-03-05T00:01:00Z", "step-started", "services/roll"),
        ];
        let took = Duration::from_secs_f64(60.5);
        assert_eq!(steps(&events.join("\n")), [("data/apply".to_owned(), took)]);
    }
}
