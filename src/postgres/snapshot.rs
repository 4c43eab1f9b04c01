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
