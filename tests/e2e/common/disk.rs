//! A small disk, to fill up.

use std::process::Command;

use camino::Utf8PathBuf;

/// A small disk of its own, gone when dropped.
pub struct Disk {
    /// Where it is mounted.
    pub place: Utf8PathBuf,
}

impl Disk {
    /// Mounts one; none where that cannot be done.
    pub fn mount(place: Utf8PathBuf, size: &str) -> Option<Self> {
        fs_err::create_dir_all(&place).unwrap();
        let options = format!("size={size},mode=755");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs", place.as_str()])
            .output();
        mount
            .is_ok_and(|output| output.status.success())
            .then_some(Self { place })
    }

    /// Returns how many bytes are free.
    pub fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(self.place.as_std_path()).unwrap();
        stat.f_bavail * stat.f_frsize
    }

    /// Fills the disk up to so many bytes.
    pub fn fill(&self, left: u64) {
        let size = self.free().saturating_sub(left);
        let file = std::fs::File::create(self.place.join("filler")).unwrap();
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, size).unwrap();
    }

    /// Removes what filled it.
    pub fn empty(&self) {
        fs_err::remove_file(self.place.join("filler")).unwrap();
    }
}

/// Says whether a text names a full disk: as the system does, or PostgreSQL, which may get half of a block written.
pub fn says_full(text: &str) -> bool {
    let text = text.to_lowercase();
    ["no space left", "check free disk space", "wrote only"]
        .iter()
        .any(|words| text.contains(words))
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l", self.place.as_str()]).output();
        // The ground could not remove what was mounted in it.
        let _ = fs_err::remove_dir(&self.place);
        let _ = self.place.parent().map(fs_err::remove_dir);
    }
}
