//! An optional cache that speaks the Redis protocol; the product works without it.

use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::sync::Mutex;

use crate::error::{Explain as _, Failure};
use crate::log;
use crate::net::{Network, Stream};
use crate::settings::Environment;

const TIMEOUT: Duration = Duration::from_secs(1);
const SECONDS_TO_LIVE: &str = "5";
/// No honest value comes near it; a bad length must not make us allocate without end.
const VALUE_LIMIT: usize = 64 * 1024 * 1024;

/// A cache, or the lack of one.
pub struct Cache {
    server: Option<Server>,
}

impl Cache {
    /// Reads where the cache is, if there is one.
    pub fn new(environment: &Environment, network: &Network) -> Result<Self, Failure> {
        let url = environment.secret("NOTES_CACHE_URL")?;
        let server = url.map(|url| Place::parse(&url)).transpose()?;
        let network = network.clone();
        Ok(Self {
            server: server.map(|place| Server {
                place,
                network,
                connection: Mutex::new(None),
            }),
        })
    }

    /// Gives what is stored under a key; a cache that fails is a cache that has nothing.
    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.ask(&[b"GET", key.as_bytes()]).await {
            Some(Reply::Bulk(value)) => Some(value),
            _ => None,
        }
    }

    /// Stores a value for a few seconds.
    pub async fn set(&self, key: &str, value: &[u8]) {
        self.ask(&[b"SET", key.as_bytes(), value, b"EX", SECONDS_TO_LIVE.as_bytes()])
            .await;
    }

    /// Forgets a value.
    pub async fn forget(&self, key: &str) {
        self.ask(&[b"DEL", key.as_bytes()]).await;
    }

    async fn ask(&self, command: &[&[u8]]) -> Option<Reply> {
        let server = self.server.as_ref()?;
        let mut connection = server.connection.lock().await;
        let outcome = tokio::time::timeout(TIMEOUT, server.exchange(&mut connection, command)).await;
        match outcome
            .explain("the cache does not answer in time")
            .and_then(|reply| reply)
        {
            Ok(reply) => Some(reply),
            Err(failure) => {
                // Whatever was under way on it would be taken for the next answer.
                *connection = None;
                log::warn(
                    "the cache is passed over",
                    &[("error", failure.to_string().into())],
                );
                None
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Place {
    encrypted: bool,
    host: String,
    port: u16,
    user: String,
    password: String,
}

impl Place {
    fn parse(url: &str) -> Result<Self, Failure> {
        let wrong = || Failure::new("`NOTES_CACHE_URL` must be redis://[user][:password@]host[:port]");
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let encrypted = match scheme {
            "redis" => false,
            "rediss" => true,
            _ => return Err(wrong()),
        };
        // A password may hold `@`, a host may not.
        let (credentials, address) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (user, password) = credentials.split_once(':').unwrap_or(("", credentials));
        let address = address.trim_end_matches('/');
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "6379"));
        let port = port.parse().map_err(|_| wrong())?;
        let (user, password) = (user.to_owned(), password.to_owned());
        Ok(Self {
            encrypted,
            host: host.to_owned(),
            port,
            user,
            password,
        })
    }
}

struct Server {
    place: Place,
    network: Network,
    connection: Mutex<Option<BufStream<Stream>>>,
}

impl Server {
    async fn exchange(
        &self,
        connection: &mut Option<BufStream<Stream>>,
        command: &[&[u8]],
    ) -> Result<Reply, Failure> {
        if connection.is_none() {
            *connection = Some(self.connect().await?);
        }
        let stream = connection.as_mut().expect("it was opened just above");
        call(stream, command).await
    }

    async fn connect(&self) -> Result<BufStream<Stream>, Failure> {
        let Place {
            encrypted,
            host,
            port,
            user,
            password,
        } = &self.place;
        let mut stream = self.network.plain(host, *port).await?;
        if *encrypted {
            stream = self.network.encrypt(host, stream).await?;
        }
        let mut stream = BufStream::new(stream);
        if !password.is_empty() {
            let mut command: Vec<&[u8]> = vec![b"AUTH"];
            if !user.is_empty() {
                command.push(user.as_bytes());
            }
            command.push(password.as_bytes());
            call(&mut stream, &command).await?;
        }
        Ok(stream)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Simple(String),
    Integer(i64),
    Bulk(Vec<u8>),
    Nothing,
}

async fn call(stream: &mut BufStream<Stream>, command: &[&[u8]]) -> Result<Reply, Failure> {
    let what = "cannot write to the cache";
    stream.write_all(&encode(command)).await.explain(what)?;
    stream.flush().await.explain(what)?;
    read_reply(stream).await
}

fn encode(command: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for part in command {
        bytes.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

async fn read_reply(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Reply, Failure> {
    let mut line = String::new();
    stream
        .read_line(&mut line)
        .await
        .explain("cannot read from the cache")?;
    let line = line
        .strip_suffix("\r\n")
        .ok_or_else(|| Failure::new("the cache closed the connection in the middle of an answer"))?;
    let unknown = || Failure::new(format!("the cache answered something unknown: {line}"));
    let (kind, rest) = line.split_at_checked(1).ok_or_else(unknown)?;
    match kind {
        "+" => Ok(Reply::Simple(rest.to_owned())),
        ":" => Ok(Reply::Integer(rest.parse().map_err(|_| unknown())?)),
        "-" => Err(Failure::new(format!("the cache refused: {rest}"))),
        "$" if rest == "-1" => Ok(Reply::Nothing),
        "$" => {
            let length: usize = rest
                .parse()
                .ok()
                .filter(|length| *length <= VALUE_LIMIT)
                .ok_or_else(unknown)?;
            let mut value = vec![0; length + 2];
            stream
                .read_exact(&mut value)
                .await
                .explain("cannot read from the cache")?;
            value.truncate(length);
            Ok(Reply::Bulk(value))
        }
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> Result<Reply, Failure> {
        read_reply(&mut bytes).await
    }

    #[test]
    fn encodes_a_command_as_an_array_of_bulk_strings() {
        assert_eq!(
            encode(&[b"SET", b"key", b"a\r\nb"]),
            b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$4\r\na\r\nb\r\n"
        );
    }

    #[tokio::test]
    async fn reads_every_kind_of_reply() {
        assert_eq!(read(b"+OK\r\n").await.unwrap(), Reply::Simple("OK".into()));
        assert_eq!(read(b":-3\r\n").await.unwrap(), Reply::Integer(-3));
        assert_eq!(
            read(b"$4\r\na\r\nb\r\n").await.unwrap(),
            Reply::Bulk(b"a\r\nb".to_vec())
        );
        assert_eq!(read(b"$0\r\n\r\n").await.unwrap(), Reply::Bulk(Vec::new()));
        assert_eq!(read(b"$-1\r\n").await.unwrap(), Reply::Nothing);
    }

    #[tokio::test]
    async fn fails_on_refusals_and_on_what_breaks_off() {
        assert!(
            read(b"-WRONGPASS no\r\n")
                .await
                .unwrap_err()
                .to_string()
                .ends_with("WRONGPASS no")
        );
        for broken in [
            &b""[..],
            b"$5\r\nab",
            b"+OK",
            b"*1\r\n",
            b"\r\n",
            b"$99999999999\r\n",
        ] {
            assert!(read(broken).await.is_err(), "{}", String::from_utf8_lossy(broken));
        }
    }

    #[test]
    fn reads_addresses() {
        let place = Place::parse("rediss://app:p@ss:word@cache.internal:6380/").unwrap();
        assert_eq!(
            (place.encrypted, place.host.as_str(), place.port),
            (true, "cache.internal", 6380)
        );
        assert_eq!(
            (place.user.as_str(), place.password.as_str()),
            ("app", "p@ss:word")
        );
        assert_eq!(Place::parse("redis://:secret@h").unwrap().password, "secret");
        assert_eq!(Place::parse("redis://h").unwrap().port, 6379);
        assert!(Place::parse("http://h").is_err());
    }
}
