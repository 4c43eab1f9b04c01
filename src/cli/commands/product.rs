//! `landfall product`

use camino::Utf8PathBuf;
use clap::{Args, Subcommand};

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::product::{ProductError, scaffold};

/// Options of `product`.
#[derive(Debug, Args)]
pub struct ProductArgs {
    #[command(subcommand)]
    command: ProductCommand,
}

#[derive(Debug, Subcommand)]
enum ProductCommand {
    /// Write a first definition to start from.
    New {
        /// The product's name: lower case letters, digits and dashes.
        name: String,
        /// The folder that holds products.
        #[arg(long, default_value = "products", value_name = "DIR")]
        folder: Utf8PathBuf,
    },
    /// Check a definition: types, names, expressions, files.
    Check {
        /// The product's name, or the path of its folder; all known unless given.
        // Not called `products`: that is the id of a global option.
        #[arg(value_name = "PRODUCT")]
        names: Vec<String>,
    },
    /// List the known products.
    List,
}

/// Carries out `product`.
pub fn run(context: &Context, args: ProductArgs) -> Result {
    match args.command {
        ProductCommand::New { name, folder } => {
            let sound = name.starts_with(|first: char| first.is_ascii_lowercase())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if !sound {
                let what = format!(
                    "`{name}` is no name for a product: expected lower case letters, digits and dashes"
                );
                return Err(CommandError::new(Exit::Input, what));
            }
            let path = scaffold(&folder, &name)?;
            context.data(&format!("{path}\n"));
            context.say(format!(
                "edit it, then check it with: landfall product check {}",
                folder.join(name)
            ));
            Ok(Exit::Done)
        }
        ProductCommand::Check { names } => check(context, names),
        ProductCommand::List => {
            let names = context.catalog().names();
            context.show(&names, || names.iter().map(|name| format!("{name}\n")).collect());
            Ok(Exit::Done)
        }
    }
}

fn check(context: &Context, names: Vec<String>) -> Result {
    let catalog = context.catalog();
    let names = if names.is_empty() { catalog.names() } else { names };
    let mut problems = Vec::new();
    for name in &names {
        match catalog.open(name) {
            Ok(entry) => match entry.releases() {
                Ok(releases) => context.say(format!("{name} is sound ({} releases)", releases.len())),
                Err(ProductError::Invalid { problems: found, .. }) => problems.extend(found.0),
                Err(error) => return Err(error.into()),
            },
            Err(ProductError::Invalid { problems: found, .. }) => problems.extend(found.0),
            Err(error) => return Err(error.into()),
        }
    }
    if problems.is_empty() {
        return Ok(Exit::Done);
    }
    let what = format!(
        "{} found",
        if problems.len() == 1 {
            "a problem was"
        } else {
            "problems were"
        }
    );
    Err(CommandError {
        problems: Some(crate::document::Problems(problems)),
        ..CommandError::new(Exit::Input, what)
    })
}
