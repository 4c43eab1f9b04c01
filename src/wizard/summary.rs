//! What is shown before answers are written.

use std::collections::BTreeSet;

use super::ask;
use crate::deployment::Outline;
use crate::product::Product;

/// Lists what was answered, what to know about the modes, and what was left out.
pub(super) fn lines(product: &Product, outline: &Outline<'_>, forgotten: &BTreeSet<String>) -> Vec<String> {
    let mut lines = Vec::new();
    for asked in &outline.asked {
        if let Some(value) = asked.value().filter(|_| !asked.question.advanced) {
            let note = match (&asked.fixed, &asked.answer) {
                (Some(_), _) => " (fixed)",
                (None, None) => " (default)",
                _ => "",
            };
            lines.push(format!("{}: {}{note}", asked.key, ask::text(value)));
        }
    }
    for part in &outline.parts {
        lines.extend(
            part.mode
                .notes
                .iter()
                .map(|note| format!("{}: {note}", part.mode.title)),
        );
    }
    for (name, service) in &product.services {
        let used = outline
            .services
            .get(name)
            .and_then(|fields| fields.get("supply")?.as_str());
        if let (Some(oidc), Some("yours" | "bundled" | "managed")) = (&service.oidc, used) {
            lines.extend(
                oidc.warnings
                    .iter()
                    .map(|warning| format!("{}: {warning}", service.title)),
            );
        }
    }
    if !forgotten.is_empty() {
        let keys: Vec<&str> = forgotten.iter().map(String::as_str).collect();
        lines.push(format!(
            "left out, as nothing asks for it any more: {}",
            keys.join(", ")
        ));
    }
    lines
}
