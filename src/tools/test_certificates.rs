//! Certificates for tests, made by `openssl`.

use camino::{Utf8Path, Utf8PathBuf};

use super::{CancelToken, Invocation};

/// Names the files of a certificate for `localhost` and of the authority that signed it.
pub(crate) struct Certificates {
    pub(crate) authority: Utf8PathBuf,
    pub(crate) certificate: Utf8PathBuf,
    pub(crate) key: Utf8PathBuf,
}

pub(crate) async fn certificates(dir: &Utf8Path) -> Certificates {
    let call = |subject: &str, name: &str| {
        Invocation::new("/usr/bin/openssl", "testing")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
            ])
            .args(["-days", "1", "-subj", subject])
            .args([
                "-keyout".to_owned(),
                format!("{dir}/{name}.key"),
                "-out".to_owned(),
                format!("{dir}/{name}.pem"),
            ])
    };
    call("/CN=Test authority", "authority")
        .run(&CancelToken::new())
        .await
        .unwrap();
    call("/CN=localhost", "server")
        .args([
            "-CA".to_owned(),
            format!("{dir}/authority.pem"),
            "-CAkey".to_owned(),
            format!("{dir}/authority.key"),
        ])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .run(&CancelToken::new())
        .await
        .unwrap();
    Certificates {
        authority: dir.join("authority.pem"),
        certificate: dir.join("server.pem"),
        key: dir.join("server.key"),
    }
}
