//! Answers for a second installation beside the first, on the same machine and with ports of its own.

use camino::Utf8Path;
use serde_json::Value;

use super::{Answers, outline};
use crate::product::{Product, QuestionType, ServiceKind};

/// Names the throw-away copy of an installation.
pub fn name_beside(installation: &str) -> String {
    format!("{installation}-rehearsal")
}

/// Rewrites answers for a throw-away copy below a folder of its own.
///
/// Every port of ours is a free one, databases are bundled whoever supplies them otherwise, and nothing is installed
/// into the system. Services of the customer's that are no databases are used as they are.
pub fn beside(
    product: &Product,
    answers: &Answers,
    root: &Utf8Path,
    mut free_port: impl FnMut() -> u16,
) -> Answers {
    let mut copy = answers.clone();
    let asked = outline(product, answers).asked;
    for one in &asked {
        // What follows from the name must not follow the copy's.
        if one.key.starts_with("parts.")
            && one.fixed.is_none()
            && let Some(value) = one.value()
        {
            copy.set(&one.key, value.clone());
        }
    }
    copy.name = name_beside(&answers.name);
    for (name, part) in &mut copy.parts {
        let below = match answers.parts.len() {
            1 => root.to_owned(),
            _ => root.join(name),
        };
        part.options.insert("root".to_owned(), below.as_str().into());
        part.options.insert("supervisor".to_owned(), "landfall".into());
        part.options.remove("url");
    }
    let sql = |name: &String| {
        product
            .services
            .get(name)
            .is_some_and(|service| service.kind() == ServiceKind::Sql)
    };
    for name in product.services.keys().filter(|name| sql(name)) {
        for field in ["host", "port", "password", "tls", "ca"] {
            copy.remove(&format!("services.{name}.{field}"));
        }
        copy.set(&format!("services.{name}.supply"), "bundled".into());
    }
    // Asked again: a database that has become ours has a port of ours.
    for one in outline(product, &copy).asked {
        let supplied = one
            .key
            .strip_prefix("services.")
            .and_then(|rest| rest.split('.').next())
            .is_some_and(|service| {
                copy.get(&format!("services.{service}.supply")) != Some(Value::from("bundled"))
            });
        if one.question.kind == QuestionType::Port && one.fixed.is_none() && !supplied {
            copy.set(&one.key, free_port().into());
        }
    }
    copy
}
