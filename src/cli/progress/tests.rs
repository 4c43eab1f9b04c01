use std::sync::Arc;

use indicatif::ProgressDrawTarget;
use insta::assert_snapshot;

use super::testing::{Screen, Written, failure, failure_events, header, line, records, success};
use super::*;
use crate::journal::testing::{chain, id};
use crate::journal::{Finish, Record, RunAbout, RunState};
use crate::plan::Purpose;
use crate::run::{Events, read_events};

fn play(display: &mut dyn Display, events: &[Event]) {
    display.begin(&header()).unwrap();
    events.iter().for_each(|event| display.event(event).unwrap());
    display.end().unwrap();
}

fn events(kinds: Vec<RecordKind>) -> Vec<Event> {
    records(kinds).into_iter().map(Event::Recorded).collect()
}

fn lines(events: &[Event]) -> String {
    let written = Written::default();
    play(&mut Lines::new(written.clone()), events);
    written.text()
}

#[test]
fn lines_of_a_success() {
    assert_snapshot!(lines(&events(success())), @r"
    [1/2] do a
    [1/2] do a: done in 1.5s
    [2/2] do b
    [2/2] do b: nothing to do: it is there
    `demo` is up: sample 1.0.0 (2 steps in 7.5s)
    ");
}

#[test]
fn lines_of_a_failure_that_was_taken_back() {
    assert_snapshot!(lines(&failure_events()), @r"
    [1/2] do a
    [1/2] do a: done in 1.5s
    [2/2] do b
    [2/2] do b: failed after 1.5s: exited with status 1
        | no such image
    [2/2] do b: taking back
    [2/2] do b: taken back in 1.5s
    [1/2] do a: taking back
    [1/2] do a: taken back in 1.5s
    step `b/do` failed: exited with status 1
    `demo` is as it was before: 2 steps taken back; `landfall runs show 20260304-120000-0001` tells more
    ");
}

#[test]
fn the_last_line_says_what_state_the_world_is_in() {
    let world = |kinds: Vec<RecordKind>| lines(&events(kinds)).lines().last().unwrap().to_owned();
    let begun = || success()[..3].to_vec();
    let finished = |outcome| [begun(), vec![RecordKind::RunFinished { outcome }]].concat();
    assert_snapshot!(world([begun(), vec![RecordKind::RunInterrupted]].concat()), @"`demo` is half-way: 1 of 2 steps; `landfall resume 20260304-120000-0001` goes on, `landfall rollback 20260304-120000-0001` takes back");
    assert_snapshot!(world(begun()), @"`demo` is half-way: 1 of 2 steps; `landfall resume 20260304-120000-0001` goes on, `landfall rollback 20260304-120000-0001` takes back");
    assert_snapshot!(world(finished(Finish::Stuck { step: id("a"), because: "no".to_owned() })), @"`demo` needs a person: `a/do` is not taken back, 1 step in place; `landfall runs show 20260304-120000-0001` says why and names the ways on");
    assert_snapshot!(world(vec![RecordKind::RunStarted, RecordKind::RunFinished { outcome: Finish::Failed { because: "no".to_owned() } }]), @"`demo` is as it was before: nothing was changed; `landfall runs show 20260304-120000-0001` tells more");
}

#[test]
fn every_purpose_has_its_own_end() {
    let ends = [Purpose::Up, Purpose::Stop, Purpose::Start, Purpose::Destroy].map(|purpose| {
        let mut header = header();
        header.plan.purpose = purpose;
        let mut view = View::new(&header);
        events(success()).iter().for_each(|event| view.apply(event));
        view.world()
    });
    assert_snapshot!(ends.join("\n"), @r"
    `demo` is up: sample 1.0.0 (2 steps in 7.5s)
    `demo` is stopped (2 steps in 7.5s)
    `demo` is started: sample 1.0.0 (2 steps in 7.5s)
    `demo` is removed (2 steps in 7.5s)
    ");
}

#[test]
fn only_the_last_lines_of_a_program_are_shown() {
    let mut events = failure_events();
    let talk = (1..=30).map(|number| line("b", &format!("line {number}")));
    events.splice(4..5, talk);
    let text = lines(&events);
    assert!(!text.contains("line 20\n") && text.contains("line 21\n") && text.contains("line 30\n"));
}

#[test]
fn json_of_a_failure() {
    let written = Written::default();
    play(&mut Json::new(written.clone()), &failure_events());
    assert_snapshot!(written.text(), @r#"
    {
      "schema": "landfall/run/v1",
      "run": "20260304-120000-0001",
      "installation": "demo",
      "purpose": "up",
      "release": "sample 1.0.0",
      "outcome": "rolled-back",
      "because": "step `b/do` failed: exited with status 1",
      "seconds": 13.5,
      "world": "`demo` is as it was before: 2 steps taken back; `landfall runs show 20260304-120000-0001` tells more",
      "steps": [
        {
          "id": "a/do",
          "title": "do a",
          "standing": "undone",
          "seconds": 1.5
        },
        {
          "id": "b/do",
          "title": "do b",
          "standing": "undone",
          "seconds": 1.5
        }
      ]
    }
    "#);
}

#[test]
fn a_file_of_events_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = camino::Utf8PathBuf::try_from(folder.path().join("events")).unwrap();
    let mut stream = EventStream::create(&path).unwrap();
    stream.begin(&header()).unwrap();
    for (count, event) in failure_events().iter().enumerate() {
        stream.event(event).unwrap();
        // Each line is there at once.
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), count + 2);
    }
    stream.end().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(read_events(&text).unwrap(), (header(), failure_events()));
}

fn bars(color: bool) -> (Bars, Screen) {
    let screen = Screen::default();
    (
        Bars::new(ProgressDrawTarget::term_like(Box::new(screen.clone())), color),
        screen,
    )
}

#[test]
fn bars_show_what_runs_below_what_ended() {
    let (mut bars, screen) = bars(false);
    bars.begin(&header()).unwrap();
    let events = failure_events();
    events[..5].iter().for_each(|event| bars.event(event).unwrap());
    bars.tick(Duration::from_millis(249)).unwrap();
    assert_eq!(screen.text(), "", "nothing is drawn at first");
    bars.tick(Duration::from_millis(250)).unwrap();
    let text = screen.text();
    assert!(text.starts_with("✓ [1/2] do a: done in 1.5s\n"), "{text}");
    assert!(
        text.contains("do b (no such image)") && text.contains("1/2 sample 1.0.0"),
        "{text}"
    );
    events[5..].iter().for_each(|event| bars.event(event).unwrap());
    bars.end().unwrap();
    assert_snapshot!(screen.text(), @r"
    ✓ [1/2] do a: done in 1.5s
    ✗ [2/2] do b: failed after 1.5s: exited with status 1
        | no such image
    ✓ [2/2] do b: taken back in 1.5s
    ✓ [1/2] do a: taken back in 1.5s
    step `b/do` failed: exited with status 1
    `demo` is as it was before: 2 steps taken back; `landfall runs show 20260304-120000-0001` tells more
    ");
}

#[test]
fn colour_is_only_there_when_it_is_asked_for() {
    for color in [true, false] {
        let (mut bars, screen) = bars(color);
        play(&mut bars, &events(success()));
        assert_eq!(screen.text().contains('\x1b'), color);
    }
}

fn recorded(records: Vec<Record>) -> RecordedRun {
    let plan = chain(&["a", "b"]);
    let mut state = RunState::new(&plan);
    records.iter().for_each(|record| state.apply(record).unwrap());
    let about = RunAbout {
        format: 1,
        id: header().run,
        landfall: "0.1.0".to_owned(),
        who: "ann@here".to_owned(),
        host: "here".to_owned(),
        argv: Vec::new(),
        parent: None,
        purpose: Purpose::Up,
        plan: plan.hash,
        started: records[0].at,
    };
    RecordedRun {
        about,
        plan: Arc::new(plan),
        records,
        state,
    }
}

#[test]
fn a_recorded_run_is_shown_as_it_was_live() {
    let (before, after) = failure();
    let run = recorded(records([before, after].concat()));
    let written = Written::default();
    let log = |step: &StepId| vec![if *step == id("b") { "no such image" } else { "?" }.to_owned()];
    replay(&run, log, &mut Lines::new(written.clone())).unwrap();
    assert_eq!(written.text(), lines(&failure_events()));
}

struct Broken;

impl Display for Broken {
    fn begin(&mut self, _: &Header) -> io::Result<()> {
        Ok(())
    }
    fn event(&mut self, _: &Event) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn end(&mut self) -> io::Result<()> {
        panic!("it was left out")
    }
}

#[tokio::test]
async fn a_display_that_breaks_takes_no_other_with_it() {
    let written = Written::default();
    let (sender, receiver) = mpsc::channel(1);
    let feed = tokio::spawn(async move {
        for event in events(success()) {
            sender.send(event).await.unwrap();
        }
    });
    let displays: Vec<Box<dyn Display>> = vec![Box::new(Broken), Box::new(Lines::new(written.clone()))];
    let error = show(receiver, &header(), displays).await.unwrap_err();
    feed.await.unwrap();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert!(
        written
            .text()
            .ends_with("`demo` is up: sample 1.0.0 (2 steps in 7.5s)\n")
    );
    drop(Events::none());
}
