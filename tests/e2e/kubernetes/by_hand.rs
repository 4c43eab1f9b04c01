//! The rendered folder without Landfall: its README followed to the letter.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::common::Ground;

impl Ground {
    /// Renders into a folder; returns the part's own folder in it.
    pub fn render(&self, below: &str) -> Utf8PathBuf {
        let out = self.path(below);
        self.expect(0, &["render", "--out", out.as_str()]);
        let found: Vec<_> = fs_err::read_dir(&out).unwrap().flatten().collect();
        let [part] = found.as_slice() else {
            panic!("there is one part, and so one folder: {found:?}");
        };
        Utf8PathBuf::from_path_buf(part.path()).unwrap()
    }

    /// Writes a file for every secret that a rendered README asks for; says which README commands name them.
    pub fn secrets_by_hand(&self, readme: &str) -> BTreeMap<String, Utf8PathBuf> {
        let folder = self.path("by-hand");
        fs_err::create_dir_all(&folder).unwrap();
        let asked = readme.lines().filter_map(|line| {
            let (key, rest) = line.trim().strip_prefix("--from-file=")?.split_once('=')?;
            rest.starts_with("FILE").then(|| key.to_owned())
        });
        let mut files = BTreeMap::new();
        for key in asked {
            let path = match key.as_str() {
                "license_token" => self.path("license.jwt"),
                _ => folder.join(&key),
            };
            if key != "license_token" {
                // Every value is its own, so that one in the place of another is seen.
                fs_err::write(&path, format!("value-of-{key}-0123456789abcdef")).unwrap();
            }
            files.insert(key, path);
        }
        assert!(!files.is_empty(), "no secret is asked for:\n{readme}");
        files
    }
}

/// Takes the commands out of a README, in their order.
pub fn commands(readme: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut block: Option<Vec<&str>> = None;
    for line in readme.lines().map(str::trim) {
        match (&mut block, line) {
            (None, "```console") => block = Some(Vec::new()),
            (Some(lines), "```") => {
                all.push(lines.join("\n"));
                block = None;
            }
            (Some(lines), line) => lines.push(line),
            (None, _) => {}
        }
    }
    all
}

/// Puts the files in their places in a command.
pub fn filled(command: &str, files: &BTreeMap<String, Utf8PathBuf>) -> String {
    let place = |command: String, (key, path): (&String, &Utf8PathBuf)| {
        command.replace(
            &format!("--from-file={key}=FILE"),
            &format!("--from-file={key}={path}"),
        )
    };
    files.iter().fold(command.to_owned(), place)
}

fn follow(ground: &Ground, folder: &Utf8Path) -> Vec<String> {
    let readme = fs_err::read_to_string(folder.join("README.md")).unwrap();
    let files = ground.secrets_by_hand(&readme);
    let said = commands(&readme).into_iter().map(|command| {
        let command = filled(&command, &files);
        eprintln!("{command}");
        ground.shell(folder, &command)
    });
    said.collect()
}

#[test]
fn a_rendered_folder_is_installed_by_the_commands_of_its_readme_alone() {
    let Some(ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    let folder = ground.render("rendered");
    let said = follow(&ground, &folder);
    assert!(ground.path("landfall.yaml").is_file() && ground.runs().is_empty());
    let page = ground.ask("GET", "/", None);
    assert_eq!(page.status, 200, "the page through the ingress: {}", page.body);
    ground.fill(3);
    assert_eq!(ground.checksum()["count"], 3);
    // The last of the commands are the product's installation and its test.
    let last = said.last().unwrap();
    assert!(last.contains("TEST SUITE:     notes-test"), "{last}");
    assert!(last.contains("Phase:          Succeeded"), "{last}");
    // What is done twice is an upgrade: only what may be made once alone is left out.
    let readme = fs_err::read_to_string(folder.join("README.md")).unwrap();
    for command in commands(&readme) {
        if !command.contains("create secret") {
            ground.shell(&folder, &command);
        }
    }
    assert_eq!(ground.checksum()["count"], 3);
}
