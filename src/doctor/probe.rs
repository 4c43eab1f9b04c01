//! The real outside: sockets, files, HTTP and the protocols of databases and caches.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{CacheAt, DatabaseAt, FileSeen, ProbeError, Response, World, tls};
use crate::secret::Secret;

/// The most that is read of an answer; discovery documents and key sets are far smaller.
const BODY: usize = 1 << 20;

/// The machine this runs on, and what it reaches.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The time.
    pub now: Timestamp,
    /// The environment of whoever runs this.
    pub environment: BTreeMap<String, String>,
    /// The folder that relative paths of secrets start from.
    pub base: Utf8PathBuf,
    /// The client that fetches, with the proxies and CAs of the customer's.
    pub http: reqwest::Client,
}

#[async_trait]
impl World for Ground {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn environment(&self, name: &str) -> Option<Secret> {
        self.environment.get(name).map(Secret::new)
    }

    async fn bind(&self, address: &str, port: u16) -> Result<(), ProbeError> {
        let taken = |source| ProbeError::Connect {
            address: format!("{address}:{port}"),
            source,
        };
        TcpListener::bind((address, port)).await.map(drop).map_err(taken)
    }

    async fn free_space(&self, path: &Utf8Path) -> Result<u64, ProbeError> {
        let found = existing(path);
        let seen = rustix::fs::statvfs(found.as_std_path())
            .map_err(|error| at_path("look at the disk of", path, error.into()))?;
        Ok(seen.f_bavail.saturating_mul(seen.f_frsize))
    }

    async fn file(&self, path: &Utf8Path) -> Result<FileSeen, ProbeError> {
        let path = self.base.join(path);
        let fail = |source| at_path("read", &path, source);
        let text = tokio::fs::read_to_string(&path).await.map_err(fail)?;
        let mode = tokio::fs::metadata(&path)
            .await
            .map_err(fail)?
            .permissions()
            .mode();
        Ok(FileSeen {
            mode,
            text: Secret::new(text),
        })
    }

    async fn writable(&self, folder: &Utf8Path) -> Result<(), ProbeError> {
        use rustix::fs::Access;
        rustix::fs::access(existing(folder).as_std_path(), Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| at_path("write to", folder, error.into()))
    }

