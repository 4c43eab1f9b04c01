//! Dumps and snapshots, with a real server.

use super::*;
use crate::secret::Secret;

/// A server with a role that owns a database.
struct Server {
    client: Client,
    clients: Clients,
    app: ConnectSpec,
    dir: Utf8PathBuf,
    _folder: tempfile::TempDir,
}

impl Server {
    async fn start() -> Option<Self> {
        let (programs, account) = ground().await?;
        if !programs.has_clients() {
            return None;
        }
        let (folder, dir) = folder();
        let cancel = CancelToken::new();
        let cluster = Cluster {
            programs,
            data: dir.join("data"),
            account,
        };
        let password = Secret::new("admin's");
        cluster
            .initialize("admin", &password, "C.UTF-8", &cancel)
            .await
            .unwrap();
        let port = free_port();
        let settings = Settings::local(port, dir.join("socket"));
        cluster.settings(&settings).unwrap();
        let mut client = supervise(&dir, &cluster).await;
        client.start("database").await.unwrap();
        let admin = ConnectSpec {
            host: "127.0.0.1".to_owned(),
            port,
            user: "admin".to_owned(),
            password,
            database: "postgres".to_owned(),
            encryption: Encryption::Disable,
            authority: None,
            timeout: Duration::from_secs(5),
        };
        let connection = wait_ready(&admin, Duration::from_secs(30)).await.unwrap();
        let password = Secret::new("the app's");
        ensure_role_and_database(&connection, "app", &password, "app")
            .await
            .unwrap();
        let app = ConnectSpec {
            user: "app".to_owned(),
            database: "app".to_owned(),
            password,
            ..admin.clone()
        };
        let version = server_version(&connection).await.unwrap();
        let clients = Clients::find(Some(&cluster.programs), version, "/".into(), &[], &cancel)
            .await
            .unwrap();
        assert_eq!(clients.bin, cluster.programs.bin);
        Some(Self {
            client,
            clients,
            app,
            dir,
            _folder: folder,
        })
    }

    async fn sql(&self, statements: &str) {
        let connection = connect(&self.app).await.unwrap();
        connection.client.batch_execute(statements).await.unwrap();
    }

