//! `landfall recommend`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::deployment::Answers;
use crate::wizard::{Ranked, apply_all, rank};

/// Options of `recommend`.
#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// The product's name, or the path of its folder.
    pub product: String,
    /// What matters, as `facts.KEY=VALUE`, or `tier=TIER`; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// Ranks the modes.
pub fn run(context: &Context, args: &RecommendArgs) -> Result {
    let entry = context.catalog().open(&args.product)?;
    let product = entry.product();
    let mut answers = Answers::new(&args.product, &product.name);
    if let Some(other) = args
        .set
        .iter()
        .find(|pair| !pair.starts_with("facts.") && !pair.starts_with("tier="))
    {
        let facts: Vec<String> = product
            .facts
            .iter()
            .map(|fact| format!("facts.{}", fact.key))
            .collect();
        let error = CommandError::new(
            Exit::Usage,
            // The key alone: the value may be a secret.
            format!(
                "`{}` does not matter for choosing a mode",
                other.split('=').next().unwrap_or_default()
            ),
        );
        return Err(error.hint(format!("known: tier, {}", facts.join(", "))));
    }
    apply_all(product, &mut answers, &args.set).map_err(super::init::refused)?;
    let facts = crate::deployment::outline(product, &answers)
        .facts
        .into_iter()
        .collect();
    let ranking = rank(product, &facts, answers.tier.as_deref());
    context.show(&ranking, || {
        ranking
            .iter()
            .enumerate()
            .map(|(index, ranked)| line(index + 1, ranked))
            .collect()
    });
    Ok(Exit::Done)
}

fn line(place: usize, ranked: &Ranked) -> String {
    let region = ranked
        .region
        .as_ref()
        .map_or_else(String::new, |region| format!(" in {region}"));
    let mut text = format!("{place:>2}. {}{region} ({})\n", ranked.name(), ranked.score);
    for reason in &ranked.reasons {
        text.push_str(&format!("      {reason}\n"));
    }
    if let Some(closed) = &ranked.closed_because {
        text.push_str(&format!("      not open: {closed}\n"));
    }
    text
}
