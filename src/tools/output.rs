//! What a program wrote.

use std::collections::VecDeque;

use super::error::Said;
use crate::secret::Secret;

/// Tells the two output streams apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Holds what a program wrote and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The exit code, one of those that were said to be fine.
    pub code: i32,
    /// Standard output, with secrets replaced.
    pub stdout: String,
    /// Standard error, with secrets replaced.
    pub stderr: String,
}

/// How many lines a failure keeps.
const KEPT_LINES: usize = 20;

/// Keeps the last lines, those of standard error first in line to be shown.
#[derive(Default)]
pub(super) struct Tail {
    out: VecDeque<String>,
    err: VecDeque<String>,
}

impl Tail {
    pub(super) fn push(&mut self, stream: Stream, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let lines = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    /// Returns standard error's lines, or standard output's if there are none: many tools use only one of them.
    pub(super) fn into_said(self) -> Said {
        let lines = if self.err.is_empty() { self.out } else { self.err };
        Said(lines.into())
    }
}

/// Replaces every secret in a text.
///
/// A secret of several lines is replaced line by line too, since output arrives in lines; lines under eight
/// characters are left, or the text would turn into holes.
pub(super) fn redact<'a>(text: &str, secrets: impl Iterator<Item = &'a Secret>) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        let value = secret.expose();
        if !value.is_empty() && text.contains(value) {
            text = text.replace(value, "[secret]");
        }
        for line in value
            .lines()
            .filter(|line| line.len() >= 8 && line.len() < value.len())
        {
            if text.contains(line) {
                text = text.replace(line, "[secret]");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_one_and_of_many_lines_are_replaced() {
        let secrets = [
            Secret::new("hunter2"),
            Secret::new("first-line\nsecond-line\n"),
            Secret::new(""),
        ];
        assert_eq!(redact("a hunter2 b", secrets.iter()), "a [secret] b");
        assert_eq!(redact("x second-line", secrets.iter()), "x [secret]");
    }

    #[test]
    fn the_tail_is_bounded_and_prefers_standard_error() {
        let mut tail = Tail::default();
        for number in 0..100 {
            tail.push(Stream::Out, &format!("out {number}"));
        }
        tail.push(Stream::Err, "the reason");
        assert_eq!(tail.into_said().0, ["the reason"]);
    }
}
