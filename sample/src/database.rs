//! The PostgreSQL connection: one per process, opened again when it is lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};

use crate::error::{Explain as _, Failure};
use crate::log;
use crate::net::{Network, Stream};
use crate::settings::Environment;

const READY_TIMEOUT: Duration = Duration::from_secs(3);
/// `SSLRequest` of the PostgreSQL protocol: its length, and the agreed code.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Where the database is, and the connection to it.
pub struct Database {
    host: String,
    port: u16,
    encrypted: bool,
    config: Config,
    network: Network,
    client: Mutex<Option<Arc<Client>>>,
}

impl Database {
    /// Reads where the database is; connects only when first used.
    pub fn new(environment: &Environment, network: Network, component: &str) -> Result<Self, Failure> {
        let port = environment.or("NOTES_DATABASE_PORT", "5432");
        let port = port
            .parse()
            .explain(format_args!("`NOTES_DATABASE_PORT` is no port, {port}"))?;
        let encrypted = match environment.or("NOTES_DATABASE_TLS", "disable") {
            "disable" => false,
            "verify-full" => true,
            other => {
                let message = format!("`NOTES_DATABASE_TLS` must be disable or verify-full: {other}");
                return Err(Failure::new(message));
            }
        };
        let mut config = Config::new();
        config
            .dbname(environment.or("NOTES_DATABASE_NAME", "notes"))
            .user(environment.or("NOTES_DATABASE_USER", "notes"))
            .application_name(format!("notes {component}"))
            // Encryption, where wanted, is already below the stream that it gets.
            .ssl_mode(SslMode::Disable);
        if let Some(password) = environment.secret("NOTES_DATABASE_PASSWORD")? {
            config.password(password);
        }
        let host = environment.required("NOTES_DATABASE_HOST")?.to_owned();
        Ok(Self {
            host,
            port,
            encrypted,
            config,
            network,
            client: Mutex::new(None),
        })
    }

    /// Opens a connection of its own.
    pub async fn connect(&self) -> Result<Client, Failure> {
        let what = format!("cannot connect to the database at {}:{}", self.host, self.port);
        let stream = self.stream().await?;
        let (client, connection) = self.config.connect_raw(stream, NoTls).await.explain(what)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                log::warn(
                    "the database connection was lost",
                    &[("error", error.to_string().into())],
                );
            }
        });
        Ok(client)
    }

    /// Gives the shared connection.
    pub async fn client(&self) -> Result<Arc<Client>, Failure> {
        let mut shared = self.client.lock().await;
        if let Some(client) = shared.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(self.connect().await?);
        *shared = Some(Arc::clone(&client));
        Ok(client)
    }

    /// Checks that the database answers and has the schema this release needs.
    pub async fn ready(&self, schema: u32) -> Result<(), Failure> {
        let found = match tokio::time::timeout(READY_TIMEOUT, self.schema()).await {
            Ok(found) => found?,
            Err(_) => {
                // A silent connection would keep every later request waiting too.
                if let Ok(mut shared) = self.client.try_lock() {
                    *shared = None;
                }
                return Err(Failure::new("the database does not answer in time"));
            }
        };
        if found < schema {
            let message =
                format!("the database has schema {found} and {schema} is needed, run `notes migrate`");
            return Err(Failure::new(message));
        }
        Ok(())
    }

    /// Reads which migration was applied last; 0 for an empty database.
    pub async fn schema(&self) -> Result<u32, Failure> {
        let client = self.client().await?;
        schema_of(&client).await
    }

    async fn stream(&self) -> Result<Stream, Failure> {
        let mut stream = self.network.plain(&self.host, self.port).await?;
        if !self.encrypted {
            return Ok(stream);
        }
        stream
            .write_all(&SSL_REQUEST)
            .await
            .explain("cannot ask the database for TLS")?;
        let answer = stream
            .read_u8()
            .await
            .explain("the database did not answer the request for TLS")?;
        if answer != b'S' {
            let message = "the database offers no TLS, turn it on there or set `NOTES_DATABASE_TLS=disable`";
            return Err(Failure::new(message));
        }
        self.network.encrypt(&self.host, stream).await
    }
}

/// Reads which migration was applied last, over a given connection.
pub async fn schema_of(client: &Client) -> Result<u32, Failure> {
    let what = "cannot read the schema of the database";
    let table = "SELECT to_regclass('schema_migrations') IS NOT NULL";
    if !client
        .query_one(table, &[])
        .await
        .explain(what)?
        .get::<_, bool>(0)
    {
        return Ok(0);
    }
    let query = "SELECT coalesce(max(version), 0) FROM schema_migrations";
    let version: i32 = client.query_one(query, &[]).await.explain(what)?.get(0);
    u32::try_from(version).explain(what)
}
