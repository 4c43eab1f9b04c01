//! What is told while something takes its time.

/// Says how something goes that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A task was started, or found again; its ARN finds it for as long as ECS knows it.
    Task(String),
    /// A container wrote a line.
    Line(String),
    /// This happened.
    Event(String),
    /// This is waited for now.
    WaitingFor(String),
    /// So much of a hundred is done.
    Percent(u8),
}

/// Hears how something goes.
pub type Listener<'a> = dyn FnMut(Told) + Send + 'a;

/// What is waited for while calls do not come through.
pub(super) const OUT_OF_REACH: &str = "AWS, which does not answer";

/// Tells what is waited for once, and not with every look.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    last: Option<String>,
}

impl Waiting {
    pub(super) fn tell(&mut self, what: impl Into<String>, tell: &mut Listener<'_>) {
        let what = what.into();
        if self.last.as_ref() != Some(&what) {
            tell(Told::WaitingFor(what.clone()));
            self.last = Some(what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_not_told_twice_in_a_row() {
        let mut told = Vec::new();
        let mut waiting = Waiting::default();
        for what in ["a", "a", "b", "a"] {
            waiting.tell(what, &mut |news| told.push(news));
        }
        assert_eq!(
            told,
            ["a", "b", "a"].map(|what| Told::WaitingFor(what.to_owned()))
        );
    }
}
