//! The schemas that are committed are those that the code generates.

use landfall::{deployment, product};

use crate::fixtures::{bless, root};

#[test]
fn committed_schemas_are_current() {
    let schemas = [
        ("products/product.schema.json", product::schema()),
        ("docs/reference/product.schema.json", product::schema()),
        ("docs/reference/answers.schema.json", deployment::answers_schema()),
        ("docs/reference/release.schema.json", product::release_schema()),
    ];
    for (path, schema) in schemas {
        let full = root().join(path);
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if bless() {
            fs_err::create_dir_all(full.parent().unwrap()).unwrap();
            fs_err::write(&full, &text).unwrap();
        }
        let committed = fs_err::read_to_string(&full).unwrap_or_default();
        assert!(
            committed == text,
            "{path} is not current; LANDFALL_BLESS=1 rewrites it"
        );
    }
}
