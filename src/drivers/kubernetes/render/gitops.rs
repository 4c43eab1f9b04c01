//! What Argo CD or Flux needs to apply the same charts and values.

use serde::Serialize;

use super::super::place::{GitOps, Place, SERVICES_VALUES};
use crate::deployment::{Deployment, Part};
use crate::render::{Artifacts, RenderError, Templates};

/// The values that make the migration part of the release.
pub(super) const MIGRATION: &str = "migration.yaml";

#[derive(Serialize)]
struct Context<'a> {
    title: &'a str,
    version: &'a str,
    name: &'a str,
    namespace: &'a str,
    repository: &'a str,
    branch: &'a str,
    path: String,
    /// Where Argo CD looks for Applications, and to whose project they belong.
    home: &'a str,
    project: &'a str,
    services: bool,
    migration: bool,
    run: String,
}

/// Renders the objects of the tool that applies, below `gitops/`.
pub(super) fn render(
    deployment: &Deployment,
    part: &Part,
    place: &Place,
    templates: &Templates,
    artifacts: &mut Artifacts,
) -> Result<(), RenderError> {
    let options = &place.options;
    let folder = options
        .gitops_path
        .as_deref()
        .unwrap_or_default()
        .trim_matches('/');
    let path = match folder.is_empty() {
        true => part.name.clone(),
        false => format!("{folder}/{}", part.name),
    };
    let context = Context {
        title: &deployment.title,
        version: deployment.version.as_str(),
        name: &place.name,
        namespace: &options.namespace,
        repository: options.gitops_repository.as_deref().unwrap_or_default(),
        branch: &options.gitops_branch,
        path,
        home: &options.gitops_namespace,
        project: &options.gitops_project,
        services: artifacts.get(SERVICES_VALUES.into()).is_some(),
        migration: part.migration.is_some(),
        // A migration is run again when anything of the deployment changes, and can be repeated.
        run: deployment.digest().short(),
    };
    let (objects, migration) = match options.gitops {
        GitOps::None => return Ok(()),
        GitOps::Argocd => ("argocd.yaml", "argocd-migration.yaml"),
        GitOps::Flux => ("flux.yaml", "flux-migration.yaml"),
    };
    artifacts.add(format!("gitops/{objects}"), templates.render(objects, &context)?);
    if context.migration {
        artifacts.add(MIGRATION, templates.render(migration, &context)?);
    }
    Ok(())
}
