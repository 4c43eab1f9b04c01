//! `landfall license`

use camino::Utf8PathBuf;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::up::{approve_and_begin, not_installed, ready};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::cli::licenses::{self, advice, refuse_unusable, sentence};
use crate::cli::session::{Aim, Session, clock, installed_deployment};
use crate::drivers;
use crate::license::{Given, License, Period, Policy, Report, RequiredClaim, check, issue};
use crate::product::Entry;
use crate::secret::Secret;

/// Options of `license`.
#[derive(Debug, Args)]
pub struct LicenseArgs {
    #[command(subcommand)]
    command: LicenseCommand,
}

#[derive(Debug, Subcommand)]
enum LicenseCommand {
    /// Show what a license says and how it is judged: the one in force, or one in a file.
    Show(TokenArgs),
    /// Check a license by the product's rules; exits with 4 when it is not usable.
    Check {
        #[command(flatten)]
        token: TokenArgs,
        /// A file with a JSON list of revoked license ids.
        #[arg(long, value_name = "FILE")]
        revoked: Option<Utf8PathBuf>,
        /// The tier that is needed.
        #[arg(long, value_name = "TIER")]
        tier: Option<String>,
    },
    /// Put the license in force that the answers lead to, without a restart where the product can.
    ///
    /// Put the new license where `services.<name>.token` leads to, or change that answer. It is checked before anything is
    /// touched; when an instance refuses it, the old one stays in force everywhere.
    Rotate,
    /// Issue a license (vendors).
    Issue(Box<IssueArgs>),
}

#[derive(Debug, Args)]
struct TokenArgs {
    /// The file with the license, a signed JWT; the one in force here unless given.
    // Not called `file`: that is the id of a global option.
    #[arg(value_name = "FILE")]
    license: Option<Utf8PathBuf>,
    /// The product; the one of the answers file unless given.
    #[arg(long, value_name = "PRODUCT", requires = "license")]
    product: Option<String>,
}

#[derive(Debug, Args)]
struct IssueArgs {
    /// The product.
    #[arg(long, value_name = "PRODUCT")]
    product: String,
    /// The private key that signs it (PEM, RSA).
    #[arg(long, value_name = "FILE")]
    key: Utf8PathBuf,
    /// The customer.
    #[arg(long, value_name = "NAME")]
    customer: String,
    /// The tier.
    #[arg(long, value_name = "TIER")]
    tier: Option<String>,
    /// How many may use it.
    #[arg(long, value_name = "N")]
    seats: Option<u64>,
    /// A feature that is switched on; may be given several times.
    #[arg(long = "feature", value_name = "NAME")]
    features: Vec<String>,
    /// How long it lasts, such as `365d`.
    #[arg(long, default_value = "365d", value_name = "DURATION")]
    lasts: String,
    /// Its id; made of customer and time unless given.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Who issues it.
    #[arg(long, default_value = "vendor", value_name = "NAME")]
    issuer: String,
}

/// Carries out `license`.
pub async fn run(context: &Context, args: LicenseArgs) -> Result {
    match args.command {
        LicenseCommand::Show(token) => {
            let report = judge(context, &token, &[], None).await?;
            context.show(&report, || describe(&report));
            Ok(Exit::Done)
        }
        LicenseCommand::Check { token, revoked, tier } => {
            let revoked: Vec<String> = match &revoked {
                Some(file) => serde_json::from_str(&read(file)?)
                    .map_err(|error| CommandError::from_error(Exit::Input, &error))?,
                None => Vec::new(),
            };
            let report = judge(context, &token, &revoked, tier.as_deref()).await?;
            context.show(&report, || describe(&report));
            Ok(if report.verdict.is_usable() {
                Exit::Done
            } else {
                Exit::Blocked
            })
        }
        LicenseCommand::Rotate => rotate(context).await,
        LicenseCommand::Issue(args) => sign(context, &args),
    }
}

fn read(file: &Utf8PathBuf) -> Result<String> {
    fs_err::read_to_string(file).map_err(|error| CommandError::from_error(Exit::Input, &error))
}

/// Finds the product's rules for licenses.
fn policy(entry: &Entry) -> Result<Policy> {
    entry
        .product()
        .services
        .values()
        .find_map(|service| service.license.clone())
        .ok_or_else(|| CommandError::new(Exit::Input, format!("{} needs no license", entry.product().title)))
}

async fn judge(
    context: &Context,
    token: &TokenArgs,
    revoked: &[String],
    tier: Option<&str>,
) -> Result<Report> {
    let entry = match &token.product {
        Some(product) => context.catalog().open(product)?,
        None => Session::open(context)?.product()?,
    };
    let policy = policy(&entry)?;
    let key = policy
        .key
        .as_ref()
        .map(|key| entry.files.read(key.as_str()))
        .transpose()?;
    let given = Given {
        key_pem: key.as_ref().map(String::as_bytes),
        now: clock().now(),
        revoked,
        product: policy.product.as_deref(),
        tier,
    };
    let text = match &token.license {
        Some(file) => Secret::new(read(file)?),
        None => in_force(context).await?,
    };
    Ok(check(text.expose().trim(), &policy, &given)?)
}

