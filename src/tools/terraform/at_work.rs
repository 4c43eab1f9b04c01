//! A `terraform` that nobody waits for any more.

use camino::Utf8Path;
use rustix::process::{Pid, Signal, kill_process};

/// How the programs are called that do its work.
const PROGRAMS: [&str; 2] = ["terraform", "tofu"];
/// How its plug-ins are called, also those of OpenTofu.
const PROVIDER: &str = "terraform-provider-";

/// Finds the process that works on the root module in a folder, if there is one, other than ours.
///
/// A plug-in stays for ever when the program that called it was killed. It has nobody to tell what it did, so it is ended here.
/// Where there is no `/proc`, nothing is found.
pub fn at_work(folder: &Utf8Path) -> Option<u32> {
    let folder = folder.canonicalize_utf8().ok()?;
    let there: Vec<(u32, String)> = Utf8Path::new("/proc")
        .read_dir_utf8()
        .ok()?
        .flatten()
        .filter(|process| {
            let at = fs_err::read_link(process.path().join("cwd"));
            at.is_ok_and(|at| at == folder.as_std_path())
        })
        .filter_map(|process| {
            let program = fs_err::read_link(process.path().join("exe")).ok()?;
            let name = program.file_name()?.to_str()?.to_owned();
            Some((process.file_name().parse().ok()?, name))
        })
        .collect();
    let is_provider = |name: &str| name.starts_with(PROVIDER);
    let is_program =
        |name: &str| PROGRAMS.iter().any(|program| name.starts_with(program)) && !is_provider(name);
    let found = there.iter().find(|(_, name)| is_program(name));
    if let Some((process, _)) = found {
        return Some(*process);
    }
    for (process, _) in there.iter().filter(|(_, name)| is_provider(name)) {
        let process = i32::try_from(*process).ok().and_then(Pid::from_raw);
        // It may have ended by now.
        let _ = process.map(|process| kill_process(process, Signal::KILL));
    }
    None
}
