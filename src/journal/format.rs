//! Which version of landfall reads and writes which format.
//!
//! `run.json` and every record carry the format's number. New fields may be added within a format: readers ignore what
//! they do not know. A new number is taken when an old reader would act wrongly on new data.
//!
//! | | what happens |
//! |---|---|
//! | old reader, new data | refused with the number found: nobody goes on with a run they only half understand |
//! | new reader, old data | read as long as the number is at least [`OLDEST_READ`]; else refused, with the number |
//! | old writer, new data | cannot happen: a writer replays the journal first, and so is refused as a reader |
//! | new writer, old data | a run is finished in the format it was begun in, or refused if that is not written any more |

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::JournalError;

/// The format that is written.
pub const FORMAT: u32 = 1;

/// The oldest format that is still read.
pub const OLDEST_READ: u32 = 1;

#[derive(Deserialize)]
struct Versioned {
    format: u32,
}

/// Reads a versioned document: first its format's number, then the rest.
///
/// # Errors
/// [`JournalError::Format`] when this version does not read the format, [`JournalError::Parse`] when it is damaged.
pub fn read<T: DeserializeOwned>(place: &str, bytes: &[u8]) -> Result<T, JournalError> {
    let parse = |source| JournalError::Parse {
        place: place.to_owned(),
        source,
    };
    let Versioned { format } = serde_json::from_slice(bytes).map_err(parse)?;
    if !(OLDEST_READ..=FORMAT).contains(&format) {
        return Err(JournalError::Format {
            place: place.to_owned(),
            found: format,
        });
    }
    serde_json::from_slice(bytes).map_err(parse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Record;

    #[test]
    fn other_formats_are_refused_by_number_and_unknown_fields_are_not() {
        let line = |format: u32| {
            format!(
                r#"{{"format":{format},"sequence":1,"at":"2026-03-04T05:06:07Z","kind":"run-started","new":1}}"#
            )
        };
        assert!(read::<Record>("x", line(1).as_bytes()).is_ok());
        for format in [0, 2] {
            let error = read::<Record>("runs/a/journal/000001.json", line(format).as_bytes()).unwrap_err();
            assert!(matches!(error, JournalError::Format { found, .. } if found == format));
        }
        let error = read::<Record>("runs/a/run.json", line(2).as_bytes()).unwrap_err();
        insta::assert_snapshot!(error, @"`runs/a/run.json` has format 2, this version of landfall reads 1 to 1: use the version that wrote it");
    }

    #[test]
    fn damage_is_told_from_age() {
        assert!(matches!(
            read::<Record>("x", b"{\"format\":1"),
            Err(JournalError::Parse { .. })
        ));
    }
}
