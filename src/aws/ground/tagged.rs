//! What carries a tag.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::plain::Api;
use crate::tools::CancelToken;

/// Something that carries tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    pagination_token: String,
    #[serde(default)]
    resource_tag_mapping_list: Vec<Mapping>,
}

#[derive(Debug, Deserialize)]
struct Mapping {
    #[serde(rename = "ResourceARN")]
    arn: String,
    #[serde(default, rename = "Tags")]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

impl From<Mapping> for Tagged {
    fn from(mapping: Mapping) -> Self {
        let tags = mapping.tags.into_iter();
        Self {
            arn: mapping.arn,
            tags: tags.map(|tag| (tag.key, tag.value)).collect(),
        }
    }
}

impl Aws {
    /// Lists what carries all of these tags in the region.
    ///
    /// What was deleted a short while ago may still be told.
    ///
    /// # Errors
    /// [`AwsError`] when AWS's tagging cannot be asked, or may not be.
    pub async fn tagged(&self, tags: &[(&str, &str)], cancel: &CancelToken) -> Result<Vec<Tagged>, AwsError> {
        let given: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let doing = format!("list what is tagged {}", given.join(", "));
        let filters: Vec<Value> = tags
            .iter()
            .map(|(key, value)| json!({ "Key": key, "Values": [value] }))
            .collect();
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let which = json!({ "TagFilters": filters, "PaginationToken": token });
            let call = (Api::TAGGING, "GetResources");
            let page: Page = self.json((&doing, cancel), call, &which).await?;
            found.extend(page.resource_tag_mapping_list.into_iter().map(Tagged::from));
            token = page.pagination_token;
            if token.is_empty() {
                return Ok(found);
            }
        }
    }
}
