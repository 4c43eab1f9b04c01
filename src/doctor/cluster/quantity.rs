//! Amounts as people read them.

/// Writes an amount as people read it, by what it is an amount of.
pub(super) fn show(of: &str, thousandths: i128) -> String {
    let binary = of.contains("memory") || of.contains("storage");
    if !binary {
        return match thousandths % 1_000 {
            0 => (thousandths / 1_000).to_string(),
            _ => format!("{thousandths}m"),
        };
    }
    let bytes = thousandths / 1_000;
    for (suffix, size) in [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
        if bytes >= size {
            let tenths = bytes * 10 / size;
            return match tenths % 10 {
                0 => format!("{}{suffix}", tenths / 10),
                rest => format!("{}.{rest}{suffix}", tenths / 10),
            };
        }
    }
    bytes.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_by_what_they_are_of() {
        assert_eq!(show("requests.cpu", 1_500), "1500m");
        assert_eq!(show("pods", 3_000), "3");
        assert_eq!(show("requests.memory", 1_610_612_736_000), "1.5Gi");
    }
}
