//! Questions as they are put to a person, and the terminal that puts them.

use dialoguer::console::{Term, measure_text_width, truncate_str};
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, MultiSelect, Select};

use super::error::PromptError;
use super::lines::wrapped;

/// A question as it is put to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The key path in the answers file; also what a script answers by.
    pub key: String,
    /// What is asked.
    pub message: String,
    /// What helps to answer it.
    pub help: String,
    /// Lines to read before answering: reasons, warnings, a summary.
    pub notes: Vec<String>,
    /// How it is answered.
    pub form: Form,
    /// What is taken when nothing is said, in the form of a reply.
    pub default: Option<String>,
    /// Whether it may be left empty.
    pub optional: bool,
    /// Whether there is a question before it.
    pub back: bool,
    /// What was wrong with the answer before.
    pub complaint: Option<String>,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// By typing.
    Text,
    /// By choosing one.
    One(Vec<Item>),
    /// By choosing any number, replied with commas between them.
    Any(Vec<Item>),
}

/// One answer to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The reply.
    pub value: String,
    /// What people read, on one line.
    pub title: String,
    /// What speaks for or against it, read before choosing.
    pub detail: String,
}

/// What a person says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// An answer as text; empty means the default, or nothing.
    Answer(String),
    /// The question before, please.
    Back,
    /// No more questions, and no file.
    Cancel,
}

/// Asks a person, or a script that pretends to be one.
pub trait Prompter {
    /// Puts a question and waits for the reply.
    ///
    /// # Errors
    /// [`PromptError`] when nobody can be asked.
    fn ask(&mut self, prompt: &Prompt) -> Result<Reply, PromptError>;
}

/// Says how to go back where a choice is made.
const BACK: &str = "← back";

/// The columns that a selection takes beside its titles.
const SELECTION: usize = 4;

/// The columns that a question's line takes beside its words: a mark, spaces, the parentheses of a default.
const MARKS: usize = 8;

/// The columns that are left for typing before a question gives way.
const TYPED: usize = 16;

/// Asks on a terminal, on stderr: stdout is for data.
pub struct Terminal {
    term: Term,
    theme: ColorfulTheme,
    /// Whether it was said how to go back and how to end.
    greeted: bool,
}

impl Default for Terminal {
    fn default() -> Self {
        Self {
            term: Term::stderr(),
            theme: ColorfulTheme::default(),
            greeted: false,
        }
    }
}

impl Prompter for Terminal {
    fn ask(&mut self, prompt: &Prompt) -> Result<Reply, PromptError> {
        let reply = self
            .introduce(prompt)
            .map_err(dialoguer::Error::from)
            .and_then(|()| match &prompt.form {
                Form::Text => self.text(prompt),
                Form::One(items) => self.one(prompt, items),
                Form::Any(items) => self.any(prompt, items),
            });
        match reply {
            Ok(reply) => Ok(reply),
            Err(dialoguer::Error::IO(error)) if error.kind() == std::io::ErrorKind::Interrupted => {
                // Ctrl-C leaves the cursor hidden in a selection.
                self.term.show_cursor().map_err(PromptError::Terminal)?;
                Ok(Reply::Cancel)
            }
            Err(dialoguer::Error::IO(error)) => Err(PromptError::Terminal(error)),
        }
    }
}

impl Terminal {
    /// Writes what there is to read before a question; dialoguer loses count of lines that the terminal wraps.
    fn introduce(&mut self, prompt: &Prompt) -> std::io::Result<()> {
        let style = self.term.style();
        if prompt.back && !self.greeted {
            self.greeted = true;
            let how = format!("(`<` or `{BACK}` goes back; Ctrl-C ends without writing anything)");
            self.lines(&how, "", |line| style.clone().dim().apply_to(line).to_string())?;
        }
        if let Form::One(items) | Form::Any(items) = &prompt.form {
            for item in items.iter().filter(|item| !item.detail.is_empty()) {
                let text = format!("  {}: {}", item.title, item.detail);
                self.lines(&text, "      ", str::to_owned)?;
            }
        }
        for note in &prompt.notes {
            self.lines(&format!("  {note}"), "      ", str::to_owned)?;
        }
        if let Some(complaint) = &prompt.complaint {
            let mark = style.clone().red().bold().apply_to("✗");
            self.lines(&format!("✗ {complaint}"), "  ", |line| {
                line.replacen('✗', &mark.to_string(), 1)
            })?;
        }
        if !prompt.help.is_empty() {
            self.lines(&prompt.help, "", |line| {
                style.clone().dim().apply_to(line).to_string()
            })?;
        }
        Ok(())
    }