    async fn get(&self, url: &str) -> Result<Response, ProbeError> {
        let fail = |source: reqwest::Error| ProbeError::Fetch {
            url: url.to_owned(),
            source: source.without_url(),
        };
        let mut response = self.http.get(url).send().await.map_err(fail)?;
        let date = response.headers().get(reqwest::header::DATE);
        let date = date
            .and_then(|date| jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok())
            .map(|date| date.timestamp());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(fail)? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY {
                break;
            }
        }
        Ok(Response {
            status: response.status().as_u16(),
            date,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    async fn connect(&self, host: &str, port: u16) -> Result<(), ProbeError> {
        open(host, port).await.map(drop)
    }

    async fn database(&self, at: &DatabaseAt) -> Result<String, ProbeError> {
        let address = format!("{}:{}", at.host, at.port);
        // First without the protocol, so that "nothing answers" and "it refuses" are told apart.
        open(&at.host, at.port).await?;
        let refused = |source| ProbeError::Database {
            address: address.clone(),
            source,
        };
        let mut config = tokio_postgres::Config::new();
        config
            .host(&at.host)
            .port(at.port)
            .dbname(&at.name)
            .user(&at.user);
        config.application_name("landfall doctor");
        if let Some(password) = &at.password {
            config.password(password.expose());
        }
        if at.tls == "disable" {
            config.ssl_mode(SslMode::Disable);
            let (client, connection) = config.connect(NoTls).await.map_err(refused)?;
            return version(client, connection).await.map_err(refused);
        }
        config.ssl_mode(SslMode::Require);
        let ca = match at.ca.as_str() {
            "" => String::new(),
            ca => self.base.join(ca).into_string(),
        };
        let settings = tls::config(at.tls != "require", &ca).map_err(|source| ProbeError::Tls {
            address: address.clone(),
            source,
        })?;
        let connector = MakeRustlsConnect::new(settings);
        let (client, connection) = config.connect(connector).await.map_err(refused)?;
        version(client, connection).await.map_err(refused)
    }

    async fn cache(&self, at: &CacheAt) -> Result<Option<String>, ProbeError> {
        let stream = open(&at.host, at.port).await?;
        if !at.tls {
            return talk(stream, at).await;
        }
        let address = format!("{}:{}", at.host, at.port);
        let fail = |source| ProbeError::Tls {
            address: address.clone(),
            source,
        };
        let settings = tls::config(true, "").map_err(fail)?;
        let name =
            ServerName::try_from(at.host.clone()).map_err(|error| fail(std::io::Error::other(error)))?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(settings));
        talk(connector.connect(name, stream).await.map_err(fail)?, at).await
    }
}

fn at_path(doing: &'static str, path: &Utf8Path, source: std::io::Error) -> ProbeError {
    ProbeError::Path {
        doing,
        path: path.to_string(),
        source,
    }
}

/// Finds the nearest folder that exists: what will be made will be made there.
fn existing(path: &Utf8Path) -> &Utf8Path {
    path.ancestors().find(|path| path.exists()).unwrap_or_else(|| {
        if path.is_absolute() {
            "/".into()
        } else {
            ".".into()
        }
    })
}

async fn open(host: &str, port: u16) -> Result<TcpStream, ProbeError> {
    TcpStream::connect((host, port))
        .await
        .map_err(|source| ProbeError::Connect {
            address: format!("{host}:{port}"),
            source,
        })
}

/// Reads the version while the connection is driven.
async fn version(
    client: tokio_postgres::Client,
    connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send,
) -> Result<String, tokio_postgres::Error> {
    let ask = async move {
        let row = client.query_one("SHOW server_version", &[]).await?;
        row.try_get::<_, String>(0)
    };
    tokio::pin!(connection);
    tokio::select! {
        version = ask => version,
        Err(error) = &mut connection => Err(error),
    }
}

/// Speaks the protocol of Redis: signs in, pings, asks for the version.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    at: &CacheAt,
) -> Result<Option<String>, ProbeError> {
    let mut stream = BufReader::new(stream);
    let lost = |source| ProbeError::Connect {
        address: format!("{}:{}", at.host, at.port),
        source,
    };
    let strange = |said: String| ProbeError::Strange {
        address: format!("{}:{}", at.host, at.port),
        said: said.trim_end().chars().take(80).collect(),
    };
    if let Some(password) = &at.password {
        let said = command(&mut stream, &["AUTH", password.expose()])
            .await
            .map_err(lost)?;
        if !said.starts_with('+') {
            return Err(strange(said));
        }
    }
    let said = command(&mut stream, &["PING"]).await.map_err(lost)?;
    if !said.starts_with("+PONG") {
        return Err(strange(said));
    }
    let said = command(&mut stream, &["INFO", "server"]).await.map_err(lost)?;
    let Some(length) = said
        .strip_prefix('$')
        .and_then(|length| length.trim().parse::<usize>().ok())
    else {
        return Ok(None);
    };
    let mut info = vec![0; length.min(BODY)];
    stream.read_exact(&mut info).await.map_err(lost)?;
    let info = String::from_utf8_lossy(&info);
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
    Ok(version.map(|version| version.trim().to_owned()))
}

/// Sends a command and reads the first line of the answer.
async fn command(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    words: &[&str],
) -> std::io::Result<String> {
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(text.as_bytes()).await?;
    stream.flush().await?;
    let mut line = String::new();
    // Whoever is no cache may send anything: no line is longer than this.
    (&mut *stream).take(4096).read_line(&mut line).await?;
    Ok(line)
}
