//! What components are told, in Terraform's words: plain text, references to secrets, and text made of both.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::super::place::{CERTIFICATES, SECRET_FOLDER, dashed};
use super::hcl::{Hcl, Piece as Word, Reference};
use super::services::{Managed, Named};
use crate::deployment::{Bound, Part, Piece, ResolvedComponent, ResolvedFile, SecretForm};
use crate::render::{Artifacts, RenderError};

/// What the map of secrets in the layer below is called.
const SECRETS: &str = "var.data.secret_arns";
/// What the map of secrets that are put together here is called.
const COMPOSED: &str = "module.composed.secret_arns";

/// A text with secrets in it, which is a secret of its own.
#[derive(Debug, Clone, PartialEq)]
struct Composed {
    title: String,
    /// The text, `%s` in the place of each secret.
    text: Vec<Word>,
    /// The secrets in the order of their places; one that is escaped for a URL ends with `:url`.
    with: Vec<String>,
}

/// What one component is told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Environment variables that everybody may read.
    pub(super) environment: BTreeMap<String, Hcl>,
    /// Environment variables that are secrets.
    pub(super) secrets: BTreeMap<String, Hcl>,
    /// Files by their path.
    pub(super) files: BTreeMap<String, Hcl>,
}

/// Turns bound text into Terraform's, for all components of a part.
pub(super) struct Binding<'a> {
    part: &'a Part,
    managed: Managed<'a>,
    composed: BTreeMap<String, Composed>,
    /// Configuration files without any reference, as they stand.
    pub(super) files: Artifacts,
}

impl<'a> Binding<'a> {
    pub(super) fn new(part: &'a Part, managed: Managed<'a>) -> Self {
        Self {
            part,
            managed,
            composed: BTreeMap::new(),
            files: Artifacts::default(),
        }
    }

    /// Says what a component is told.
    ///
    /// # Errors
    /// [`RenderError::Options`] for what AWS has no way to tell.
    pub(super) fn told(&mut self, component: &ResolvedComponent) -> Result<Told, RenderError> {
        let mut told = Told::default();
        for (name, value) in &component.environment {
            match self.secret(component, name, value)? {
                Some(secret) => _ = told.secrets.insert(name.clone(), secret),
                None => {
                    _ = told
                        .environment
                        .insert(name.clone(), Hcl::Text(self.words(value)?));
                }
            }
        }
        for (name, file) in &component.files {
            let content = self.file(component, name, file)?;
            told.files.insert(file.path.to_string(), content);
        }
        for (name, handed) in &component.provisioned {
            let secret = Reference::entry(SECRETS, handed_secret(component, name));
            told.files.insert(handed.path.to_string(), secret_file(secret));
        }
        for piece in component.texts().flat_map(Bound::pieces) {
            if let Piece::Secret(SecretForm::File, name) = piece {
                let file = secret_file(Reference::entry(SECRETS, name));
                told.files.insert(format!("{SECRET_FOLDER}/{name}"), file);
            }
        }
        if component.texts().any(|text| self.names_certificates(text)) {
            told.files.insert(CERTIFICATES.to_owned(), certificates());
        }
        Ok(told)
    }

    /// Writes an argument, which everybody may read.
    ///
    /// # Errors
    /// [`RenderError::Options`] when a secret stands in it.
    pub(super) fn argument(
        &self,
        component: &ResolvedComponent,
        argument: &Bound,
    ) -> Result<Hcl, RenderError> {
        if argument.is_private() {
            let message = format!(
                "component `{}` takes a secret as an argument, where everybody would read it at ECS: the product's \
                 definition must hand it over in its environment or in a file",
                component.name
            );
            return Err(self.fail(message));
        }
        Ok(Hcl::Text(self.words(argument)?))
    }

    /// Writes what is put together here, as the map that the application layer makes secrets of; none when there is nothing.
    pub(super) fn composed(self) -> Option<Hcl> {
        if self.composed.is_empty() {
            return None;
        }
        let all = self.composed.into_iter().map(|(name, composed)| {
            let fields = [
                ("title", Hcl::text(composed.title)),
                ("text", lines(composed.text)),
                ("with", Hcl::texts(composed.with)),
            ];
            (name, Hcl::object(fields))
        });
        Some(Hcl::Object(all.collect()))
    }

    /// Gives the reference to what holds a private text; none for a text that is not private.
    fn secret(
        &mut self,
        component: &ResolvedComponent,
        name: &str,
        value: &Bound,
    ) -> Result<Option<Hcl>, RenderError> {
        if let [Piece::Secret(SecretForm::Value, name)] = value.pieces()[..] {
            return Ok(Some(Hcl::Reference(Reference::entry(SECRETS, name))));
        }
        if !value.is_private() {
            return Ok(None);
        }
        let title = format!("{name} of {}", component.title);
        let secret = format!("{}-{}", dashed(&component.name), name.to_ascii_lowercase());
        Ok(Some(Hcl::Reference(self.compose(secret, title, value)?)))
    }

    fn file(
        &mut self,
        component: &ResolvedComponent,
        name: &str,
        file: &ResolvedFile,
    ) -> Result<Hcl, RenderError> {
        if file.is_private() {
            let title = format!("{} of {}", file.path.file_name().unwrap_or(name), component.title);
            let secret = format!("{}-{}", dashed(&component.name), dashed(name));
            return Ok(secret_file(self.compose(secret, title, &file.content)?));
        }
        if !matches!(file.content.pieces()[..], [] | [Piece::Text(_)]) {
            return Ok(Hcl::object([("text", lines(self.words(&file.content)?))]));
        }
        let path = format!(
            "files/{}/{}",
            dashed(&component.name),
            file.path.file_name().unwrap_or(name)
        );
        self.files.add(&path, file.content.to_string());
        Ok(text_file(&path))
    }