/// Reads the license that what is installed was given last.
async fn in_force(context: &Context) -> Result<Secret> {
    let history = Session::open(context)?.installation()?.history().await?;
    let deployment = installed_deployment(&history)?.ok_or_else(|| {
        not_installed().hint("or name a file: landfall license show FILE --product PRODUCT")
    })?;
    let stored = drivers::stored_licenses(&context.world()?, &deployment).await?;
    let license = stored.into_values().next();
    license.ok_or_else(|| CommandError::new(Exit::Input, "what is installed has no license"))
}

/// Puts the license in force that the answers lead to; all else stays as it was installed.
async fn rotate(context: &Context) -> Result {
    let session = Session::open(context)?;
    let installation = session.installation()?;
    let history = installation.history().await?;
    ready(&history)?;
    let mut deployment = installed_deployment(&history)?.ok_or_else(not_installed)?;
    if history.stopped {
        let error = CommandError::new(
            Exit::Input,
            "the product is stopped, so that nothing takes a license",
        );
        return Err(error.hint("`landfall up` starts it with the new one"));
    }
    let answered = session.deployment_of(Some(&deployment.version))?;
    if answered.licenses().next().is_none() || deployment.licenses().next().is_none() {
        let error = CommandError::new(Exit::Input, "there is no license here that could be rotated");
        return Err(error.hint("name one in the answers, `services.<name>.token`, then `landfall up`"));
    }
    deployment.take_licenses(&answered);
    let tokens = drivers::given_licenses(&context.world()?, &deployment)
        .map_err(|error| CommandError::from_error(Exit::Input, &error))?;
    for (service, report) in licenses::judge(&session, &deployment, &tokens)? {
        refuse_unusable(&service, &report)?;
        context.say(format!("license: {}", sentence(&report)));
        if let Some(advice) = advice(&report) {
            context.say(format!("note: {advice}"));
        }
    }
    let aim = Aim::Rotate(Box::new(deployment));
    approve_and_begin(&session, &installation, &history, aim, None).await
}

/// Writes a report as people read it.
pub fn describe(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("{name:<12} {value}\n"));
        }
    };
    line("verdict", Some(format!("{:?}", report.verdict)));
    line("signature", Some(format!("{:?}", report.signature)));
    if let Some(license) = &report.license {
        line("product", license.product.clone());
        line("customer", license.customer.clone());
        line("tier", license.tier.clone());
        line("seats", license.seats.map(|seats| seats.to_string()));
        line(
            "features",
            Some(license.features.join(", ")).filter(|features| !features.is_empty()),
        );
        line("id", license.id.clone());
        line("expires", license.expires.map(|at| at.to_string()));
    }
    line("days left", report.days_left.map(|days| days.to_string()));
    for finding in &report.findings {
        line("finding", Some(finding.to_string()));
    }
    text
}

/// Refuses to sign what the product would refuse to take.
fn refuse_incomplete(entry: &Entry, policy: &Policy, license: &License) -> Result<()> {
    let missing = policy.missing(license);
    if missing.is_empty() {
        return Ok(());
    }
    let flag = |claim: &RequiredClaim| match claim {
        RequiredClaim::Tier => "--tier TIER",
        RequiredClaim::Seats => "--seats N",
        RequiredClaim::Features => "--feature NAME",
    };
    let names: Vec<String> = missing.iter().map(|(_, name)| format!("`{name}`")).collect();
    let flags: Vec<&str> = missing.iter().map(|(claim, _)| flag(claim)).collect();
    let what = format!(
        "{} takes no license without {}",
        entry.product().title,
        names.join(", ")
    );
    Err(CommandError::new(Exit::Usage, what).hint(format!("give {}", flags.join(" "))))
}

fn sign(context: &Context, args: &IssueArgs) -> Result {
    let entry = context.catalog().open(&args.product)?;
    let policy = policy(&entry)?;
    let now = clock().now();
    let lasts: Period = args.lasts.parse().map_err(|_| {
        CommandError::new(
            Exit::Usage,
            format!("`{}` is no duration such as 365d", args.lasts),
        )
    })?;
    let seconds = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let expires = seconds
        .checked_add(lasts.duration())
        .map_err(|error| CommandError::from_error(Exit::Usage, &error))?;
    let license = License {
        issuer: Some(args.issuer.clone()),
        customer: Some(args.customer.clone()),
        id: Some(
            args.id
                .clone()
                .unwrap_or_else(|| format!("{}-{}", args.customer, now.as_second())),
        ),
        product: policy
            .product
            .clone()
            .or_else(|| Some(entry.product().name.clone())),
        tier: args.tier.clone(),
        seats: args.seats,
        features: args.features.clone(),
        issued: Some(seconds),
        not_before: None,
        expires: Some(expires),
        ..License::default()
    };
    refuse_incomplete(&entry, &policy, &license)?;
    let key = fs_err::read(&args.key).map_err(|error| CommandError::from_error(Exit::Input, &error))?;
    context.data(&format!("{}\n", issue(&license, &policy, &key)?));
    Ok(Exit::Done)
}
