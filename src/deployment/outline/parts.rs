//! What each part asks: its mode, target, region and the target's options.

use serde_json::{Map, Value};

use super::super::options::options;
use super::{PartOutline, Walk, capitalized, choice, either, question};
use crate::product::{Choice, Mode, QuestionType, Region, Target};

impl Walk<'_, '_> {
    pub(super) fn parts(&mut self) {
        if self.answers.parts.is_empty() {
            self.mode_question("main");
        }
        // `main` first, whatever the alphabet says: conditions and defaults that speak of the installation mean it.
        let mut names: Vec<String> = self.answers.parts.keys().cloned().collect();
        names.sort_by_key(|name| name != "main");
        for name in names {
            if is_part_name(&name) {
                self.part(&name);
            } else {
                let message = "a part's name has lower case letters, digits, dashes and underscores";
                self.complain(&format!("parts.{name}"), message, None);
            }
        }
        self.combinations();
    }

    fn mode_question(&mut self, part: &str) -> Option<Value> {
        let modes = self
            .product
            .modes
            .iter()
            .map(|(name, mode)| choice(name, &mode.title))
            .collect();
        let prompt = format!("How shall {} run?", self.product.title);
        self.ask(
            &format!("parts.{part}.mode"),
            question("mode", prompt, QuestionType::Choice, modes),
            None,
            None,
        )
    }

    fn part(&mut self, name: &str) {
        let key = |rest: &str| format!("parts.{name}.{rest}");
        let Some(mode_name) = self
            .mode_question(name)
            .and_then(|mode| mode.as_str().map(str::to_owned))
        else {
            return;
        };
        let Some(mode) = self.product.modes.get(&mode_name) else {
            return;
        };
        self.tier_gate(&key("mode"), mode, &mode_name);
        let target = self.target(&key("target"), mode);
        let region = self.region(&key("region"), mode);
        let mut installation = self.installation(&mode_name, target);
        installation["region"] = region.unwrap_or_default().into();
        let mut collected = Map::new();
        for option in target.map(options).unwrap_or_default() {
            let key = key(&format!("options.{}", option.key));
            let mut roots = self.scope();
            roots.insert("installation".to_owned(), installation.clone());
            roots.insert("this".to_owned(), collected.clone().into());
            if !self.holds(&key, option.when.as_ref(), &roots) {
                continue;
            }
            let default = self.default(&key, option, &roots);
            if let Some(value) = self.ask(&key, option.clone(), default, None) {
                collected.insert(option.key.clone(), value);
            }
        }
        let part = PartOutline {
            name: name.to_owned(),
            mode_name,
            mode,
            target,
            installation,
            options: collected,
        };
        self.outline.parts.push(part);
    }

    fn tier_gate(&mut self, key: &str, mode: &Mode, mode_name: &str) {
        let Some(tier) = self.answers.tier.clone() else {
            return;
        };
        if !mode.tiers.is_empty() && !mode.tiers.contains(&tier) && self.product.tiers.contains(&tier) {
            let (title, product) = (&mode.title, &self.product.title);
            let message = format!(
                "{product} offers `{mode_name}` ({title}) on {} only; the tier here is {}",
                either(&mode.tiers),
                capitalized(&tier)
            );
            let open: Vec<&str> = self
                .product
                .modes
                .iter()
                .filter(|(_, mode)| mode.tiers.is_empty() || mode.tiers.contains(&tier))
                .map(|(name, _)| name.as_str())
                .collect();
            let hint = format!("modes open to {}: {}", capitalized(&tier), open.join(", "));
            self.complain(key, message, Some(hint));
        }
    }

    fn target(&mut self, key: &str, mode: &Mode) -> Option<Target> {
        let choices: Vec<Choice> = mode
            .targets
            .iter()
            .map(|target| choice(target.name(), target.title()))
            .collect();
        let (default, fixed) = match mode.targets.as_slice() {
            [] => return None,
            [only] => (
                Some(Value::from(only.name())),
                Some("the mode has only one target".to_owned()),
            ),
            _ => (None, None),
        };
        let prompt = "Where shall it run?".to_owned();
        let value = self.ask(
            key,
            question("target", prompt, QuestionType::Choice, choices),
            default,
            fixed,
        )?;
        Target::by_name(value.as_str()?).filter(|target| mode.targets.contains(target))
    }

    fn region(&mut self, key: &str, mode: &Mode) -> Option<String> {
        if mode.regions.is_empty() {
            return None;
        }
        let choices = mode
            .regions
            .iter()
            .map(|region| choice(&region.id, &region.title))
            .collect();
        let prompt = "In which region?".to_owned();
        let value = self.ask(
            key,
            question("region", prompt, QuestionType::Choice, choices),
            None,
            None,
        )?;
        let id = value.as_str()?.to_owned();
        let region = mode.regions.iter().find(|region| region.id == id)?;
        if let Some(tier) = self.answers.tier.clone()
            && !region.tiers.is_empty()
            && !region.tiers.contains(&tier)
        {
            let message = format!(
                "{} offers the region {} on {} only; the tier here is {}",
                self.product.title,
                region.title,
                either(&region.tiers),
                capitalized(&tier)
            );
            let open = |region: &&Region| region.tiers.is_empty() || region.tiers.contains(&tier);
            let others: Vec<&str> = mode
                .regions
                .iter()
                .filter(open)
                .map(|region| region.id.as_str())
                .collect();
            self.complain(
                key,
                message,
                Some(format!("open to {}: {}", capitalized(&tier), others.join(", "))),
            );
        }
        Some(id)
    }

    pub(super) fn combinations(&mut self) {
        let parts = self.outline.parts.clone();
        if let Some(first) = parts
            .first()
            .filter(|_| parts.iter().all(|part| part.mode.addition))
        {
            let message = format!("`{}` only adds to another mode", first.mode_name);
            let others: Vec<&str> = first.mode.combines_with.iter().map(String::as_str).collect();
            let hint = format!("give another part one of these: {}", others.join(", "));
            self.complain(&format!("parts.{}.mode", first.name), message, Some(hint));
        }
        for (index, part) in parts.iter().enumerate() {
            for other in &parts[..index] {
                let allowed = part.mode_name == other.mode_name
                    || part.mode.combines_with.contains(&other.mode_name)
                    || other.mode.combines_with.contains(&part.mode_name);
                if !allowed {
                    let message = format!(
                        "the modes `{}` and `{}` do not combine",
                        other.mode_name, part.mode_name
                    );
                    self.complain(&format!("parts.{}.mode", part.name), message, None);
                }
            }
        }
    }
}

/// Says whether a name can stand in a key path and in the names of what is made for the part.
fn is_part_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&name.len()) && name.bytes().all(allowed)
}
