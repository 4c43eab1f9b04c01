//! What each target asks: `templates/<target>/options.yaml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::product::{Question, Target};

static OPTIONS: LazyLock<BTreeMap<Target, Vec<Question>>> = LazyLock::new(|| {
    let texts = [
        (Target::Aws, include_str!("../../templates/aws/options.yaml")),
        (Target::Azure, include_str!("../../templates/azure/options.yaml")),
        (
            Target::Kubernetes,
            include_str!("../../templates/kubernetes/options.yaml"),
        ),
        (
            Target::Compose,
            include_str!("../../templates/compose/options.yaml"),
        ),
        (Target::Host, include_str!("../../templates/host/options.yaml")),
    ];
    let parse = |text| serde_yaml::from_str(text).expect("a unit test parses these embedded files");
    texts
        .into_iter()
        .map(|(target, text)| (target, parse(text)))
        .collect()
});

/// Returns the questions of a target.
pub fn options(target: Target) -> &'static [Question] {
    &OPTIONS[&target]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_options_with_unique_keys() {
        for target in Target::ALL {
            let mut keys: Vec<&str> = options(target)
                .iter()
                .map(|question| question.key.as_str())
                .collect();
            let count = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), count, "{target}");
        }
    }
}
