//! Amounts as Kubernetes writes them, in which a definition says what an instance needs.

/// Reads an amount in thousandths, such as `250m`, `1.5`, `512Mi` or `1e3`; none when it is not one.
pub fn thousandths(text: &str) -> Option<i128> {
    const SUFFIXES: [(&str, i128); 13] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("Ei", 1 << 60),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("E", 1_000_000_000_000_000_000),
        ("", 1),
    ];
    let text = text.trim();
    if let Some(number) = text.strip_suffix('m') {
        return scaled(number, 1);
    }
    if let Some((number, exponent)) = text.split_once(['e', 'E']).filter(|(_, rest)| !rest.is_empty()) {
        return scaled(
            number,
            1_000_i128.checked_mul(10_i128.checked_pow(exponent.parse().ok()?)?)?,
        );
    }
    let (number, factor) = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, factor)))?;
    scaled(number, factor * 1_000)
}

fn scaled(number: &str, factor: i128) -> Option<i128> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut sum = whole.checked_mul(factor)?;
    if !part.is_empty() {
        let digits = u32::try_from(part.len()).ok()?;
        let part: i128 = part.parse().ok()?;
        sum = sum.checked_add(part.checked_mul(factor)? / 10_i128.checked_pow(digits)?)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_thousandths() {
        let read = ["250m", "2", "1.5", "1Ki", "0.5Gi", "1e3", "2k", "1E"].map(thousandths);
        let wanted = [
            250,
            2_000,
            1_500,
            1_024_000,
            536_870_912_000,
            1_000_000,
            2_000_000,
            1_000_000_000_000_000_000_000,
        ];
        assert_eq!(read, wanted.map(Some));
        assert_eq!(
            ["", "x", "1x", "many"].map(thousandths),
            [Some(0), None, None, None]
        );
    }
}
