//! Structured logs: one JSON object per line on stdout.

use std::io::Write as _;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::clock::{self, Calendar};

static COMPONENT: OnceLock<String> = OnceLock::new();

/// Names the component that every later line comes from.
pub fn set_component(name: &str) {
    // Called once, from `main`; a second name would be a mistake that must not stop the product.
    let _ = COMPONENT.set(name.to_owned());
}

/// Logs something that went as it should.
pub fn info(message: &str, fields: &[(&str, Value)]) {
    write("info", message, fields);
}

/// Logs something that failed and will be tried again.
pub fn warn(message: &str, fields: &[(&str, Value)]) {
    write("warn", message, fields);
}

/// Logs something that failed.
pub fn error(message: &str, fields: &[(&str, Value)]) {
    write("error", message, fields);
}

fn write(level: &str, message: &str, fields: &[(&str, Value)]) {
    let mut line = Map::new();
    line.insert("time".into(), Calendar::of(clock::now()).rfc3339().into());
    line.insert("level".into(), level.into());
    if let Some(component) = COMPONENT.get() {
        line.insert("component".into(), component.as_str().into());
    }
    line.insert("message".into(), message.into());
    for (name, value) in fields {
        line.insert((*name).to_owned(), value.clone());
    }
    // A closed stdout must not stop the product.
    let _ = writeln!(std::io::stdout().lock(), "{}", Value::Object(line));
}
