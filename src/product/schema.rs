//! JSON Schemas of what vendors write, for editors and checks.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Product, Release};

/// Returns the JSON Schema of a product definition.
pub fn schema() -> Value {
    described::<Product>("product", "A product's definition: product.yaml")
}

/// Returns the JSON Schema of a release.
pub fn release_schema() -> Value {
    described::<Release>("release", "One release of a product: releases/<version>.yaml")
}

/// Generates the schema of a document that people write, with an identity of its own.
pub(crate) fn described<T: JsonSchema>(name: &str, title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>();
    // An identity, not an address: nothing is fetched from there.
    schema.insert("$id".to_owned(), format!("urn:landfall:{name}:v1").into());
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}
