//! Landfall's own templates: `templates/<target>/<name>.tera`.

use include_dir::{Dir, include_dir};
use serde::Serialize;

use super::RenderError;
use crate::expression::Scope;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// The templates of one target.
#[derive(Debug, Clone, Copy)]
pub struct Templates {
    target: &'static str,
}

impl Templates {
    /// Opens the templates of a target.
    pub fn of(target: &'static str) -> Self {
        Self { target }
    }

    /// Renders `templates/<target>/<name>.tera` with the fields of a context structure as its roots.
    ///
    /// # Errors
    /// [`RenderError::Template`]: a mistake of ours, found by the golden tests.
    pub fn render(&self, name: &str, context: &impl Serialize) -> Result<String, RenderError> {
        let path = format!("{}/{name}.tera", self.target);
        let fail = |message: String| RenderError::Template {
            template: path.clone(),
            message,
        };
        let text = EMBEDDED
            .get_file(&path)
            .and_then(|file| file.contents_utf8())
            .ok_or_else(|| fail("no such template is built in".to_owned()))?;
        Scope::new(context)
            .and_then(|scope| scope.render(text))
            .map_err(|error| fail(error.to_string()))
    }

    /// Lists every template there is, as `<target>/<name>`.
    pub fn all() -> Vec<String> {
        let files = EMBEDDED.dirs().flat_map(|dir| dir.files());
        let path = |file: &include_dir::File<'_>| file.path().to_str().map(str::to_owned);
        files
            .filter_map(path)
            .filter_map(|path| path.strip_suffix(".tera").map(str::to_owned))
            .collect()
    }
}
