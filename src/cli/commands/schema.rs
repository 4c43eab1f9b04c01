//! `landfall schema`

use clap::{Args, ValueEnum};

use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;
use crate::deployment::Answers;
use crate::product::{Product, Release};

/// Options of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which file's.
    pub of: SchemaOf,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SchemaOf {
    /// A product definition, `product.yaml`.
    Product,
    /// An answers file, `landfall.yaml`.
    Answers,
    /// A release.
    Release,
}

/// Prints a JSON Schema.
pub fn run(context: &Context, args: &SchemaArgs) -> Result {
    let schema = match args.of {
        SchemaOf::Product => schemars::schema_for!(Product),
        SchemaOf::Answers => schemars::schema_for!(Answers),
        SchemaOf::Release => schemars::schema_for!(Release),
    };
    context.data(&format!(
        "{}\n",
        serde_json::to_string_pretty(&schema).unwrap_or_default()
    ));
    Ok(Exit::Done)
}