    /// Notes a text with secrets in it, and names the secret that it becomes.
    fn compose(&mut self, name: String, title: String, value: &Bound) -> Result<Reference, RenderError> {
        let mut text = Vec::new();
        let mut with = Vec::new();
        for piece in value.pieces() {
            match piece {
                Piece::Text(plain) => text.push(Word::Plain(plain.replace('%', "%%"))),
                Piece::Output { service, field } => text.push(self.output(service, field)?),
                Piece::Secret(SecretForm::File, name) => {
                    text.push(Word::Plain(format!("{SECRET_FOLDER}/{name}")));
                }
                Piece::Secret(form, name) => {
                    text.push(Word::Plain("%s".to_owned()));
                    let suffix = if form == SecretForm::Url { ":url" } else { "" };
                    with.push(format!("{name}{suffix}"));
                }
            }
        }
        let mut name = name;
        // Two names that differ by their case alone are two secrets all the same.
        while self.composed.get(&name).is_some_and(|other| other.title != title) {
            name.push('_');
        }
        let text = merged(text);
        self.composed.insert(name.clone(), Composed { title, text, with });
        Ok(Reference::entry(COMPOSED, name))
    }

    /// Writes a text without a secret's value in it.
    fn words(&self, value: &Bound) -> Result<Vec<Word>, RenderError> {
        let known = value.replace(|form, name| {
            Ok::<_, Infallible>(match form {
                SecretForm::File => format!("{SECRET_FOLDER}/{name}"),
                SecretForm::Value | SecretForm::Url => Bound::reference(form, name),
            })
        });
        let known = Bound::new(known.unwrap_or_else(|never| match never {}));
        let words = known.pieces().into_iter().map(|piece| match piece {
            Piece::Output { service, field } => self.output(service, field),
            Piece::Text(plain) => Ok(Word::Plain(plain.to_owned())),
            Piece::Secret(form, name) => Ok(Word::Plain(Bound::reference(form, name))),
        });
        Ok(merged(words.collect::<Result<_, _>>()?))
    }

    /// Says where Terraform has what a managed service has yet to say.
    fn output(&self, service: &str, field: &str) -> Result<Word, RenderError> {
        let is = |one: Option<Named<'_>>| one.is_some_and(|(name, _)| name == service);
        let path = match field {
            "host" if is(self.managed.database) => "var.data.database.host",
            "port" if is(self.managed.database) => "var.data.database.port",
            "ca" if is(self.managed.database) => return Ok(Word::Plain(CERTIFICATES.to_owned())),
            "host" if is(self.managed.cache) => "var.data.cache.host",
            "port" if is(self.managed.cache) => "var.data.cache.port",
            "bucket" if is(self.managed.objects) => "var.data.objects.bucket",
            _ => {
                return Err(self.fail(format!(
                    "AWS does not tell the `{field}` of the service `{service}`"
                )));
            }
        };
        Ok(Word::Reference(Reference::to(path)))
    }

    fn names_certificates(&self, text: &Bound) -> bool {
        let (database, _) = self.managed.database.unzip();
        text.outputs()
            .any(|(service, field)| Some(service) == database && field == "ca")
    }

    fn fail(&self, message: String) -> RenderError {
        RenderError::Options {
            part: self.part.name.clone(),
            message,
        }
    }
}

/// Names the secret that holds a file which the customer hands in.
pub(super) fn handed_secret(component: &ResolvedComponent, name: &str) -> String {
    format!("file-{}-{}", dashed(&component.name), dashed(name))
}

/// The certificates that the managed database is checked with, as a file of a task.
pub(super) fn certificates() -> Hcl {
    Hcl::object([("text", Hcl::Reference(Reference::to("local.database_ca")))])
}

fn secret_file(secret: Reference) -> Hcl {
    Hcl::object([("secret", Hcl::Reference(secret))])
}

/// A file that lies beside the layer.
fn text_file(path: &str) -> Hcl {
    let module = Word::Reference(Reference::to("path.module"));
    let path = Hcl::Text(vec![module, Word::Plain(format!("/{path}"))]);
    Hcl::object([("text", Hcl::Call("file", vec![path]))])
}

/// Writes text of several lines with a line for each.
fn lines(text: Vec<Word>) -> Hcl {
    let mut lines: Vec<Vec<Word>> = vec![Vec::new()];
    for word in text {
        let Word::Plain(plain) = &word else {
            lines.last_mut().expect("there is a first line").push(word);
            continue;
        };
        for (index, line) in plain.split('\n').enumerate() {
            if index > 0 {
                lines.push(Vec::new());
            }
            let last = lines.last_mut().expect("there is a first line");
            last.extend((!line.is_empty()).then(|| Word::Plain(line.to_owned())));
        }
    }
    let mut lines: Vec<Hcl> = lines.into_iter().map(Hcl::Text).collect();
    match lines.len() {
        1 => lines.remove(0),
        _ => Hcl::Call("join", vec![Hcl::text("\n"), Hcl::List(lines)]),
    }
}

/// Puts neighbouring plain pieces together.
fn merged(words: Vec<Word>) -> Vec<Word> {
    let mut merged: Vec<Word> = Vec::new();
    for word in words {
        match (merged.last_mut(), word) {
            (Some(Word::Plain(before)), Word::Plain(plain)) => before.push_str(&plain),
            (_, word) => merged.push(word),
        }
    }
    merged
}
