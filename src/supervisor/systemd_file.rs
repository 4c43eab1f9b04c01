//! A unit as a systemd service.

use std::fmt::Write;

use super::spec::{Limits, Restart, Stop, UnitSpec};

/// Writes a unit as the text of a `.service` file.
///
/// It behaves as under our own supervisor: output goes to the journal unless the unit names a file, `mixed` asks the
/// main process only, and restarts never give up.
pub(super) fn service(spec: &UnitSpec) -> String {
    let UnitSpec {
        name,
        exec,
        environment,
        environment_files,
        user,
        working_directory,
        after,
        restart,
        stop: Stop {
            signal,
            grace_seconds,
        },
        one_shot,
        log,
        limits: Limits { open_files },
    } = spec;
    let after: String = after.iter().map(|name| format!(" {name}.service")).collect();
    let command = exec
        .iter()
        .map(|word| quote(&word.replace('$', "$$")))
        .collect::<Vec<_>>()
        .join(" ");
    let mut lines = vec![
        "[Unit]".to_owned(),
        format!("Description={name}"),
        "Wants=network-online.target".to_owned(),
        format!("After=network-online.target{after}"),
        "StartLimitIntervalSec=0".to_owned(),
        String::new(),
        "[Service]".to_owned(),
        format!("Type={}", if *one_shot { "oneshot" } else { "exec" }),
        format!("ExecStart={command}"),
    ];
    lines.extend(
        environment
            .iter()
            .map(|(key, value)| format!("Environment={}", quote(&format!("{key}={value}")))),
    );
    lines.extend(
        environment_files
            .iter()
            .map(|path| format!("EnvironmentFile={}", specifiers(path.as_str()))),
    );
    lines.extend(user.iter().map(|user| format!("User={user}")));
    let directory = working_directory.as_ref().map_or("/", |path| path.as_str());
    lines.push(format!("WorkingDirectory={}", specifiers(directory)));
    if !one_shot {
        lines.extend(restart_lines(restart));
    }
    lines.push(format!("KillSignal={}", signal.name()));
    lines.push("KillMode=mixed".to_owned());
    lines.push(format!("TimeoutStopSec={grace_seconds}"));
    lines.extend(open_files.iter().map(|count| format!("LimitNOFILE={count}")));
    if let Some(path) = log {
        lines.push(format!("StandardOutput=append:{}", specifiers(path.as_str())));
        lines.push("StandardError=inherit".to_owned());
    }
    lines.extend(["", "[Install]", "WantedBy=multi-user.target"].map(String::from));
    lines.iter().fold(String::new(), |mut text, line| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{line}");
        text
    })
}

/// Pauses grow only since systemd 254; older ones ignore the two lines and keep the first pause.
fn restart_lines(restart: &Restart) -> [String; 4] {
    [
        "Restart=always".to_owned(),
        format!("RestartSec={}ms", restart.initial_ms),
        "RestartSteps=7".to_owned(),
        format!("RestartMaxDelaySec={}", restart.max_s),
    ]
}

fn specifiers(text: &str) -> String {
    text.replace('%', "%%")
}

/// Quotes a word as `systemd.syntax(7)` wants it.
fn quote(word: &str) -> String {
    let escaped = specifiers(word)
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,$".contains(c);
    if !escaped.is_empty() && escaped.chars().all(plain) {
        escaped
    } else {
        format!("\"{escaped}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_becomes_a_service() {
        let mut spec = UnitSpec::new(
            "api",
            ["/opt/api", "--title", "50% \"off\" $HOME"]
                .map(String::from)
                .to_vec(),
        );
        spec.after = vec!["database".to_owned()];
        spec.user = Some("svc".to_owned());
        spec.environment
            .insert("GREETING".to_owned(), "hello world".to_owned());
        spec.environment_files = vec!["/etc/api.env".into()];
        spec.limits.open_files = Some(4096);
        insta::assert_snapshot!(service(&spec), @r#"
        [Unit]
        Description=api
        Wants=network-online.target
        After=network-online.target database.service
        StartLimitIntervalSec=0

        [Service]
        Type=exec
        ExecStart=/opt/api --title "50%% \"off\" $$HOME"
        Environment="GREETING=hello world"
        EnvironmentFile=/etc/api.env
        User=svc
        WorkingDirectory=/
        Restart=always
        RestartSec=250ms
        RestartSteps=7
        RestartMaxDelaySec=30
        KillSignal=SIGTERM
        KillMode=mixed
        TimeoutStopSec=30
        LimitNOFILE=4096

        [Install]
        WantedBy=multi-user.target
        "#);
    }
}
