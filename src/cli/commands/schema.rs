//! `landfall schema`

use clap::{Args, ValueEnum};

use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;
use crate::deployment::answers_schema;
use crate::product::{release_schema, schema};

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
    let value = match args.of {
        SchemaOf::Product => schema(),
        SchemaOf::Answers => answers_schema(),
        SchemaOf::Release => release_schema(),
    };
    context.data(&format!(
        "{}\n",
        serde_json::to_string_pretty(&value).unwrap_or_default()
    ));
    Ok(Exit::Done)
}
