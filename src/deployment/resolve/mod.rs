//! Product, release and answers become a deployment.

mod component;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::context::{origin, services, unreachable};
use super::error::Missing;
use super::outline::{Outline, PartOutline, outline};
use super::places::components;
use super::{
    Answers, Bound, DEPLOYMENT_FORMAT, Deployment, Migration, Part, ResolveError, ResolvedComponent,
    ResolvedService, SecretForm, SecretOrigin,
};
use crate::document::{Document, Problem, Problems};
use crate::expression::{Expressions, Scope, references};
use crate::product::{Component, Entry, Product, Release, SecretKind, Supply, Template};

/// Decides everything.
///
/// # Errors
/// [`ResolveError`] with every wrong and, when none is wrong, every missing answer at once.
pub fn resolve(
    entry: &Entry,
    release: &Release,
    answers: &Document<Answers>,
) -> Result<Deployment, ResolveError> {
    let outline = outline(entry.product(), &answers.content);
    judge(entry.product(), &outline, answers)?;
    let mut secrets = product_secrets(entry, &outline, &answers.content);
    let services = services(entry.product(), release, &outline, &mut secrets);
    let resolver = Resolver {
        entry,
        release,
        outline: &outline,
        services: &services,
        secrets: &secrets,
    };
    let mut parts = BTreeMap::new();
    for part in &outline.parts {
        parts.insert(part.name.clone(), resolver.part(part)?);
    }
    drop_unused(entry.product(), &parts, &mut secrets);
    let product = entry.product();
    Ok(Deployment {
        format: DEPLOYMENT_FORMAT,
        name: answers.content.name.clone(),
        product: product.name.clone(),
        title: product.title.clone(),
        version: release.version.clone(),
        tier: answers.content.tier.clone().unwrap_or_default(),
        settings: outline.settings.clone(),
        promise: release.migrations.clone(),
        services: services
            .into_iter()
            .filter(|(_, service)| service.supply != Supply::None)
            .collect(),
        secrets,
        parts,
    })
}

/// Turns complaints and missing answers into an error.
fn judge(product: &Product, outline: &Outline<'_>, answers: &Document<Answers>) -> Result<(), ResolveError> {
    let unreachable = unreachable(product, outline);
    let problems: Vec<Problem> = outline
        .complaints
        .iter()
        .chain(&unreachable)
        .map(|complaint| {
            let problem = answers.problem(&complaint.key, &complaint.message);
            complaint
                .hint
                .iter()
                .fold(problem, |problem, hint| problem.hint(hint))
        })
        .collect();
    Problems::check(problems).map_err(|problems| ResolveError::Answers { problems })?;
    let missing: Vec<Missing> = outline
        .asked
        .iter()
        .filter(|asked| asked.missing())
        .map(Missing::of)
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(ResolveError::Missing { missing })
    }
}

/// Says where the product's own secrets come from.
fn product_secrets(
    entry: &Entry,
    outline: &Outline<'_>,
    answers: &Answers,
) -> BTreeMap<String, SecretOrigin> {
    let mut secrets = BTreeMap::new();
    for (name, secret) in &entry.product().secrets {
        let roots = json!({
            "facts": outline.facts, "settings": outline.settings, "services": outline.services,
            "installation": outline.parts.first().map(|part| part.installation.clone()),
        });
        let wanted = secret.when.as_ref().is_none_or(|when| {
            Scope::new(&roots)
                .and_then(|scope| scope.holds(when))
                .unwrap_or(true)
        });
        let source = match secret.kind {
            SecretKind::Generated => Some(SecretOrigin::Generated(secret.length)),
            SecretKind::Token => Some(SecretOrigin::Token(secret.length)),
            SecretKind::Given => answers.secrets.get(name).and_then(Value::as_str).and_then(origin),
        };
        if let Some(source) = source.filter(|_| wanted) {
            secrets.insert(name.clone(), source);
        }
    }
    secrets
}

