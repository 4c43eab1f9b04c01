//! `landfall cost`

use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;
use crate::cli::session::{Session, clock};
use crate::cost::{Amount, Band, Estimate, Line};
use crate::drivers::{self, PartCost};
use crate::product::Target;

/// Options of `cost`.
#[derive(Debug, Args)]
pub struct CostArgs {
    /// Say how much of something there is in a month, as `KEY=NUMBER` or `KEY=LEAST..MOST`, where the estimate
    /// assumes it; may be given several times.
    #[arg(long, value_name = "KEY=NUMBER", value_parser = assumed)]
    pub assume: Vec<(String, Band<Amount>)>,
}

/// Reads what is assumed.
fn assumed(text: &str) -> std::result::Result<(String, Band<Amount>), String> {
    let (key, band) = text
        .split_once('=')
        .ok_or("expected KEY=NUMBER or KEY=LEAST..MOST")?;
    let (low, high) = band.split_once("..").unwrap_or((band, band));
    let band: Band<Amount> = Band::new(low.parse()?, high.parse()?);
    if band.low > band.high {
        return Err("the least stands before the most".to_owned());
    }
    Ok((key.to_owned(), band))
}

/// Tells what a month costs; asks nobody and changes nothing.
pub fn run(context: &Context, args: &CostArgs) -> Result {
    let deployment = Session::open(context)?.deployment()?;
    let today = clock().now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let parts = drivers::cost(&deployment, &args.assume, today)?;
    let value = json!({ "installation": deployment.name, "parts": parts });
    context.show(&value, || {
        let told = parts
            .iter()
            .filter_map(|it| Some(describe(&it.part, it.estimate.as_ref()?)));
        told.collect::<Vec<_>>().join("\n")
    });
    for part in &parts {
        match &part.estimate {
            Some(estimate) => warnings(estimate).iter().for_each(|warning| context.say(warning)),
            None => context.say(format!("part `{}`: {}", part.part, no_estimate(part))),
        }
    }
    Ok(Exit::Done)
}

/// Says why there is nothing to estimate.
fn no_estimate(part: &PartCost) -> String {
    match part.target {
        None => "the vendor runs it, and says what it costs".to_owned(),
        Some(target @ (Target::Aws | Target::Azure)) => {
            format!("this version of landfall has no prices of {}", target.title())
        }
        Some(target) => format!(
            "nothing to estimate, because it runs on {}, on machines of your own",
            target.title()
        ),
    }
}

fn warnings(estimate: &Estimate) -> Vec<String> {
    let mut warnings = Vec::new();
    if estimate.old {
        warnings.push(format!(
            "warning: these prices are of {}, more than a year ago",
            estimate.date
        ));
    }
    if let Some(other) = &estimate.prices_of {
        warnings.push(format!(
            "note: the table has no prices of {}; they follow from those of {other}, and may be {} percent off",
            estimate.region, estimate.error_percent
        ));
    }
    warnings
}

fn describe(part: &str, estimate: &Estimate) -> String {
    let mut text = format!(
        "part `{part}` in {}, {} a month\n",
        estimate.region, estimate.currency
    );
    let mut layer = "";
    for line in &estimate.lines {
        if line.layer != layer {
            layer = &line.layer;
            text.push_str(&format!("\n{layer}\n"));
        }
        text.push_str(&describe_line(line));
    }
    let within = &estimate.within;
    text.push_str(&format!(
        "\ntotal {:>82}\n{:>88}\n",
        band(estimate.total),
        format!(
            "{} to {} where prices are {} percent off",
            within.low, within.high, estimate.error_percent
        )
    ));
    text.push_str(&format!(
        "\nprices of {}: {}\n\nassumed for a month; say what you know better with --assume KEY=NUMBER\n",
        estimate.date, estimate.source
    ));
    for it in &estimate.assumptions {
        let amount = format!("{} {}", it.amount, it.unit);
        text.push_str(&format!("  {:<26} {:<28} {}\n", it.key, amount, it.title));
    }
    text.push_str("\nnot counted\n");
    for it in &estimate.uncounted {
        text.push_str(&format!("  {it}\n"));
    }
    text
}

fn describe_line(line: &Line) -> String {
    let subject = if line.subject.is_empty() {
        String::new()
    } else {
        format!("{}: ", line.subject)
    };
    let what = format!("{subject}{}", line.title);
    let times = format!("{} {} x {}", line.quantity, line.per, line.price.exact());
    format!("  {what:<44} {times:<34} {:>16}\n", short(line.cost))
}

/// Writes a band the way columns take it.
fn short(band: Band<crate::cost::Money>) -> String {
    if band.low == band.high {
        band.low.to_string()
    } else {
        format!("{}-{}", band.low, band.high)
    }
}

fn band(band: Band<crate::cost::Money>) -> String {
    format!("{} to {}", band.low, band.high)
}