    /// Writes text in lines that fit the terminal.
    fn lines(&self, text: &str, indent: &str, dress: impl Fn(&str) -> String) -> std::io::Result<()> {
        for line in wrapped(text, self.width(), indent) {
            self.term.write_line(&dress(&line))?;
        }
        Ok(())
    }

    /// Returns how many columns text may take; the last one stays free, as terminals differ in when they wrap.
    fn width(&self) -> usize {
        usize::from(self.term.size().1).saturating_sub(1).max(20)
    }

    /// Returns the line of a question: what is asked where that fits, else its key, with the question above it.
    fn message(&self, prompt: &Prompt, beside: usize) -> std::io::Result<String> {
        if measure_text_width(&prompt.message) + beside <= self.width() {
            return Ok(prompt.message.clone());
        }
        self.lines(&prompt.message, "", str::to_owned)?;
        let key = prompt.key.rsplit('.').next().unwrap_or_default();
        Ok(truncate_str(key, self.width() / 2, "…").into_owned())
    }

    /// Makes a title fit on one line of a selection.
    fn title(&self, title: &str) -> String {
        truncate_str(title, self.width() - SELECTION, "…").into_owned()
    }

    fn text(&self, prompt: &Prompt) -> Result<Reply, dialoguer::Error> {
        let default = prompt.default.as_deref().unwrap_or_default();
        let message = self.message(prompt, measure_text_width(default) + MARKS + TYPED)?;
        let must = prompt.default.is_none() && !prompt.optional;
        let check = move |text: &String| match text.trim().is_empty() && must {
            true => Err("an answer is needed"),
            false => Ok(()),
        };
        let mut input = Input::<String>::with_theme(&self.theme)
            .with_prompt(message)
            .allow_empty(true)
            .validate_with(check);
        if let Some(default) = &prompt.default {
            input = input.default(default.clone());
        }
        let text = input.interact_text_on(&self.term)?;
        Ok(match text.trim() {
            "<" if prompt.back => Reply::Back,
            _ => Reply::Answer(text),
        })
    }

    fn one(&self, prompt: &Prompt, items: &[Item]) -> Result<Reply, dialoguer::Error> {
        let mut titles: Vec<String> = items.iter().map(|item| self.title(&item.title)).collect();
        if prompt.back {
            titles.push(BACK.to_owned());
        }
        let preselected = prompt
            .default
            .as_ref()
            .and_then(|default| items.iter().position(|item| item.value == *default));
        let chosen = Select::with_theme(&self.theme)
            .with_prompt(self.message(prompt, MARKS)?)
            .report(true)
            .items(&titles)
            .default(preselected.unwrap_or(0))
            .interact_on_opt(&self.term)?;
        Ok(match chosen {
            Some(index) => items
                .get(index)
                .map_or(Reply::Back, |item| Reply::Answer(item.value.clone())),
            None if prompt.back => Reply::Back,
            None => Reply::Cancel,
        })
    }

    fn any(&self, prompt: &Prompt, items: &[Item]) -> Result<Reply, dialoguer::Error> {
        let taken: Vec<&str> = prompt
            .default
            .iter()
            .flat_map(|default| default.split(','))
            .map(str::trim)
            .collect();
        let mut titles: Vec<(String, bool)> = items
            .iter()
            .map(|item| (self.title(&item.title), taken.contains(&item.value.as_str())))
            .collect();
        if prompt.back {
            titles.push((BACK.to_owned(), false));
        }
        let chosen = MultiSelect::with_theme(&self.theme)
            .with_prompt(self.message(prompt, MARKS)?)
            .report(true)
            .items_checked(titles)
            .interact_on_opt(&self.term)?;
        Ok(match chosen {
            Some(chosen) if chosen.contains(&items.len()) => Reply::Back,
            Some(chosen) if chosen.is_empty() => Reply::Answer(NOTHING.to_owned()),
            Some(chosen) => {
                let values: Vec<&str> = chosen.iter().map(|index| items[*index].value.as_str()).collect();
                Reply::Answer(values.join(","))
            }
            None if prompt.back => Reply::Back,
            None => Reply::Cancel,
        })
    }
}

/// The reply that chooses none of several: an empty list, where empty text would mean the default.
const NOTHING: &str = ",";
