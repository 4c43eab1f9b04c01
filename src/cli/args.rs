//! The command line. Documentation comments here are the help, the man page and the reference.

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::commands::{
    backup, completions, cost, destroy, doctor, drift, init, internal, license, logs, permissions, plan,
    product, prune, recommend, release, render, restore, resume, rollback, runs, schema, status, up, upgrade,
};

/// Brings a vendor's whole product up on your ground with one command, and keeps it alive there.
///
/// Start with `landfall init`, read the plan with `landfall plan`, then `landfall up`.
#[derive(Debug, Parser)]
#[command(
    name = "landfall",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Options that every verb takes.
    #[command(flatten)]
    pub global: Global,
    /// The verb.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every verb takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The answers file.
    #[arg(
        short,
        long,
        global = true,
        env = "LANDFALL_FILE",
        default_value = "landfall.yaml",
        value_name = "FILE"
    )]
    pub file: Utf8PathBuf,
    /// A folder that holds products, searched before those built in; may be given several times.
    #[arg(
        long,
        global = true,
        env = "LANDFALL_PRODUCTS",
        value_name = "DIR",
        value_delimiter = ':'
    )]
    pub products: Vec<Utf8PathBuf>,
    /// What goes to standard output: text for people or JSON for programs.
    #[arg(
        long,
        global = true,
        env = "LANDFALL_OUTPUT",
        default_value = "text",
        value_name = "FORMAT"
    )]
    pub output: OutputFormat,
    /// Write every event of a run to this file as JSON, one a line.
    #[arg(long, global = true, env = "LANDFALL_EVENTS", value_name = "FILE")]
    pub events: Option<Utf8PathBuf>,
    /// Approve what the plan shows. It answers no other question.
    #[arg(short, long, global = true, env = "LANDFALL_YES")]
    pub yes: bool,
    /// Never ask; list everything that is missing and end. So it is without a terminal.
    #[arg(long, global = true, env = "LANDFALL_NO_INPUT")]
    pub no_input: bool,
    /// Wait for the lock when another operator holds it, such as `90s` or `10m`.
    #[arg(
        long,
        global = true,
        env = "LANDFALL_LOCK_WAIT",
        default_value = "0s",
        value_name = "DURATION"
    )]
    pub lock_wait: String,
    /// When to use colours; NO_COLOR is respected.
    #[arg(
        long,
        global = true,
        env = "LANDFALL_COLOR",
        default_value = "auto",
        value_name = "WHEN"
    )]
    pub color: ColorChoice,
}

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that can.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Rank the ways to run a product, with the reasons.
    Recommend(recommend::RecommendArgs),
    /// Ask how the product should run and write the answers file.
    Init(init::InitArgs),
    /// Write the native artifacts: complete on their own, secrets as references.
    Render(render::RenderArgs),
    /// Show what would be done; save it to be applied exactly as approved.
    Plan(plan::PlanArgs),
    /// Check the ground before anything is touched.
    Doctor(doctor::DoctorArgs),
    /// Estimate what a month of it costs, offline, from a dated table of prices.
    Cost(cost::CostArgs),
    /// Print the rights that whoever applies this deployment needs, as policies to attach.
    Permissions(permissions::PermissionsArgs),
    /// Bring the product up, or in line with the answers.
    Up(up::UpArgs),
    /// Go to another release as one transaction, over those that may not be skipped.
    Upgrade(upgrade::UpgradeArgs),
    /// Go on with a run that was interrupted.
    Resume(resume::ResumeArgs),
    /// Take back an unfinished run, or go back to what was installed before the last.
    Rollback(rollback::RollbackArgs),
    /// Stop the product without removing anything.
    Stop(up::LifecycleArgs),
    /// Start what was stopped.
    Start(up::LifecycleArgs),
    /// Remove the product; data stays unless it is asked for.
    Destroy(destroy::DestroyArgs),
    /// Save everything for bad days: databases, objects, configuration, secrets; list and verify what was saved.
    Backup(backup::BackupArgs),
    /// Bring a backup back, into this installation or into a new and empty one.
    Restore(restore::RestoreArgs),
    /// Tell how the product is.
    Status(status::StatusArgs),
    /// Compare what is asked for, what was rendered and what is there; change nothing.
    Drift(drift::DriftArgs),
    /// Show what components wrote.
    Logs(logs::LogsArgs),
    /// List the runs of this installation, or show one.
    Runs(runs::RunsArgs),
    /// Remove old releases, saved databases and fetched images that going back does not need.
    Prune(prune::PruneArgs),
    /// Show, check, rotate or issue licenses.
    License(license::LicenseArgs),
    /// Start or check a product definition.
    Product(product::ProductArgs),
    /// Add or list releases of a product.
    Release(release::ReleaseArgs),
    /// Print the JSON Schema of a file format.
    Schema(schema::SchemaArgs),
    /// Print completions for a shell.
    Completions(completions::CompletionsArgs),
    /// Print the manual page.
    Man,
    /// Run Landfall's own supervisor.
    #[command(hide = true)]
    Supervise(internal::SuperviseArgs),
    /// Run the reverse proxy.
    #[command(hide = true)]
    Proxy(internal::ProxyArgs),
}
