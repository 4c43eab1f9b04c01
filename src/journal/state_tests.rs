use super::super::testing::{chain, id, noon, plan, step};
use super::*;

/// Plays kinds of records over a plan, numbered and timed.
fn play(plan: &Plan, kinds: Vec<RecordKind>) -> Result<RunState, Illegal> {
    let mut state = RunState::new(plan);
    for kind in kinds {
        let record = Record {
            format: 1,
            sequence: state.next_sequence(),
            at: noon(),
            kind,
        };
        state.apply(&record)?;
    }
    Ok(state)
}

fn started(name: &str, attempt: u32) -> RecordKind {
    RecordKind::StepStarted {
        step: id(name),
        attempt,
    }
}

fn succeeded(name: &str) -> RecordKind {
    RecordKind::StepSucceeded {
        step: id(name),
        output: StepOutput::new(),
    }
}

fn skipped(name: &str) -> RecordKind {
    RecordKind::StepSkipped {
        step: id(name),
        because: "there".to_owned(),
        output: StepOutput::new(),
    }
}

fn failed(name: &str, may_have_changed: bool) -> RecordKind {
    RecordKind::StepFailed {
        step: id(name),
        error: "no".to_owned(),
        may_have_changed,
    }
}

fn undoing(name: &str) -> RecordKind {
    RecordKind::UndoStarted { step: id(name) }
}

fn undone(name: &str) -> RecordKind {
    RecordKind::UndoFinished { step: id(name) }
}

fn resumed() -> RecordKind {
    RecordKind::RunResumed {
        by: "ann@here".to_owned(),
        discard_writes: false,
        back: false,
    }
}

fn finished(outcome: Finish) -> RecordKind {
    RecordKind::RunFinished { outcome }
}

fn no() -> String {
    "no".to_owned()
}

const START: RecordKind = RecordKind::RunStarted;

#[test]
fn what_can_happen_is_accepted() {
    let plan = chain(&["a", "b"]);
    let stuck = Finish::Stuck {
        step: id("a"),
        because: no(),
    };
    let histories = [
        vec![
            START,
            started("a", 1),
            succeeded("a"),
            started("b", 1),
            skipped("b"),
            finished(Finish::Succeeded),
        ],
        vec![
            START,
            started("a", 1),
            failed("a", false),
            finished(Finish::Failed { because: no() }),
        ],
        vec![START, started("a", 1), resumed(), started("a", 2), succeeded("a")],
        vec![START, RecordKind::RunInterrupted, resumed(), started("a", 1)],
        vec![
            START,
            started("a", 1),
            succeeded("a"),
            started("b", 1),
            failed("b", true),
            undoing("b"),
            undone("b"),
            undoing("a"),
            resumed(),
            undoing("a"),
            undone("a"),
            finished(Finish::RolledBack { because: no() }),
        ],
        vec![
            START,
            started("a", 1),
            failed("a", true),
            undoing("a"),
            RecordKind::UndoFailed {
                step: id("a"),
                error: no(),
            },
            undoing("a"),
            RecordKind::UndoFailed {
                step: id("a"),
                error: no(),
            },
            finished(stuck),
            resumed(),
            undoing("a"),
        ],
    ];
    for history in histories {
        play(&plan, history.clone()).unwrap_or_else(|error| panic!("{error}: {history:?}"));
    }
}

fn all_refused(plan: &Plan, cases: Vec<(Vec<RecordKind>, &str)>) {
    for (history, expected) in cases {
        let error = play(plan, history.clone()).expect_err(expected);
        assert_eq!(error.to_string(), expected, "{history:?}");
    }
}

