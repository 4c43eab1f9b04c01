//! What is planned for an account, given what was seen there.

use std::collections::BTreeMap;

use landfall::deployment::Deployment;
use landfall::drivers::aws::{self, Observed, ObservedLayer, ObservedService};
use landfall::drivers::{Crossing, DataMove};
use landfall::oci::Digest;
use landfall::plan::{Action, AwsAction, LayerChange, Step, Undo};

use crate::fixtures::Example;

const LAYERS: [&str; 4] = ["bootstrap", "foundation", "data", "application"];

fn deployment() -> Deployment {
    Example::named("sample-aws").deployment()
}

fn change(action: &str) -> LayerChange {
    LayerChange {
        resources: BTreeMap::from([("aws_vpc.this".to_owned(), action.to_owned())]),
        digest: Some(Digest::of("a plan")),
        preview: false,
    }
}

/// An account in which nothing is.
fn empty() -> Observed {
    let layer = ObservedLayer {
        resources: 0,
        change: change("create"),
        ..ObservedLayer::default()
    };
    Observed {
        layers: LAYERS.map(|name| (name.to_owned(), layer.clone())).into(),
        ..Observed::default()
    }
}

/// An account in which everything is as it should be.
fn settled(deployment: &Deployment) -> Observed {
    let layer = ObservedLayer {
        resources: 7,
        ..ObservedLayer::default()
    };
    let service = |name: &str| ObservedService {
        definition: Some(format!("arn:{name}:1")),
        in_line: true,
        stopped: false,
        settled: true,
    };
    let components = deployment.parts["main"].components.iter();
    Observed {
        installed: Some(deployment.version.to_string()),
        layers: LAYERS.map(|name| (name.to_owned(), layer.clone())).into(),
        services: components
            .map(|it| (it.name.clone(), service(&it.name)))
            .collect(),
        ..Observed::default()
    }
}

fn ids(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.id.as_str()).collect()
}

#[test]
fn nothing_becomes_everything_and_no_task_runs_before_what_it_needs() {
    let deployment = deployment();
    let steps = aws::up(&deployment, &deployment.parts["main"], &empty());
    assert_eq!(
        ids(&steps),
        [
            "bootstrap/apply",
            "foundation/apply",
            "data/apply",
            "application/apply",
            "database/user",
            "database/migrate",
            "services/roll",
            "services/verify"
        ]
    );
    for (index, step) in steps.iter().enumerate().skip(1) {
        let before = &steps[index - 1].id;
        assert!(step.needs.contains(before), "{} waits for {before}", step.id);
    }
    let stay = steps[..7].iter().all(|step| matches!(step.undo, Undo::Stays(_)));
    assert!(
        stay,
        "what was paid for with an hour of waiting is not thrown away"
    );
}

#[test]
fn what_is_as_it_should_be_is_left_alone() {
    let deployment = deployment();
    let part = &deployment.parts["main"];
    let mut seen = settled(&deployment);
    assert_eq!(ids(&aws::up(&deployment, part, &seen)), [""; 0]);
    seen.services.get_mut("api").unwrap().in_line = false;
    let steps = aws::up(&deployment, part, &seen);
    assert_eq!(ids(&steps), ["services/roll", "services/verify"]);
    let Action::Aws(AwsAction::RollOut { services, .. }) = &steps[0].action else {
        panic!("{:?}", steps[0].action);
    };
    assert_eq!(services.keys().collect::<Vec<_>>(), ["api"]);
    assert_eq!(services["api"].from.as_deref(), Some("arn:api:1"));
}

#[test]
fn an_upgrade_saves_registers_migrates_and_rolls_in_that_order() {
    let deployment = deployment();
    let mut seen = settled(&deployment);
    seen.layers.get_mut("application").unwrap().change = change("replace");
    let data = DataMove::Migrate {
        or_keep: Some("the old version works".to_owned()),
    };
    let crossing = Crossing {
        from: &deployment,
        data: &data,
        first: true,
        last: true,
    };
    let mut steps = Vec::new();
    aws::cross(
        &deployment,
        &deployment.parts["main"],
        &seen,
        crossing,
        &mut steps,
    )
    .unwrap();
    assert_eq!(
        ids(&steps),
        [
            "services/baseline",
            "database/save",
            "application/apply",
            "database/migrate",
            "services/roll",
            "services/verify"
        ]
    );
    let opens: Vec<&Step> = steps.iter().filter(|step| step.opens).collect();
    assert_eq!(
        opens.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(),
        ["services/roll"]
    );
    let migrate = &steps[3];
    assert!(migrate.needs.contains(&steps[1].id) && migrate.needs.contains(&steps[2].id));
    assert!(matches!(steps[2].undo, Undo::Revert(_)) && matches!(steps[4].undo, Undo::Revert(_)));
}

#[test]
fn data_that_would_have_to_be_put_back_is_not_risked() {
    let deployment = deployment();
    let crossing = Crossing {
        from: &deployment,
        data: &DataMove::Migrate { or_keep: None },
        first: true,
        last: true,
    };
    let seen = settled(&deployment);
    let error = aws::cross(
        &deployment,
        &deployment.parts["main"],
        &seen,
        crossing,
        &mut Vec::new(),
    );
    assert!(error.unwrap_err().to_string().contains("cannot do that on AWS"));
}

#[test]
fn data_goes_only_when_it_is_asked_for_and_last() {
    let deployment = deployment();
    let part = &deployment.parts["main"];
    let seen = settled(&deployment);
    assert_eq!(
        ids(&aws::destroy(&deployment, part, &seen, false)),
        ["application/remove"]
    );
    let all = aws::destroy(&deployment, part, &seen, true);
    let removed = [
        "application/remove",
        "data/remove",
        "foundation/remove",
        "bootstrap/remove",
    ];
    assert_eq!(ids(&all), removed);
    assert_eq!(ids(&aws::destroy(&deployment, part, &empty(), true)), [""; 0]);
    // What an apply that was cut short made may be in no state.
    let mut cut_short = empty();
    cut_short.layers.get_mut("data").unwrap().is_unfinished = true;
    let steps = aws::destroy(&deployment, part, &cut_short, true);
    assert_eq!(ids(&steps), ["data/remove"]);
}

#[test]
fn stopping_suspends_autoscaling_first() {
    let deployment = deployment();
    let part = &deployment.parts["main"];
    let mut seen = settled(&deployment);
    let steps = aws::stop(&deployment, part, &seen);
    assert_eq!(ids(&steps), ["autoscaling/suspend", "services/stop"]);
    for service in seen.services.values_mut() {
        service.stopped = true;
    }
    assert_eq!(ids(&aws::stop(&deployment, part, &seen)), [""; 0]);
    assert_eq!(
        ids(&aws::up(&deployment, part, &seen)),
        ["services/roll", "services/verify"]
    );
}