    /// Returns the dump without the line that differs each time.
    async fn text(&self) -> String {
        let mut bytes = Vec::new();
        dump(&self.clients, &self.app, &mut bytes, &CancelToken::new())
            .await
            .unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

const SCHEMA: &str = "
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL, mood mood, raw bytea,
        length int GENERATED ALWAYS AS (char_length(text)) STORED);
    CREATE VIEW loud AS SELECT upper(text) AS text FROM notes;
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN n * 2; END; $$;
    COMMENT ON TABLE notes IS 'what people wrote';
    INSERT INTO notes (text, mood, raw)
        SELECT 'note ' || n || E'\\n\\t\\\\.', 'good', sha256(n::text::bytea) FROM generate_series(1, 5000) n;
    CREATE SCHEMA other;
    CREATE TABLE other.things (name text);
    INSERT INTO other.things VALUES ('COMMIT;'), ('\\.'), (NULL), ('');";

#[tokio::test]
async fn a_snapshot_brings_a_database_back_exactly_or_not_at_all() {
    let Some(server) = Server::start().await else {
        return;
    };
    server.sql(SCHEMA).await;
    let before = server.text().await;
    let file = server.dir.join("snapshot.sql.zst");
    let saved = whole_snapshot(&server, &file).await;
    restored_over_changes(&server, &file, &before).await;
    damage_is_found(&server, &file, &before, saved.bytes).await;
    a_dump_that_does_not_fit_changes_nothing(&server, &before).await;
    no_half_is_left(&server, &before).await;
    a_full_disk_is_named(&server).await;
    large_objects_are_refused(&server).await;
    server.client.shutdown().await.unwrap();
}

async fn whole_snapshot(server: &Server, file: &Utf8Path) -> Saved {
    let saved = save(&server.clients, &server.app, file, &CancelToken::new())
        .await
        .unwrap();
    let bytes = fs_err::read(file).unwrap();
    assert_eq!(saved.bytes, bytes.len() as u64);
    let plain = zstd::decode_all(bytes.as_slice()).unwrap();
    assert_eq!(saved.plain, plain.len() as u64);
    let sums = fs_err::read_to_string(format!("{file}.sha256")).unwrap();
    assert_eq!(sums, format!("{}  snapshot.sql.zst\n", saved.sha256));
    check(file).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs_err::metadata(file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    saved
}

async fn restored_over_changes(server: &Server, file: &Utf8Path, before: &str) {
    server
        .sql(
            "DELETE FROM notes WHERE id % 2 = 0; INSERT INTO notes (text) VALUES ('new'); ALTER TABLE notes ADD more int;
            DROP TABLE other.things; CREATE TABLE extra (id serial PRIMARY KEY, note int REFERENCES notes);
            CREATE SCHEMA further; CREATE TABLE further.one (id int); CREATE TYPE weather AS ENUM ('rain');
            ALTER TYPE mood ADD VALUE 'so-so'",
        )
        .await;
    assert_ne!(server.text().await, before);
    restore(&server.clients, &server.app, file, &CancelToken::new())
        .await
        .unwrap();
    assert_eq!(server.text().await, before);
    // Identity goes on where it was.
    server.sql("BEGIN; INSERT INTO notes (text) VALUES ('next'); DO $$ BEGIN ASSERT (SELECT max(id) = 5001 FROM notes); END $$; ROLLBACK").await;
    restore(&server.clients, &server.app, file, &CancelToken::new())
        .await
        .unwrap();
}

async fn damage_is_found(server: &Server, file: &Utf8Path, before: &str, size: u64) {
    let whole = fs_err::read(file).unwrap();
    for position in [0, size / 2, size - 1] {
        let mut bytes = whole.clone();
        bytes[usize::try_from(position).unwrap()] ^= 1;
        fs_err::write(file, &bytes).unwrap();
        let error = restore(&server.clients, &server.app, file, &CancelToken::new())
            .await
            .unwrap_err();
        assert!(matches!(error, PostgresError::Damaged { .. }), "{error}");
    }
    // Even where the checksum was made anew, what does not decompress is never taken for an end.
    let cut = &whole[..whole.len() / 2];
    let other = server.dir.join("cut.sql.zst");
    fs_err::write(&other, cut).unwrap();
    let sum = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(cut));
    fs_err::write(format!("{other}.sha256"), format!("{sum}  cut.sql.zst\n")).unwrap();
    let error = restore(&server.clients, &server.app, &other, &CancelToken::new())
        .await
        .unwrap_err();
    assert!(matches!(error, PostgresError::Program { .. }), "{error}");
    assert_eq!(server.text().await, before);
    fs_err::write(file, whole).unwrap();
}

async fn a_dump_that_does_not_fit_changes_nothing(server: &Server, before: &str) {
    let cancel = CancelToken::new();
    let mut broken = "CREATE TABLE fine (id int);\nSELECT no_such();\n".as_bytes();
    let error = load(&server.clients, &server.app, &mut broken, &cancel)
        .await
        .unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    let said = std::error::Error::source(cause).unwrap().to_string();
    assert!(said.contains("function no_such() does not exist"), "{said}");
    // Cut off within the rows of a table.
    let mut cut = "CREATE TABLE fine (id text);\nCOPY fine (id) FROM stdin;\none\ntw".as_bytes();
    load(&server.clients, &server.app, &mut cut, &cancel)
        .await
        .unwrap_err();
    assert_eq!(server.text().await, before);
}

async fn no_half_is_left(server: &Server, before: &str) {
    let cancel = CancelToken::new();
    let wrong = ConnectSpec {
        database: "nowhere".to_owned(),
        ..server.app.clone()
    };
    save(
        &server.clients,
        &wrong,
        &server.dir.join("wrong.sql.zst"),
        &cancel,
    )
    .await
    .unwrap_err();
    let nowhere = server.dir.join("no/such/folder.sql.zst");
    let error = save(&server.clients, &server.app, &nowhere, &cancel)
        .await
        .unwrap_err();
    assert!(matches!(error, PostgresError::File { .. }), "{error}");
    let left: Vec<_> = fs_err::read_dir(&server.dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("wrong") || name.ends_with(".part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(server.text().await, before);
}

async fn a_full_disk_is_named(server: &Server) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let small = server.dir.join("small");
    fs_err::create_dir(&small).unwrap();
    let cancel = CancelToken::new();
    let mount = Invocation::new("/bin/mount", "making a small disk");
    let mount = mount.args(["-t", "tmpfs", "-o", "size=64k", "none", small.as_str()]);
    if mount.run(&cancel).await.is_err() {
        return;
    }
    let file = small.join("snapshot.sql.zst");
    let saved = save(&server.clients, &server.app, &file, &cancel).await;
    let left = fs_err::read_dir(&small).unwrap().count();
    Invocation::new("/bin/umount", "removing the small disk")
        .arg(small.as_str())
        .run(&cancel)
        .await
        .unwrap();
    let error = saved.unwrap_err();
    assert!(
        matches!(&error, PostgresError::NoRoom { place, .. } if *place == file),
        "{error}"
    );
    assert_eq!(left, 0);
}

async fn large_objects_are_refused(server: &Server) {
    server.sql("SELECT lo_from_bytea(0, 'x')").await;
    let error = dump(&server.clients, &server.app, &mut Vec::new(), &CancelToken::new())
        .await
        .unwrap_err();
    assert!(
        matches!(error, PostgresError::LargeObjects { count: 1, .. }),
        "{error}"
    );
}
