//! Developer tasks: `cargo xtask <task>`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a task talks to a developer and starts the developer's own tools; nothing of it is shipped"
)]

mod aws;
mod backup_memory;
mod bench;
mod cluster;
mod docs;
mod ground;
mod lint;
mod matrix;
mod measure;
mod options;
mod pack;
mod quickstart;
mod sample;
mod test;
mod workspace;

use std::process::ExitCode;

/// A task, by the word that starts it.
struct Task {
    name: &'static str,
    usage: &'static str,
    run: fn(&[String]) -> anyhow::Result<()>,
}

const TASKS: &[Task] = &[
    Task {
        name: "matrix",
        usage: matrix::USAGE,
        run: matrix::run,
    },
    Task {
        name: "quickstart",
        usage: quickstart::USAGE,
        run: quickstart::task,
    },
    Task {
        name: "test",
        usage: test::USAGE,
        run: test::task,
    },
    Task {
        name: "docs",
        usage: docs::USAGE,
        run: docs::task,
    },
    Task {
        name: "lint",
        usage: lint::USAGE,
        run: lint::task,
    },
    Task {
        name: "bench",
        usage: bench::USAGE,
        run: bench::task,
    },
    Task {
        name: "backup-memory",
        usage: backup_memory::USAGE,
        run: backup_memory::task,
    },
    Task {
        name: "cluster",
        usage: cluster::USAGE,
        run: cluster::task,
    },
    Task {
        name: "aws",
        usage: aws::USAGE,
        run: aws::task,
    },
    Task {
        name: "sample",
        usage: pack::USAGE,
        run: pack::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let named = arguments
        .first()
        .and_then(|name| TASKS.iter().find(|task| task.name == name));
    let Some(task) = named else {
        eprintln!("usage: cargo xtask <task>");
        for Task { name, usage, .. } in TASKS {
            eprintln!("  {name} {usage}");
        }
        return ExitCode::from(64);
    };
    match (task.run)(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<ground::Unavailable>() => {
            eprintln!("SKIPPED: {error}");
            ExitCode::from(69)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
