//! A database in a file: compressed, with its checksum beside it.

use std::io::{self, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::clients::Clients;
use super::connect::ConnectSpec;
use super::dump::{dump, load};
use super::error::PostgresError;
use crate::tools::{CancelToken, Sink, Source};

/// How much is read at once to make a checksum.
const CHUNK: usize = 64 * 1024;

/// Says what a snapshot is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// The file's size.
    pub bytes: u64,
    /// The size of the SQL text in it.
    pub plain: u64,
    /// The file's SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Saves a database in a file, `zstd`-compressed SQL text, with its checksum in `<file>.sha256` beside it.
///
/// The file appears under its name only when it is whole and on the disk; whatever goes wrong, nothing half is left. The
/// database stays in use meanwhile. Memory does not grow with the data.
///
/// # Errors
/// [`PostgresError::NoRoom`] when the disk is full; whatever [`dump`] says.
pub async fn save(
    clients: &Clients,
    spec: &ConnectSpec,
    file: &Utf8Path,
    cancel: &CancelToken,
) -> Result<Saved, PostgresError> {
    let half = Utf8PathBuf::from(format!("{file}.part"));
    let mut sink = Sink::new(move |from| compress(from, Half(half)));
    let plain = match dump(clients, spec, &mut sink, cancel).await {
        Ok(plain) => plain,
        // When both fail, the dump does because nobody takes it any more.
        Err(error) => {
            return Err(match sink.give_up().await {
                Some(source) => no_room(file, source),
                None => error,
            });
        }
    };
    let written = sink.finish().await;
    let (half, bytes, sha256) = written.map_err(|source| no_room(file, source))?;
    let sums = sums(file);
    let line = format!("{sha256}  {}\n", file.file_name().unwrap_or_default());
    write_whole(&sums, &line).map_err(|source| no_room(&sums, source))?;
    fs_err::rename(&half.0, file)
        .and_then(|()| sync_folder(file))
        .map_err(|source| no_room(file, source))?;
    Ok(Saved { bytes, plain, sha256 })
}

/// Makes a database again what it was when the snapshot was saved.
///
/// The checksum is compared before anything is touched; then it is one transaction, as in [`load`].
///
/// # Errors
/// [`PostgresError::Damaged`] when the file is not what was saved; whatever [`load`] says.
pub async fn restore(
    clients: &Clients,
    spec: &ConnectSpec,
    file: &Utf8Path,
    cancel: &CancelToken,
) -> Result<(), PostgresError> {
    let checked = file.to_owned();
    tokio::task::spawn_blocking(move || check(&checked))
        .await
        .map_err(|error| PostgresError::file("check", file)(io::Error::other(error)))??;
    let place = file.to_owned();
    let mut source = Source::new(move |to| decompress(&place, to));
    load(clients, spec, &mut source, cancel).await
}

/// Says whether a database still is what it was when the snapshot was saved.
///
/// Both are read as SQL text and compared by their sums. Nothing is written, so that it works where no room is left.
///
/// # Errors
/// As [`dump`]; [`PostgresError::File`] when the snapshot cannot be read.
pub async fn is_unchanged(
    clients: &Clients,
    spec: &ConnectSpec,
    file: &Utf8Path,
    cancel: &CancelToken,
) -> Result<bool, PostgresError> {
    let place = file.to_owned();
    let saved = tokio::task::spawn_blocking(move || {
        let mut sum = TextSum::default();
        decompress(&place, &mut sum)?;
        Ok(sum.finish())
    });
    let saved = saved
        .await
        .map_err(io::Error::other)
        .and_then(|saved: io::Result<String>| saved)
        .map_err(PostgresError::file("read", file))?;
    let mut sink = Sink::new(|from| {
        let mut sum = TextSum::default();
        io::copy(from, &mut sum)?;
        Ok(sum.finish())
    });
    dump(clients, spec, &mut sink, cancel).await?;
    let now = sink.finish().await;
    Ok(now.map_err(PostgresError::file("compare with", file))? == saved)
}

/// Sums SQL text but for the lines that differ from dump to dump: `\\restrict` and `\\unrestrict` carry a random word.
#[derive(Default)]
struct TextSum {
    sum: Sha256,
    /// The beginning of a line, while it does not tell yet what the line is.
    start: Vec<u8>,
    /// Whether the line that is under way counts, once that is known.
    counts: Option<bool>,
}

/// How many bytes of a line tell what it is.
const TELLING: usize = b"\\unrestrict ".len();

impl TextSum {
    fn finish(mut self) -> String {
        self.sum.update(&self.start);
        hex::encode(self.sum.finalize())
    }

    /// Takes a line or a piece of one.
    fn take(&mut self, piece: &[u8]) {
        let mut rest = piece;
        if self.counts.is_none() {
            let (start, behind) = rest.split_at(rest.len().min(TELLING - self.start.len()));
            self.start.extend_from_slice(start);
            rest = behind;
            if self.start.len() < TELLING && !self.start.ends_with(b"\n") {
                return;
            }
            let random = self.start.starts_with(b"\\restrict ") || self.start.starts_with(b"\\unrestrict ");
            if !random {
                self.sum.update(&self.start);
            }
            self.start.clear();
            self.counts = Some(!random);
        }
        if self.counts == Some(true) {
            self.sum.update(rest);
        }
        if piece.ends_with(b"\n") {
            self.counts = None;
        }
    }
}

impl Write for TextSum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        bytes
            .split_inclusive(|byte| *byte == b'\n')
            .for_each(|piece| self.take(piece));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compares a snapshot with the checksum beside it.
///
/// # Errors
/// [`PostgresError::Damaged`] when they differ.
pub fn check(file: &Utf8Path) -> Result<(), PostgresError> {
    let sums = sums(file);
    let noted = fs_err::read_to_string(&sums).map_err(PostgresError::file("read", &sums))?;
    let saved = noted.split_whitespace().next().unwrap_or_default().to_owned();
    let found = sha256_of(file).map_err(PostgresError::file("read", file))?;
    if saved == found {
        return Ok(());
    }
    Err(PostgresError::Damaged {
        path: file.to_owned(),
        saved,
        found,
    })
}

/// Returns where a snapshot's checksum lies.
fn sums(file: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{file}.sha256"))
}

/// Removes a file that did not become whole.
struct Half(Utf8PathBuf);

impl Drop for Half {
    fn drop(&mut self) {
        let _ = fs_err::remove_file(&self.0);
    }
}

/// Compresses everything into a new file and brings it to the disk; returns it with its size and checksum.
fn compress(from: &mut dyn Read, half: Half) -> io::Result<(Half, u64, String)> {
    let out = Counted {
        out: private(&half.0)?,
        bytes: 0,
        sum: Sha256::new(),
    };
    let mut encoder = zstd::stream::write::Encoder::new(out, 3)?;
    io::copy(from, &mut encoder)?;
    let Counted { out, bytes, sum } = encoder.finish()?;
    out.sync_all()?;
    Ok((half, bytes, hex::encode(sum.finalize())))
}

fn decompress(file: &Utf8Path, to: &mut dyn Write) -> io::Result<()> {
    let mut decoder = zstd::stream::read::Decoder::new(fs_err::File::open(file)?)?;
    io::copy(&mut decoder, to)?;
    to.flush()
}

fn sha256_of(file: &Utf8Path) -> io::Result<String> {
    let mut from = fs_err::File::open(file)?;
    let mut sum = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(hex::encode(sum.finalize())),
            length => sum.update(&buffer[..length]),
        }
    }
}

