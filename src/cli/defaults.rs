//! Defaults that a new release changes: listed, and decided before anything is planned.

use clap::Args;

use super::error::{CommandError, Result};
use super::exit::Exit;
use super::session::{Session, installed_deployment};
use crate::deployment::{Answers, ChangedDefault, changed_defaults, outline, with_answers};
use crate::journal::History;

/// Decisions about defaults that change.
#[derive(Debug, Clone, Default, Args)]
pub struct DefaultArgs {
    /// Take the new defaults of what you never answered.
    #[arg(long, conflicts_with = "keep_defaults")]
    pub accept_defaults: bool,
    /// Keep the old defaults of what you never answered: they are written into the answers file.
    #[arg(long)]
    pub keep_defaults: bool,
}

/// Lists what changes, and refuses to go on without a decision where `wanted`.
///
/// # Errors
/// When nobody has decided, or the old values cannot be written into the answers file.
pub fn settle(session: &mut Session, history: &History, args: &DefaultArgs, wanted: bool) -> Result<()> {
    let Some(installed) = installed_deployment(history)? else {
        return Ok(());
    };
    let entry = session.product()?;
    let changed = changed_defaults(&installed, entry.product(), &session.answers.content);
    if changed.is_empty() {
        return Ok(());
    }
    for one in &changed {
        session.context.say(format!(
            "default of {} changes: {} → {}",
            one.key,
            shown(&one.old),
            shown(&one.new)
        ));
    }
    if args.keep_defaults {
        return keep(session, &changed);
    }
    if args.accept_defaults || !wanted {
        return Ok(());
    }
    if !session.context.interactive {
        return Err(
            CommandError::new(Exit::Input, "defaults change, and nobody has decided about them")
                .hint("take the new ones with --accept-defaults, or keep the old ones with --keep-defaults"),
        );
    }
    let asked = dialoguer::Confirm::new()
        .with_prompt("Take the new defaults? No keeps the old ones")
        .interact();
    match asked {
        Ok(true) => Ok(()),
        Ok(false) => keep(session, &changed),
        Err(_) => Err(CommandError::new(
            Exit::Failed,
            "interrupted; nothing was changed",
        )),
    }
}

fn shown(value: &serde_json::Value) -> String {
    match value.as_str() {
        Some("") => "nothing".to_owned(),
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

/// Answers what was never answered with what is installed.
fn keep(session: &mut Session, changed: &[ChangedDefault]) -> Result<()> {
    let file = session.context.global.file.clone();
    let failed = |error: std::io::Error| CommandError::from_error(Exit::Failed, &error);
    let text = fs_err::read_to_string(&file).map_err(failed)?;
    let pairs: Vec<_> = changed
        .iter()
        .map(|one| (one.key.clone(), one.old.clone()))
        .collect();
    let by_hand = || {
        let error = CommandError::new(
            Exit::Input,
            format!("could not write the old defaults into {file}"),
        );
        changed.iter().fold(error, |error, one| {
            error.hint(format!("answer `{}` with {} yourself", one.key, one.old))
        })
    };
    let text = with_answers(&text, &pairs).ok_or_else(by_hand)?;
    let answers = Answers::read(file.as_str(), text.as_bytes()).map_err(|_| by_hand())?;
    let entry = session.product()?;
    let taken = pairs
        .iter()
        .all(|(key, value)| answers.content.get(key).as_ref() == Some(value));
    if !taken || !outline(entry.product(), &answers.content).complaints.is_empty() {
        return Err(by_hand());
    }
    let half = format!("{file}.landfall-new");
    fs_err::write(&half, text)
        .and_then(|()| fs_err::set_permissions(&half, fs_err::metadata(&file)?.permissions()))
        .and_then(|()| fs_err::rename(&half, &file))
        .map_err(failed)?;
    for (key, value) in &pairs {
        session
            .context
            .say(format!("noted in {file}: {key}: {}", shown(value)));
    }
    session.answers = answers;
    Ok(())
}
