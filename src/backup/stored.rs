//! One entry on its way to the disk and back: compressed, encrypted, counted, summed.

use std::fs::File;
use std::io::{self, Read, Write};

use age::x25519::{Identity, Recipient};
use camino::{Utf8Path, Utf8PathBuf};

use super::error::BackupError;
use super::file::Half;
use super::manifest::{Entry, EntryKind};
use crate::oci::{Digest, Hasher};

/// How hard to compress: fast enough not to be what a backup waits for.
const LEVEL: i32 = 3;
/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// Stores what `write` writes as an entry of a backup's folder.
///
/// # Errors
/// [`io::Error`] of `write` or of the disk; then no file is left.
pub fn store(
    folder: &Utf8Path,
    (name, kind): (&str, EntryKind),
    recipients: &[Recipient],
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<Entry> {
    let file = Utf8PathBuf::from(format!("{name}.{}", kind.ending()));
    let (half, out) = Half::new(&folder.join(&file))?;
    let recipients = recipients
        .iter()
        .map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
    let locked = encryptor.wrap_output(Summed::new(out))?;
    let mut plain = Counted {
        inner: zstd::stream::write::Encoder::new(locked, LEVEL)?,
        count: 0,
    };
    write(&mut plain)?;
    let Summed { inner, hasher } = plain.inner.finish()?.finish()?;
    half.keep(&inner)?;
    Ok(Entry {
        name: name.to_owned(),
        kind,
        file,
        plain: plain.count,
        stored: hasher.length(),
        sha256: hasher.finish(),
    })
}

/// Compares a stored file with what the manifest says of it.
///
/// # Errors
/// [`BackupError::Damaged`] when size or checksum differ.
pub fn check(folder: &Utf8Path, entry: &Entry) -> Result<(), BackupError> {
    let path = folder.join(&entry.file);
    let mut from = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BackupError::damaged(&path, "it is missing"));
        }
        from => from.map_err(BackupError::file("read", &path))?,
    };
    let (size, digest) = sum(&mut from).map_err(BackupError::file("read", &path))?;
    if size != entry.stored {
        let because = format!("it has {size} bytes, stored were {}", entry.stored);
        return Err(BackupError::damaged(&path, because));
    }
    if digest != entry.sha256 {
        let because = format!("its checksum is {digest}, stored was {}", entry.sha256);
        return Err(BackupError::damaged(&path, because));
    }
    Ok(())
}

/// Computes the size and digest of what can be read.
pub(super) fn sum(from: &mut impl Read) -> io::Result<(u64, Digest)> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok((hasher.length(), hasher.finish())),
            length => hasher.update(&buffer[..length]),
        }
    }
}

/// An entry that is being read back.
pub struct Opened {
    inner: zstd::stream::read::Decoder<'static, io::BufReader<age::stream::StreamReader<File>>>,
    left: u64,
    path: Utf8PathBuf,
}

impl Read for Opened {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(to)?;
        let more = length as u64 > self.left;
        if more || (length == 0 && !to.is_empty() && self.left > 0) {
            let because = "its content is not as long as the manifest says";
            let error = BackupError::damaged(&self.path, because);
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        self.left -= length as u64;
        Ok(length)
    }
}

/// Opens an entry, decrypting and decompressing while it is read; what is not as it was stored is an error of reading.
///
/// # Errors
/// [`BackupError::WrongKey`] when none of the identities opens it.
pub fn open(folder: &Utf8Path, entry: &Entry, identities: &[Identity]) -> Result<Opened, BackupError> {
    let path = folder.join(&entry.file);
    let file = File::open(&path).map_err(BackupError::file("read", &path))?;
    let wrong = |source| BackupError::WrongKey {
        path: path.clone(),
        source,
    };
    let identities = identities.iter().map(|identity| identity as &dyn age::Identity);
    let decrypted = age::Decryptor::new(file)
        .and_then(|decryptor| decryptor.decrypt(identities))
        .map_err(wrong)?;
    let inner = zstd::stream::read::Decoder::new(decrypted).map_err(BackupError::file("read", &path))?;
    Ok(Opened {
        inner,
        left: entry.plain,
        path,
    })
}

/// Unpacks an entry that is a `tar` below a folder; what lies there already is replaced.
///
/// # Errors
/// [`BackupError::File`] when it cannot be read or written.
pub fn unpack(opened: Opened, to: &Utf8Path) -> Result<(), BackupError> {
    let mut archive = tar::Archive::new(opened);
    archive.set_preserve_permissions(true);
    archive.set_overwrite(true);
    let unpacked = archive.unpack(to).and_then(|()| {
        // What follows the archive's end is read too, so that damage in it is found.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map(drop)
    });
    unpacked.map_err(BackupError::file("unpack into", to))
}

/// The most that one of [`small_files`] may hold.
const SMALL: u64 = 1 << 20;

/// Reads the files of an entry that is a `tar` of small files, by name.
///
/// # Errors
/// [`BackupError::Damaged`] when a name or a size is not one of small files in one folder.
pub fn small_files(opened: Opened) -> Result<Vec<(String, Vec<u8>)>, BackupError> {
    let path = opened.path.clone();
    let wrong = |error: io::Error| BackupError::damaged(&path, error.to_string());
    let mut archive = tar::Archive::new(opened);
    let mut all = Vec::new();
    for entry in archive.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let place = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if place.contains('/') || place.starts_with('.') || entry.size() > SMALL {
            return Err(BackupError::damaged(
                &path,
                format!("`{place}` does not belong in it"),
            ));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(wrong)?;
        all.push((place, bytes));
    }
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(wrong)?;
    Ok(all)
}

/// Counts what is written.
struct Counted<W> {
    inner: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.inner.write(bytes)?;
        self.count += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Sums what is written.
struct Summed<W> {
    inner: W,
    hasher: Hasher,
}

impl<W> Summed<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Hasher::new(),
        }
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