/// Counts and sums what goes through it.
struct Counted<W> {
    out: W,
    bytes: u64,
    sum: Sha256,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.out.write(bytes)?;
        self.sum.update(&bytes[..length]);
        self.bytes += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Makes a file that only we can read, in place of what an earlier try may have left.
fn private(file: &Utf8Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(file)
}

fn write_whole(file: &Utf8Path, text: &str) -> io::Result<()> {
    let half = Half(Utf8PathBuf::from(format!("{file}.part")));
    let mut out = private(&half.0)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs_err::rename(&half.0, file)
}

fn sync_folder(file: &Utf8Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Utf8Path::new(".")))?.sync_all()
}

/// Tells a full disk apart from other trouble.
fn no_room(place: &Utf8Path, source: io::Error) -> PostgresError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => PostgresError::NoRoom {
            place: place.to_owned(),
            source,
        },
        _ => PostgresError::file("write", place)(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(pieces: &[&str]) -> String {
        let mut sum = TextSum::default();
        for piece in pieces {
            sum.write_all(piece.as_bytes()).unwrap();
        }
        sum.finish()
    }

    #[test]
    fn a_sum_leaves_out_random_words_however_the_text_is_cut() {
        let one = "--\n\\restrict abc\nCREATE TABLE t ();\n\\.\n\n\\unrestrict abc\nend";
        let two = one.replace("abc", "xyz and more");
        let whole = sum(&[one]);
        assert_eq!(sum(&[&two]), whole);
        for cut in 0..one.len() {
            assert_eq!(sum(&[&one[..cut], &one[cut..]]), whole, "cut at {cut}");
        }
        assert_ne!(sum(&[&one.replace('t', "u")]), whole);
        assert_ne!(sum(&["--\nCREATE"]), sum(&["--\nCREATF"]));
    }
}
