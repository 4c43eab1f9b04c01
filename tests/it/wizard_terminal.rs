//! A pseudo-terminal with `landfall` on it, read and answered as a person does it.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Child;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, tcgetattr};

use crate::common::TestEnv;

/// Nothing that happens between two questions takes longer, even on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

/// What dialoguer writes when a question was answered, well or badly, or left with Esc: by one of these it is known
/// that keys were read. The last shows the cursor, which a selection hides.
const READ: [&str; 3] = ["✔", "✘", "\u{1b}[?25h"];

/// Goes back from a selection.
pub const ESC: &str = "\u{1b}";
/// Interrupts.
pub const CTRL_C: &str = "\u{3}";

/// The terminal's size, as rows and columns: high enough for a summary.
pub const USUAL: (u16, u16) = (70, 100);

/// A program on a terminal.
pub struct Terminal {
    /// None after it was closed.
    pty: Option<Pty>,
    child: Child,
    screen: vt100::Parser,
    stream: String,
    /// How much of the stream was there when keys were last pressed.
    pressed: usize,
}

/// How the program ended.
pub struct Ended {
    pub code: Option<i32>,
    pub screen: String,
    pub cursor_hidden: bool,
    pub echo: bool,
    /// Everything it wrote, control sequences too.
    pub stream: String,
    pub stdout: String,
}

impl Terminal {
    /// Starts the program in the environment's folder.
    pub fn start(env: &TestEnv, args: &[&str], (rows, columns): (u16, u16)) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let mut command = env.command(args);
        command.env("TERM", "xterm").env("COLUMNS", columns.to_string());
        let child = Command::from(command)
            .stdout(File::create(env.root().join("stdout")).unwrap())
            .spawn(pts)
            .unwrap();
        Self {
            pty: Some(pty),
            child,
            screen: vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0),
            stream: String::new(),
            pressed: 0,
        }
    }

    /// Waits until a question waits for keys that answers this fragment.
    #[track_caller]
    pub fn asks(&mut self, fragment: &str) {
        assert!(self.settle(), "it ended before asking `{fragment}`:\n{self}");
        let question = self.question();
        assert!(question.contains(fragment), "`{fragment}` is not asked:\n{self}");
    }

    /// Fails unless the question that waits shows this too.
    #[track_caller]
    pub fn shows(&self, fragment: &str) {
        assert!(
            self.question().contains(fragment),
            "`{fragment}` is not shown:\n{self}"
        );
    }

    /// Answers by typing.
    pub fn types(&mut self, text: &str) {
        self.press(&format!("{text}\r"));
    }

    /// Answers by moving to the first choice with these words.
    #[track_caller]
    pub fn picks(&mut self, fragment: &str) {
        let items = self.items();
        let at = |found: Option<usize>| found.unwrap_or_else(|| panic!("no `{fragment}` to choose:\n{self}"));
        let from = at(items.iter().position(|(active, _)| *active));
        let to = at(items.iter().position(|(_, title)| title.contains(fragment)));
        let keys = if to >= from {
            "\u{1b}[B".repeat(to - from)
        } else {
            "\u{1b}[A".repeat(from - to)
        };
        self.press(&format!("{keys}\r"));
    }

    /// Presses keys, all at once: between two keys dialoguer gives the terminal back its echo.
    pub fn press(&mut self, keys: &str) {
        self.pressed = self.stream.len();
        self.pty.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Closes the terminal, as a person closes the window.
    pub fn close(&mut self) {
        self.pty = None;
    }

    /// Lists what there is to choose, and which is marked.
    pub fn items(&self) -> Vec<(bool, String)> {
        let lines = self.lines();
        let asked = lines.iter().rposition(|line| line.starts_with("? "));
        let below = lines.iter().skip(asked.map_or(lines.len(), |at| at + 1));
        below
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                (
                    line.starts_with('❯'),
                    line.trim_start_matches('❯').trim().to_owned(),
                )
            })
            .collect()
    }

    /// Everything since the last answer, on one line.
    pub fn question(&self) -> String {
        let lines = self.lines();
        let from = lines
            .iter()
            .rposition(|line| line.starts_with('✔'))
            .map_or(0, |at| at + 1);
        let words: Vec<&str> = lines[from..]
            .iter()
            .flat_map(|line| line.split_whitespace())
            .collect();
        words.join(" ")
    }

    /// Waits for the end.
    #[track_caller]
    pub fn ends(mut self, env: &TestEnv) -> Ended {
        assert!(!self.settle(), "it asks instead of ending:\n{self}");
        let began = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if began.elapsed() > LONGEST => panic!("it does not end:\n{self}"),
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        Ended {
            code: status.code(),
            screen: self.screen.screen().contents(),
            cursor_hidden: self.screen.screen().hide_cursor(),
            echo: self.pty.as_ref().is_some_and(|pty| {
                let modes = tcgetattr(pty).unwrap().local_modes;
                modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
            }),
            stream: std::mem::take(&mut self.stream),
            stdout: fs_err::read_to_string(env.root().join("stdout")).unwrap(),
        }
    }

    fn lines(&self) -> Vec<String> {
        self.screen
            .screen()
            .contents()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Waits until the program waits for keys; false when it has ended.
    #[track_caller]
    fn settle(&mut self) -> bool {
        let mut moved = Instant::now();
        while self.pty.is_some() {
            match self.read(Duration::from_millis(5)) {
                Some(true) => moved = Instant::now(),
                Some(false) if self.waits() => return true,
                Some(false) => assert!(moved.elapsed() < LONGEST, "nothing moves:\n{self}"),
                None => break,
            }
        }
        false
    }

    /// Says whether the last keys were read and the next are waited for.
    fn waits(&self) -> bool {
        let since = &self.stream[self.pressed..];
        let read = self.pressed == 0 || READ.iter().any(|mark| since.contains(mark));
        let raw = |pty: &Pty| !tcgetattr(pty).unwrap().local_modes.contains(LocalModes::ICANON);
        let lines = self.lines();
        let mut last = lines
            .iter()
            .rev()
            .filter(|line| line.starts_with(['?', '✔', '✘']));
        read && last.next().is_some_and(|line| line.starts_with('?')) && self.pty.as_ref().is_some_and(raw)
    }

    /// Reads what there is; none at the end.
    fn read(&mut self, longest: Duration) -> Option<bool> {
        let pty = self.pty.as_mut()?;
        let timeout = Timespec::try_from(longest).unwrap();
        let ready = poll(&mut [PollFd::new(&*pty, PollFlags::IN)], Some(&timeout)).unwrap();
        if ready == 0 {
            return Some(false);
        }
        let mut bytes = [0; 4096];
        // The end is an error here: nobody holds the other side any more.
        let count = pty.read(&mut bytes).ok().filter(|count| *count > 0)?;
        self.screen.process(&bytes[..count]);
        self.stream.push_str(&String::from_utf8_lossy(&bytes[..count]));
        Some(true)
    }
}

impl fmt::Display for Terminal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}\n{}",
            "─".repeat(40),
            self.screen.screen().contents()
        )
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed leaves nobody waiting for keys.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