#[test]
fn what_cannot_have_happened_is_refused_and_says_why() {
    let plan = chain(&["a", "b"]);
    let a_done = [START, started("a", 1), succeeded("a")];
    let cases: Vec<(Vec<RecordKind>, &str)> = vec![
        (vec![started("a", 1)], "the run has not started"),
        (vec![START, START], "the run has started already"),
        (vec![START, started("z", 1)], "step `z/do` is not in the plan"),
        (
            vec![START, started("b", 1)],
            "step `b/do` needs `a/do`, which is not done",
        ),
        (
            vec![START, succeeded("a")],
            "step `a/do` cannot end: it has not started",
        ),
        (
            vec![START, started("a", 2)],
            "attempt 2 of step `a/do` should be attempt 1",
        ),
        (
            vec![START, started("a", 1), started("a", 2)],
            "step `a/do` cannot start: it is running",
        ),
        (
            [&a_done[..], &[started("a", 2)]].concat(),
            "step `a/do` cannot start: it is done",
        ),
        (
            [&a_done[..], &[succeeded("a")]].concat(),
            "step `a/do` cannot end: it is done",
        ),
        (
            [&a_done[..], &[undoing("b")]].concat(),
            "step `b/do` cannot be taken back: it was never started",
        ),
        (
            [&a_done[..], &[undone("a")]].concat(),
            "taking back step `a/do` cannot end: it has not begun",
        ),
        (
            [&a_done[..], &[finished(Finish::Succeeded)]].concat(),
            "the run cannot end as succeeded: step `b/do` is not done",
        ),
        (
            vec![START, started("a", 1), RecordKind::RunInterrupted],
            "step `a/do` is still running",
        ),
        (
            vec![START, started("a", 1), undoing("a")],
            "step `a/do` is still running",
        ),
        (
            vec![START, RecordKind::RunInterrupted, started("a", 1)],
            "the run is interrupted, and nobody has resumed it",
        ),
    ];
    all_refused(&plan, cases);
}

#[test]
fn a_taking_back_that_cannot_have_happened_is_refused_and_says_why() {
    let plan = chain(&["a", "b"]);
    let b_failed = [
        START,
        started("a", 1),
        succeeded("a"),
        started("b", 1),
        failed("b", true),
    ];
    let cases: Vec<(Vec<RecordKind>, &str)> = vec![
        (
            [&b_failed[..], &[undoing("a")]].concat(),
            "step `a/do` cannot be taken back before `b/do`, which needs it",
        ),
        (
            [&b_failed[..], &[undoing("b"), undone("b"), undoing("b")]].concat(),
            "step `b/do` cannot be taken back: it was already",
        ),
        (
            [&b_failed[..], &[finished(Finish::Failed { because: no() })]].concat(),
            "the run cannot end as failed: step `a/do` may have changed something",
        ),
        (
            [&b_failed[..], &[finished(Finish::RolledBack { because: no() })]].concat(),
            "the run cannot end as rolled back: step `a/do` is not taken back",
        ),
        (
            vec![
                START,
                started("a", 1),
                failed("a", false),
                finished(Finish::Failed { because: no() }),
                resumed(),
            ],
            "the run is over",
        ),
    ];
    all_refused(&plan, cases);
}

#[test]
fn nothing_starts_after_a_failure() {
    let plan = plan(vec![step("a", &[]), step("b", &[])]);
    let error = play(
        &plan,
        vec![START, started("a", 1), failed("a", false), started("b", 1)],
    )
    .unwrap_err();
    assert_eq!(error, Illegal::StartWhileUndoing { step: id("b") });
}

#[test]
fn a_gap_or_a_twin_in_the_numbers_is_refused() {
    let state = RunState::new(&chain(&["a"]));
    for sequence in [0, 2] {
        let record = Record {
            format: 1,
            sequence,
            at: noon(),
            kind: START,
        };
        assert_eq!(
            state.check(&record),
            Err(Illegal::Sequence {
                expected: 1,
                found: sequence
            })
        );
    }
}

#[test]
fn half_done_steps_are_taken_back_first_then_done_ones_from_the_last() {
    let plan = plan(vec![
        step("a", &[]),
        step("b", &["a"]),
        step("c", &["a"]),
        step("d", &["b"]),
    ]);
    let history = vec![
        START,
        started("a", 1),
        succeeded("a"),
        started("c", 1),
        started("b", 1),
        succeeded("b"),
        succeeded("c"),
        started("d", 1),
        failed("d", true),
    ];
    let state = play(&plan, history).unwrap();
    assert_eq!(state.undo_order(), ["d", "c", "b", "a"].map(id));
}

#[test]
fn a_later_attempt_that_finds_nothing_to_do_may_have_found_its_own_work() {
    let plan = chain(&["a"]);
    let once = play(&plan, vec![START, started("a", 1), skipped("a")]).unwrap();
    assert!(!once.step(&id("a")).unwrap().may_have_changed());
    let twice = play(
        &plan,
        vec![START, started("a", 1), resumed(), started("a", 2), skipped("a")],
    )
    .unwrap();
    assert!(twice.step(&id("a")).unwrap().may_have_changed());
}