/// Forgets the product's secrets that would be made for components which do not run here.
fn drop_unused(
    product: &Product,
    parts: &BTreeMap<String, Part>,
    secrets: &mut BTreeMap<String, SecretOrigin>,
) {
    let used: BTreeSet<&str> = parts
        .values()
        .flat_map(|part| &part.components)
        .flat_map(ResolvedComponent::texts)
        .flat_map(Bound::secrets)
        .collect();
    secrets.retain(|name, _| {
        let made = product
            .secrets
            .get(name)
            .is_some_and(|secret| secret.kind != SecretKind::Given);
        !made || used.contains(name.as_str())
    });
}

struct Resolver<'a> {
    entry: &'a Entry,
    release: &'a Release,
    outline: &'a Outline<'a>,
    services: &'a BTreeMap<String, ResolvedService>,
    secrets: &'a BTreeMap<String, SecretOrigin>,
}

impl Resolver<'_> {
    fn part(&self, part: &PartOutline<'_>) -> Result<Part, ResolveError> {
        let product = self.entry.product();
        let mut installation = part.installation.clone();
        installation["version"] = self.release.version.as_str().into();
        let url = self.url(part, &installation)?;
        installation["url"] = url.clone().into();
        let mut roots = self.roots(installation);
        let names = product.components_of(part.mode, part.target);
        let ports = self.ports(names, &roots)?;
        roots.insert("components".to_owned(), components(part, &ports));
        let mut resolved = Vec::new();
        for name in names {
            let component = &product.components[name];
            if self.applies(name, component, &roots)? {
                resolved.push(self.component(part, name, component, &ports[name], &roots)?);
            }
        }
        let migration = self.migration(&resolved, &roots)?;
        let probing = product.probing.clone();
        let probing = probing.filter(|it| resolved.iter().any(|one| one.name == it.component));
        Ok(Part {
            name: part.name.clone(),
            mode: part.mode_name.clone(),
            target: part.target,
            options: part.options.clone(),
            url,
            components: start_order(resolved)?,
            migration,
            probing,
        })
    }

    /// Makes the migration a step of the part that runs its component.
    fn migration(
        &self,
        resolved: &[ResolvedComponent],
        roots: &Map<String, Value>,
    ) -> Result<Option<Migration>, ResolveError> {
        let Some(migrations) = &self.entry.product().migrations else {
            return Ok(None);
        };
        if !resolved
            .iter()
            .any(|component| component.name == migrations.component)
        {
            return Ok(None);
        }
        let args = migrations
            .args
            .iter()
            .enumerate()
            .map(|(index, arg)| self.render(&format!("migrations.args[{index}]"), arg, roots));
        Ok(Some(Migration {
            component: migrations.component.clone(),
            args: args.collect::<Result<_, _>>()?,
            within: migrations.within,
        }))
    }

    fn roots(&self, installation: Value) -> Map<String, Value> {
        let services: Map<String, Value> = self
            .services
            .iter()
            .map(|(name, service)| (name.clone(), Value::from(service.fields.clone())))
            .collect();
        let reference = |name: &String| match self.secrets.contains_key(name) {
            true => Bound::reference(SecretForm::Value, name),
            false => String::new(),
        };
        let secrets: Map<String, Value> = self
            .entry
            .product()
            .secrets
            .keys()
            .map(|name| (name.clone(), reference(name).into()))
            .collect();
        let mut roots = Map::new();
        roots.insert("facts".to_owned(), self.outline.facts.clone().into());
        roots.insert("settings".to_owned(), self.outline.settings.clone().into());
        roots.insert("services".to_owned(), services.into());
        roots.insert("secrets".to_owned(), secrets.into());
        roots.insert("installation".to_owned(), installation);
        roots
    }

    /// Says under which URL people reach the part.
    fn url(&self, part: &PartOutline<'_>, installation: &Value) -> Result<String, ResolveError> {
        let option = |key: &str| {
            part.options
                .get(key)
                .map(super::outline::plain)
                .unwrap_or_default()
        };
        if let Some(hosted) = &part.mode.hosted
            && part.target.is_none()
        {
            let key = format!("modes.{}.hosted.url", part.mode_name);
            return self.render(&key, &hosted.url, &self.roots(installation.clone()));
        }
        if !option("url").is_empty() {
            return Ok(option("url").trim_end_matches('/').to_owned());
        }
        if !option("domain").is_empty() {
            return Ok(format!("https://{}", option("domain")));
        }
        let scheme = if option("tls_certificate").is_empty() {
            "http"
        } else {
            "https"
        };
        Ok(format!("{scheme}://{}:{}", option("address"), option("port")))
    }

    fn applies(
        &self,
        name: &str,
        component: &Component,
        roots: &Map<String, Value>,
    ) -> Result<bool, ResolveError> {
        let Some(when) = &component.when else {
            return Ok(true);
        };
        Scope::new(roots)
            .and_then(|scope| scope.holds(when))
            .map_err(|error| ResolveError::Evaluate {
                key: format!("components.{name}.when"),
                message: self
                    .elsewhere(Expressions::Condition(when), roots)
                    .unwrap_or_else(|| error.to_string()),
            })
    }

    fn render(
        &self,
        key: &str,
        template: &Template,
        roots: &Map<String, Value>,
    ) -> Result<String, ResolveError> {
        Scope::new(roots)
            .and_then(|scope| scope.render(template.as_str()))
            .map_err(|error| ResolveError::Evaluate {
                key: key.to_owned(),
                message: self
                    .elsewhere(Expressions::Template(template.as_str()), roots)
                    .unwrap_or_else(|| error.to_string()),
            })
    }

    /// Explains a failure by the first component it speaks of that does not run in the same part.
    fn elsewhere(&self, source: Expressions<'_>, roots: &Map<String, Value>) -> Option<String> {
        let here = roots.get("components").and_then(Value::as_object)?;
        let found = references(source);
        let wanted = found
            .iter()
            .filter(|reference| reference.parts.first().is_some_and(|root| root == "components"))
            .filter_map(|reference| reference.parts.get(1))
            .find(|wanted| !here.contains_key(*wanted))?;
        let product = self.entry.product();
        let runs = |part: &&PartOutline<'_>| product.components_of(part.mode, part.target).contains(wanted);
        Some(match self.outline.parts.iter().find(runs) {
            Some(part) => format!(
                "`{wanted}` runs in part `{}`, and is not reached from here",
                part.name
            ),
            None => format!("`{wanted}` does not run in any part of this installation"),
        })
    }

    fn ports(
        &self,
        names: &[String],
        roots: &Map<String, Value>,
    ) -> Result<BTreeMap<String, BTreeMap<String, u16>>, ResolveError> {
        let mut all = BTreeMap::new();
        for name in names {
            let mut ports = BTreeMap::new();
            for (port, content) in &self.entry.product().components[name].ports {
                let key = format!("components.{name}.ports.{port}.number");
                let text = self.render(&key, &content.number, roots)?;
                let number = text.trim().parse::<u16>().ok().filter(|number| *number > 0);
                let message = format!("`{text}` is no port");
                ports.insert(
                    port.clone(),
                    number.ok_or(ResolveError::Evaluate { key, message })?,
                );
            }
            all.insert(name.clone(), ports);
        }
        Ok(all)
    }
}

/// Sorts components so that each comes after those it waits for.
fn start_order(components: Vec<ResolvedComponent>) -> Result<Vec<ResolvedComponent>, ResolveError> {
    let present: BTreeSet<String> = components
        .iter()
        .map(|component| component.name.clone())
        .collect();
    let mut rest = components;
    let mut ordered: Vec<ResolvedComponent> = Vec::new();
    let mut started: BTreeSet<String> = BTreeSet::new();
    while !rest.is_empty() {
        let ready = |component: &ResolvedComponent| {
            component
                .after
                .iter()
                .all(|other| started.contains(other) || !present.contains(other))
        };
        let Some(next) = rest.iter().position(ready) else {
            let components = rest
                .iter()
                .map(|component| component.name.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            return Err(ResolveError::Circle { components });
        };
        let component = rest.remove(next);
        started.insert(component.name.clone());
        ordered.push(component);
    }
    Ok(ordered)
}
