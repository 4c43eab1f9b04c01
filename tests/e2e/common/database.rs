//! The product's database as an administrator sees it, and its state as another operator does.

use std::process::Command;

use camino::Utf8Path;

use super::{Ground, POSTGRES, Said, under};

impl Ground {
    fn client(&self, program: &str) -> Command {
        let password = fs_err::read_to_string(self.root().join("secrets/database_password")).unwrap();
        let mut command = Command::new(format!("{POSTGRES}/{program}"));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.answers["services"]["database"]["port"].to_string())
            .env("PGUSER", "notes")
            .env("PGDATABASE", "notes")
            .env("PGPASSWORD", password);
        command
    }

    /// Runs a statement in the product's database.
    #[track_caller]
    pub fn sql(&self, statement: &str) {
        let mut psql = self.client("psql");
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--command",
            statement,
        ]);
        let done = psql.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Writes out everything in the product's database, without what differs from dump to dump.
    #[track_caller]
    pub fn dump(&self) -> String {
        let mut dump = self.client("pg_dump");
        let done = dump.arg("--no-comments").output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8(done.stdout).unwrap();
        let same = |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
        let mut lines: Vec<&str> = text.lines().filter(same).collect();
        // Rows have no order of their own.
        lines.sort_unstable();
        lines.join("\n")
    }

    /// Runs a verb with nothing but a copy of the state and the answers, at another place, and brings both back.
    pub fn as_another_operator(&self, arguments: &[&str]) -> Said {
        let elsewhere = self.path("elsewhere");
        copy(&self.path(".landfall"), &elsewhere.join(".landfall"));
        fs_err::remove_dir_all(self.path(".landfall")).unwrap();
        let file = elsewhere.join("landfall.yaml");
        fs_err::rename(self.path("landfall.yaml"), &file).unwrap();
        let mut all = vec!["-f", file.as_str()];
        all.extend(arguments);
        let said = self.run(&all);
        fs_err::rename(elsewhere.join(".landfall"), self.path(".landfall")).unwrap();
        fs_err::rename(&file, self.path("landfall.yaml")).unwrap();
        said
    }
}

/// Copies a folder with everything in it.
pub fn copy(from: &Utf8Path, to: &Utf8Path) {
    fs_err::create_dir_all(to).unwrap();
    let mut paths = under(from);
    paths.sort();
    for path in paths {
        let target = to.join(path.strip_prefix(from).unwrap());
        if path.is_dir() {
            fs_err::create_dir_all(target).unwrap();
        } else {
            fs_err::copy(&path, target).unwrap();
        }
    }
}
