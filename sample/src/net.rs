//! Outgoing connections: plain TCP, or TLS over it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::error::{Explain as _, Failure};
use crate::settings::Environment;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a connection can do, whether encrypted or not.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A connection.
pub type Stream = Box<dyn Duplex>;

/// Opens connections, trusting the public roots and those of `NOTES_CA_FILE`.
#[derive(Clone)]
pub struct Network {
    tls: TlsConnector,
}

impl Network {
    /// Reads which authorities to trust.
    pub fn new(environment: &Environment) -> Result<Self, Failure> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        if let Some(path) = environment.optional("NOTES_CA_FILE") {
            let what = || format!("cannot read the authorities in `NOTES_CA_FILE`, {path}");
            for certificate in CertificateDer::pem_file_iter(path).explain(what())? {
                roots.add(certificate.explain(what())?).explain(what())?;
            }
        }
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Connects without encryption.
    pub async fn plain(&self, host: &str, port: u16) -> Result<Stream, Failure> {
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port)))
            .await
            .explain(format_args!("no answer from {host}:{port}"))?
            .explain(format_args!("cannot connect to {host}:{port}"))?;
        stream
            .set_nodelay(true)
            .explain("cannot configure the connection")?;
        Ok(Box::new(stream))
    }

    /// Encrypts a connection and checks whom it leads to.
    pub async fn encrypt(&self, host: &str, stream: Stream) -> Result<Stream, Failure> {
        let name = ServerName::try_from(host.to_owned()).explain(format_args!("`{host}` is no host name"))?;
        let handshake = self.tls.connect(name, stream);
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, handshake)
            .await
            .explain(format_args!("no TLS answer from {host}"))?
            .explain(format_args!("cannot speak TLS with {host}"))?;
        Ok(Box::new(stream))
    }
}
