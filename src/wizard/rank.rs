//! Which mode fits a customer best, and why.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::deployment::{Answers, capitalized, either, outline};
use crate::expression::Scope;
use crate::product::{Mode, Product, Rule, Target};

/// One way to run the product, as the rules of its definition judge it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ranked {
    /// The mode.
    pub mode: String,
    /// The target; none for the vendor's own service.
    pub target: Option<Target>,
    /// The region that the rules speak for.
    pub region: Option<String>,
    /// The sum of the weights of the rules that speak for it.
    pub score: u32,
    /// What those rules say, the loudest first.
    pub reasons: Vec<String>,
    /// Whether the tier may use it.
    pub open: bool,
    /// Why not.
    pub closed_because: Option<String>,
}

impl Ranked {
    /// Returns the name used in prompts: the mode, and the target where there is one.
    pub fn name(&self) -> String {
        match self.target {
            Some(target) => format!("{}/{target}", self.mode),
            None => self.mode.clone(),
        }
    }
}

/// Ranks every mode on every target it has, the best first and those closed to the tier last.
///
/// Facts that are not given count as their defaults. Modes that only add to another are left out: see [`additions`].
pub fn rank(product: &Product, facts: &BTreeMap<String, Value>, tier: Option<&str>) -> Vec<Ranked> {
    ranked(product, facts, tier, |_, mode| !mode.addition)
}

/// Ranks the modes that may be added to those that are chosen already and are open to the tier.
pub fn additions(
    product: &Product,
    facts: &BTreeMap<String, Value>,
    tier: Option<&str>,
    chosen: &BTreeSet<String>,
) -> Vec<Ranked> {
    let combine = |name: &str, mode: &Mode, other: &str| {
        let back = product
            .modes
            .get(other)
            .is_some_and(|other| other.combines_with.iter().any(|mode| mode == name));
        back || mode.combines_with.iter().any(|mode| mode == other)
    };
    let fits = |name: &str, mode: &Mode| {
        !chosen.contains(name) && chosen.iter().all(|other| combine(name, mode, other))
    };
    let mut all = ranked(product, facts, tier, fits);
    all.retain(|ranked| ranked.open);
    all
}

/// A rule that holds, with its place in the definition.
type Holding<'a> = (usize, &'a Rule);

fn ranked(
    product: &Product,
    facts: &BTreeMap<String, Value>,
    tier: Option<&str>,
    wanted: impl Fn(&str, &Mode) -> bool,
) -> Vec<Ranked> {
    let holding = holding(product, facts, tier);
    let mut all: Vec<(Ranked, usize, usize)> = Vec::new();
    for (name, mode) in product.modes.iter().filter(|(name, mode)| wanted(name, mode)) {
        let targets: Vec<Option<Target>> = match mode.targets.as_slice() {
            [] => vec![None],
            targets => targets.iter().copied().map(Some).collect(),
        };
        for target in targets {
            let speaks = |rule: &Rule| speaks_for(rule, name, target);
            let place = |rules: &mut dyn Iterator<Item = usize>| rules.next().unwrap_or(usize::MAX);
            let first = place(&mut holding.iter().filter(|(_, rule)| speaks(rule)).map(|(at, _)| *at));
            let mut any = product.choosing.iter().enumerate();
            let mentioned = place(&mut any.by_ref().filter(|(_, rule)| speaks(rule)).map(|(at, _)| at));
            all.push((judge(product, name, target, &holding, tier), first, mentioned));
        }
    }
    // Rules of the definition break ties; after them the order of names and targets, which is that of `all`.
    all.sort_by_key(|(ranked, first, mentioned)| (!ranked.open, Reverse(ranked.score), *first, *mentioned));
    all.into_iter().map(|(ranked, ..)| ranked).collect()
}

/// Lists the rules that hold. One that cannot be evaluated does not: the definition's check has complained about it.
fn holding<'a>(
    product: &'a Product,
    facts: &BTreeMap<String, Value>,
    tier: Option<&str>,
) -> Vec<Holding<'a>> {
    let mut answers = Answers::new(&product.name, "");
    answers.facts.clone_from(facts);
    let mut roots = Map::new();
    roots.insert("facts".to_owned(), outline(product, &answers).facts.into());
    roots.insert("tier".to_owned(), tier.unwrap_or_default().into());
    let Ok(scope) = Scope::new(&roots) else {
        return Vec::new();
    };
    let holds = |rule: &Rule| scope.holds(&rule.when).unwrap_or(false);
    product
        .choosing
        .iter()
        .enumerate()
        .filter(|(_, rule)| holds(rule))
        .collect()
}

fn speaks_for(rule: &Rule, mode: &str, target: Option<Target>) -> bool {
    rule.prefer.mode == mode && (rule.prefer.target.is_none() || rule.prefer.target == target)
}

fn judge(
    product: &Product,
    name: &str,
    target: Option<Target>,
    holding: &[Holding<'_>],
    tier: Option<&str>,
) -> Ranked {
    let mode = &product.modes[name];
    let allowed = |tiers: &[String]| {
        tier.is_none_or(|tier| tiers.is_empty() || tiers.iter().any(|allowed| allowed == tier))
    };
    let region_open = |region: &String| {
        let known = mode.regions.iter().find(|known| known.id == *region);
        known.is_some_and(|known| allowed(&known.tiers))
    };
    // A rule that speaks for a region speaks for nothing where the tier has no such region.
    let mut speaking: Vec<&Rule> = holding
        .iter()
        .map(|(_, rule)| *rule)
        .filter(|rule| speaks_for(rule, name, target))
        .filter(|rule| rule.prefer.region.as_ref().is_none_or(region_open))
        .collect();
    speaking.sort_by_key(|rule| Reverse(rule.weight));
    let open = allowed(&mode.tiers);
    let why = || {
        format!(
            "{} offers it on {} only; the tier here is {}",
            product.title,
            either(&mode.tiers),
            capitalized(tier.unwrap_or_default())
        )
    };
    Ranked {
        mode: name.to_owned(),
        target,
        region: best_region(&speaking),
        score: speaking.iter().map(|rule| u32::from(rule.weight)).sum(),
        reasons: speaking.iter().map(|rule| rule.because.clone()).collect(),
        open,
        closed_because: (!open).then(why),
    }
}

/// Finds the region that the rules speak for most loudly; the first of them on a tie.
fn best_region(speaking: &[&Rule]) -> Option<String> {
    let mut sums: Vec<(&String, u32)> = Vec::new();
    for rule in speaking {
        let Some(region) = &rule.prefer.region else {
            continue;
        };
        match sums.iter_mut().find(|(known, _)| *known == region) {
            Some((_, sum)) => *sum += u32::from(rule.weight),
            None => sums.push((region, u32::from(rule.weight))),
        }
    }
    let loudest = sums.iter().map(|(_, sum)| *sum).max()?;
    sums.into_iter()
        .find(|(_, sum)| *sum == loudest)
        .map(|(region, _)| region.clone())
}
