//! Text in lines of a width.

use dialoguer::console::measure_text_width;

/// Breaks text between words into lines of at most a width, those after the first being indented.
///
/// A word that is wider than the line has a line of its own.
pub(super) fn wrapped(text: &str, width: usize, indent: &str) -> Vec<String> {
    let start: String = text.chars().take_while(|letter| *letter == ' ').collect();
    let mut lines = Vec::new();
    let mut line = start;
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && measure_text_width(&line) + 1 + measure_text_width(word) > width {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_break_between_words_and_are_indented() {
        assert_eq!(
            wrapped("  one two three four", 12, "    "),
            ["  one two", "    three", "    four"]
        );
        assert_eq!(
            wrapped("a-word-that-is-too-long", 8, ""),
            ["a-word-that-is-too-long"]
        );
        assert_eq!(wrapped("", 8, ""), [""]);
    }
}
