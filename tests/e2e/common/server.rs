//! A database of the customer's own.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use landfall::postgres::{ConnectSpec, Encryption, ensure_role_and_database, wait_ready};
use landfall::secret::Secret;
use rustix::process::Signal;

use super::{POSTGRES, process};

/// PostgreSQL as a customer runs it, ended when dropped.
pub struct Server {
    child: Child,
}

impl Server {
    /// Makes and starts a server in a folder, with the database `notes` and its owner `notes`.
    pub fn start(folder: &Utf8Path, port: u16, password: &str) -> Self {
        let data = folder.join("customers-database");
        fs_err::create_dir(&data).unwrap();
        let secret = folder.join("admin-password");
        fs_err::write(&secret, "admin").unwrap();
        if rustix::process::geteuid().is_root() {
            for path in [&data, &secret] {
                std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).unwrap();
            }
        }
        let made = command("initdb")
            .args([
                "-D",
                data.as_str(),
                "-U",
                "postgres",
                "-A",
                "scram-sha-256",
                "--no-sync",
            ])
            .arg(format!("--pwfile={secret}"))
            .output()
            .expect("initdb starts");
        assert!(made.status.success(), "{made:?}");
        fs_err::remove_file(secret).unwrap();
        let log = std::fs::File::create(Utf8PathBuf::from(format!("{data}.log"))).unwrap();
        let child = command("postgres")
            .args([
                "-D",
                data.as_str(),
                "-p",
                &port.to_string(),
                "-k",
                "",
                "-c",
                "fsync=off",
            ])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("postgres starts");
        let server = Self { child };
        let admin = ConnectSpec {
            host: "127.0.0.1".to_owned(),
            port,
            user: "postgres".to_owned(),
            password: Secret::new("admin"),
            database: "postgres".to_owned(),
            encryption: Encryption::Disable,
            authority: None,
            timeout: Duration::from_secs(10),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let connection = wait_ready(&admin, Duration::from_secs(60)).await.unwrap();
            ensure_role_and_database(&connection, "notes", &Secret::new(password), "notes")
                .await
                .unwrap();
        });
        server
    }
}

fn command(program: &str) -> Command {
    let mut command = Command::new(format!("{POSTGRES}/{program}"));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null());
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        process::signal(i32::try_from(self.child.id()).unwrap(), Signal::INT);
        let _ = self.child.wait();
    }
}
