//! The programs that an account needs.

use super::account::{PROGRAMS, program};
use crate::doctor::ToolSeen;
use crate::drivers::World;
use crate::tools::{TERRAFORM_OLDEST, Terraform};

/// Looks for Terraform, or OpenTofu where there is none.
pub async fn tools(world: &World) -> Vec<ToolSeen> {
    let version = match program(world) {
        Ok(program) => {
            let terraform = Terraform::new(program, world.environment.clone(), "/".into());
            let version = terraform.version(&world.cancel).await;
            version
                .map(|version| version.to_string())
                .map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    vec![ToolSeen {
        name: PROGRAMS[0].to_owned(),
        oldest: Some(TERRAFORM_OLDEST.to_string()),
        found: version,
        fix: Some("put a `terraform`, or a `tofu`, of that version or newer on the PATH".to_owned()),
    }]
}
