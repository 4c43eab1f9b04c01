mod dumps;

use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::*;
use crate::secret::Secret;
use crate::supervisor::{Client, Options, run};
use crate::tools::test_certificates::{Certificates, certificates};
use crate::tools::{Account, CancelToken, Invocation, find_account};

/// Finds the system's PostgreSQL and an account to run it as; none where a developer has neither.
async fn ground() -> Option<(Programs, Option<Account>)> {
    let programs = find(&[], Utf8Path::new("/"), &[], &CancelToken::new())
        .await
        .into_iter()
        .next()?;
    let root = rustix::process::geteuid().is_root();
    Some((
        programs,
        root.then(|| find_account("nobody", Utf8Path::new("/")).unwrap()),
    ))
}

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    // Temporary folders are closed to others, but the server's account must get through.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    let dir = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
    (folder, dir)
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[tokio::test]
async fn a_half_made_data_directory_is_moved_aside_and_a_complete_one_left_alone() {
    let Some((programs, account)) = ground().await else {
        return;
    };
    let (_folder, dir) = folder();
    let cluster = Cluster {
        programs,
        data: dir.join("data"),
        account,
    };
    fs_err::create_dir(&cluster.data).unwrap();
    fs_err::write(cluster.data.join("PG_VERSION"), "15\n").unwrap();
    let cancel = CancelToken::new();
    let password = Secret::new("first");
    let made = cluster
        .initialize("admin", &password, "C.UTF-8", &cancel)
        .await
        .unwrap();
    let aside = dir.join("data.incomplete-1");
    assert_eq!(
        made,
        Initialized::Made {
            moved_aside: Some(aside.clone())
        }
    );
    assert!(aside.join("PG_VERSION").exists());
    assert!(!dir.join("data.password").exists());
    let again = cluster
        .initialize("admin", &password, "C.UTF-8", &cancel)
        .await
        .unwrap();
    assert_eq!(again, Initialized::Found);
    let mut other = cluster.clone();
    other.programs.version.major += 1;
    let error = other
        .initialize("admin", &password, "C.UTF-8", &cancel)
        .await
        .unwrap_err();
    assert!(matches!(error, PostgresError::OtherVersion { .. }));
    fs_err::remove_file(cluster.data.join("landfall.complete")).unwrap();
    let output = std::fs::File::create("/dev/null").unwrap().into();
    let mut server = Invocation::new("/bin/sleep", "standing in for a server")
        .arg("60")
        .directory(&cluster.data)
        .start(output)
        .unwrap();
    fs_err::write(
        cluster.data.join("postmaster.pid"),
        format!("-{}\n", server.pid()),
    )
    .unwrap();
    let error = cluster
        .initialize("admin", &password, "C.UTF-8", &cancel)
        .await
        .unwrap_err();
    assert!(matches!(error, PostgresError::InUse { .. }));
    server.kill_group();
    server.wait().await.unwrap();
    let made = cluster
        .initialize("admin", &password, "C.UTF-8", &cancel)
        .await
        .unwrap();
    assert!(matches!(made, Initialized::Made { moved_aside: Some(_) }));
}

#[tokio::test]
async fn a_server_comes_up_under_the_supervisor_and_takes_roles_and_databases() {
    let Some((programs, account)) = ground().await else {
        return;
    };
    let (_folder, dir) = folder();
    let cancel = CancelToken::new();
    let cluster = Cluster {
        programs,
        data: dir.join("data"),
        account,
    };
    let admin = Secret::new("it's \\ secret");
    cluster
        .initialize("admin", &admin, "C.UTF-8", &cancel)
        .await
        .unwrap();
    let Certificates {
        authority,
        certificate,
        key,
    } = certificates(&dir).await;
    let (own_certificate, own_key) = (cluster.data.join("server.crt"), cluster.data.join("server.key"));
    cluster
        .write_own(
            &own_certificate,
            &fs_err::read_to_string(certificate).unwrap(),
            0o600,
        )
        .unwrap();
    cluster
        .write_own(&own_key, &fs_err::read_to_string(key).unwrap(), 0o600)
        .unwrap();
    let port = free_port();
    let settings = Settings {
        tls: Some((own_certificate, own_key)),
        further: BTreeMap::from([("max_connections".to_owned(), "20".to_owned())]),
        ..Settings::local(port, dir.join("socket"))
    };
    assert!(cluster.settings(&settings).unwrap());
    assert!(!cluster.settings(&settings).unwrap());
    let mut client = supervise(&dir, &cluster).await;
    let status = client.start("database").await.unwrap();
    let spec = ConnectSpec {
        host: "127.0.0.1".to_owned(),
        port,
        user: "admin".to_owned(),
        password: admin,
        database: "postgres".to_owned(),
        encryption: Encryption::Disable,
        authority: None,
        timeout: Duration::from_secs(5),
    };
    let connection = wait_ready(&spec, Duration::from_secs(30)).await.unwrap();
    let version = server_version(&connection).await.unwrap();
    assert_eq!(u64::from(version.major), cluster.programs.version.major);
    roles_and_databases(&connection).await;
    encryption(&spec, &authority).await;
    let socket = ConnectSpec {
        host: dir.join("socket").to_string(),
        encryption: Encryption::Require,
        ..spec.clone()
    };
    connect(&socket).await.unwrap();
    let wrong = ConnectSpec {
        password: Secret::new("wrong"),
        ..spec
    };
    let error = wait_ready(&wrong, Duration::from_secs(30))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, PostgresError::Connect { .. }));
    drop(connection);
    let stopped = client.stop("database").await.unwrap();
    assert_eq!(stopped.last_exit.as_deref(), Some("status 0"));
    assert_eq!(status.restarts, stopped.restarts);
    client.shutdown().await.unwrap();
}

