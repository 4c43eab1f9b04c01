//! What tells one process from another: the kernel's own words, where it has them.

/// Returns the machine's name.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Returns when a process started, counted from the boot, or nothing when there is none or it cannot be known.
pub(super) fn start(pid: u32) -> Option<u64> {
    let stat = fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold blanks and brackets; the start is the 22nd field, the name the second.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// Returns the boot and the process namespace.
///
/// Containers share the machine's boot, but a process number of one means nothing in another.
pub(super) fn boot() -> Option<String> {
    let boot = fs_err::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs_err::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.to_string_lossy()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn this_process_has_started_and_another_has_not() {
        assert!(super::start(std::process::id()).is_some());
        assert_eq!(super::start(u32::MAX), None);
        assert!(super::boot().is_some());
    }
}
