//! The real probes, with sockets and files of this machine.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::{CacheAt, DatabaseAt, Ground, ProbeError, World};
use crate::secret::Secret;

fn ground(base: &Utf8Path) -> Ground {
    Ground {
        now: "2026-06-01T12:00:00Z".parse().unwrap(),
        environment: BTreeMap::new(),
        base: base.to_owned(),
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
    }
}

/// Answers each read of one connection with the next line.
async fn server(answers: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for answer in answers {
            let mut buffer = [0; 1024];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

fn cache(port: u16, password: Option<&str>) -> CacheAt {
    CacheAt {
        host: "127.0.0.1".to_owned(),
        port,
        tls: false,
        password: password.map(Secret::new),
    }
}

#[tokio::test]
async fn a_cache_is_pinged_and_tells_its_version() {
    let port = server(&["+OK\r\n", "+PONG\r\n", "$22\r\nredis_version:7.2.4\r\n\r\n"]).await;
    let version = ground("".into()).cache(&cache(port, Some("word"))).await.unwrap();
    assert_eq!(version.as_deref(), Some("7.2.4"));
}

#[tokio::test]
async fn a_cache_that_refuses_says_why() {
    let port = server(&["-NOAUTH Authentication required.\r\n"]).await;
    let error = ground("".into()).cache(&cache(port, None)).await.unwrap_err();
    assert!(error.to_string().contains("NOAUTH"), "{error}");
}

#[tokio::test]
async fn an_answer_over_http_tells_status_and_time() {
    let port = server(&[
        "HTTP/1.1 404 Not Found\r\ndate: Mon, 01 Jun 2026 12:00:05 GMT\r\ncontent-length: 2\r\n\r\nno",
    ])
    .await;
    let response = ground("".into())
        .get(&format!("http://127.0.0.1:{port}/x"))
        .await
        .unwrap();
    assert_eq!((response.status, response.body.as_str()), (404, "no"));
    assert_eq!(response.date.unwrap().to_string(), "2026-06-01T12:00:05Z");
}

#[tokio::test]
async fn a_port_is_free_until_somebody_has_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let ground = ground("".into());
    assert!(ground.bind("127.0.0.1", port).await.is_err());
    assert!(ground.connect("127.0.0.1", port).await.is_ok());
    drop(listener);
    assert!(ground.bind("127.0.0.1", port).await.is_ok());
    let at = DatabaseAt {
        host: "127.0.0.1".to_owned(),
        port,
        name: "n".to_owned(),
        user: "u".to_owned(),
        password: None,
        tls: "verify-full".to_owned(),
        ca: String::new(),
    };
    assert!(matches!(
        ground.database(&at).await,
        Err(ProbeError::Connect { .. })
    ));
}

#[tokio::test]
async fn files_are_read_from_the_answers_folder_and_folders_need_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let base = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    std::fs::write(base.join("key"), "word\n").unwrap();
    std::fs::set_permissions(base.join("key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let ground = ground(&base);
    let seen = ground.file("key".into()).await.unwrap();
    assert_eq!((seen.mode & 0o777, seen.text.expose()), (0o600, "word\n"));
    assert!(ground.free_space(&base.join("not/yet")).await.unwrap() > 0);
    assert!(ground.writable(&base.join("not/yet")).await.is_ok());
    assert!(matches!(
        ground.file("none".into()).await,
        Err(ProbeError::Path { .. })
    ));
}

#[test]
fn tls_settings_can_be_made_with_and_without_a_check() {
    assert!(super::super::tls::config(true, "").is_ok());
    assert!(super::super::tls::config(false, "").is_ok());
    assert!(super::super::tls::config(true, "/no/such/ca.pem").is_err());
}