/// Runs a supervisor in this process with the cluster's unit.
async fn supervise(dir: &Utf8Path, cluster: &Cluster) -> Client {
    let folder = dir.join("supervisor");
    let contents = cluster.unit("database").to_yaml().unwrap();
    fs_err::create_dir_all(folder.join("units")).unwrap();
    fs_err::write(folder.join("units/database.yaml"), contents).unwrap();
    tokio::spawn(run(Options {
        dir: folder.clone(),
        root: "/".into(),
        owns_process: false,
    }));
    loop {
        if let Ok(client) = Client::connect(&folder) {
            return client;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn roles_and_databases(connection: &Connection) {
    let ensure = |password: &'static str| async move {
        let password = Secret::new(password);
        ensure_role_and_database(connection, "my \"app\"", &password, "app-db")
            .await
            .unwrap()
    };
    assert!(ensure("one").await);
    assert!(!ensure("one").await);
    assert!(ensure("two").await);
    assert!(!ensure("two").await);
    let owner =
        "SELECT rolname FROM pg_database JOIN pg_roles ON datdba = pg_roles.oid WHERE datname = 'app-db'";
    let owner: String = connection.client.query_one(owner, &[]).await.unwrap().get(0);
    assert_eq!(owner, "my \"app\"");
}

async fn encryption(spec: &ConnectSpec, authority: &Utf8Path) {
    let try_with = |host: &str, encryption, authority: Option<&Utf8Path>| {
        let spec = ConnectSpec {
            host: host.to_owned(),
            encryption,
            authority: authority.map(Utf8Path::to_owned),
            ..spec.clone()
        };
        async move {
            let connection = connect(&spec).await?;
            let ssl = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            let row = connection.client.query_one(ssl, &[]).await;
            row.map(|row| row.get::<_, bool>(0))
                .map_err(PostgresError::statement("ask"))
        }
    };
    assert!(!try_with("127.0.0.1", Encryption::Disable, None).await.unwrap());
    assert!(try_with("127.0.0.1", Encryption::Prefer, None).await.unwrap());
    assert!(try_with("127.0.0.1", Encryption::Require, None).await.unwrap());
    // The chain is right, the name is not: `require` is content, `verify-full` is not.
    assert!(
        try_with("127.0.0.1", Encryption::Require, Some(authority))
            .await
            .unwrap()
    );
    assert!(
        try_with("127.0.0.1", Encryption::VerifyFull, Some(authority))
            .await
            .is_err()
    );
    assert!(
        try_with("localhost", Encryption::VerifyFull, Some(authority))
            .await
            .unwrap()
    );
    assert!(try_with("localhost", Encryption::VerifyFull, None).await.is_err());
}

#[tokio::test]
#[ignore = "downloads from the internet"]
async fn programs_are_fetched_once_and_work_for_the_service_account() {
    let (_folder, dir) = folder();
    let wanted = "=16".parse().unwrap();
    let fetched = fetch(&wanted, &dir, &CancelToken::new()).await.unwrap();
    assert_eq!(fetched.version.major, 16);
    assert_eq!(fetch(&wanted, &dir, &CancelToken::new()).await.unwrap(), fetched);
    let account = rustix::process::geteuid()
        .is_root()
        .then(|| find_account("nobody", "/".into()).unwrap());
    let cluster = Cluster {
        programs: fetched,
        data: dir.join("data"),
        account,
    };
    let password = Secret::new("first");
    cluster
        .initialize("admin", &password, "C.UTF-8", &CancelToken::new())
        .await
        .unwrap();
}
