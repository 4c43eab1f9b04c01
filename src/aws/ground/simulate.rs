//! Whether somebody has rights, as IAM itself works it out.

use serde::{Deserialize, Serialize};

use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::plain::{Api, Items};
use crate::tools::CancelToken;

/// Actions on resources, under the same circumstances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// Such as `ec2:CreateVpc`.
    pub actions: Vec<String>,
    /// ARNs, or `*`.
    pub resources: Vec<String>,
    /// What conditions look at: key, type and values.
    pub context: Vec<(String, &'static str, Vec<String>)>,
}

/// An action that is denied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Denied {
    /// Such as `ec2:CreateVpc`.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// By what.
    pub by: Decision,
}

/// What denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing allows it.
    Implicit,
    /// A policy denies it.
    Explicit,
    /// The organization does not allow it.
    Organization,
    /// The boundary of who asks does not allow it.
    Boundary,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simulated {
    simulate_principal_policy_result: Page,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    is_truncated: bool,
    marker: Option<String>,
    #[serde(default)]
    evaluation_results: Items<Evaluation>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Evaluation {
    eval_action_name: String,
    #[serde(default)]
    eval_resource_name: String,
    eval_decision: String,
    organizations_decision_detail: Option<Organization>,
    permissions_boundary_decision_detail: Option<Boundary>,
}

#[derive(Debug, Deserialize)]
struct Organization {
    #[serde(rename = "AllowedByOrganizations")]
    allows: bool,
}

#[derive(Debug, Deserialize)]
struct Boundary {
    #[serde(rename = "AllowedByPermissionsBoundary")]
    allows: bool,
}

impl Evaluation {
    fn denied(self) -> Option<Denied> {
        let organization = self.organizations_decision_detail.is_none_or(|it| it.allows);
        let boundary = self
            .permissions_boundary_decision_detail
            .is_none_or(|it| it.allows);
        let by = match self.eval_decision.as_str() {
            "allowed" => return None,
            _ if !organization => Decision::Organization,
            "explicitDeny" => Decision::Explicit,
            _ if !boundary => Decision::Boundary,
            _ => Decision::Implicit,
        };
        Some(Denied {
            action: self.eval_action_name,
            resource: self.eval_resource_name,
            by,
        })
    }
}

impl Question {
    /// Writes it as the form's fields.
    fn parameters(&self, principal: &str) -> Vec<(String, String)> {
        let mut fields = vec![("PolicySourceArn".to_owned(), principal.to_owned())];
        let lists = [("ActionNames", &self.actions), ("ResourceArns", &self.resources)];
        for (name, values) in lists {
            let numbered = values.iter().zip(1..);
            fields.extend(numbered.map(|(value, at)| (format!("{name}.member.{at}"), value.clone())));
        }
        for ((key, kind, values), at) in self.context.iter().zip(1..) {
            let entry = format!("ContextEntries.member.{at}");
            fields.push((format!("{entry}.ContextKeyName"), key.clone()));
            fields.push((format!("{entry}.ContextKeyType"), (*kind).to_owned()));
            for (value, number) in values.iter().zip(1..) {
                fields.push((format!("{entry}.ContextKeyValues.member.{number}"), value.clone()));
            }
        }
        fields
    }
}

impl Aws {
    /// Lists what of a question is denied to a user or a role.
    ///
    /// # Errors
    /// [`AwsError`] when IAM cannot be asked, or may not be.
    pub async fn denied(
        &self,
        principal: &str,
        question: &Question,
        cancel: &CancelToken,
    ) -> Result<Vec<Denied>, AwsError> {
        let doing = format!("simulate what `{principal}` may do");
        let fields = question.parameters(principal);
        let (mut denied, mut marker) = (Vec::new(), None);
        loop {
            let mut form: Vec<(&str, &str)> = fields.iter().map(|(key, value)| (&**key, &**value)).collect();
            form.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let call = (Api::IAM, "SimulatePrincipalPolicy");
            let answer: Simulated = self.query((&doing, cancel), call, &form).await?;
            let page = answer.simulate_principal_policy_result;
            denied.extend(
                page.evaluation_results
                    .items
                    .into_iter()
                    .filter_map(Evaluation::denied),
            );
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(denied);
            }
        }
    }
}
