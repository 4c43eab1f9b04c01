//! Packs the sample product: one OCI image layout per release, same input, same bytes.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use flate2::{Compression, GzBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// How the task is called.
pub const USAGE: &str = "[--release VERSION]... [--out DIR]   pack the sample product as OCI image layouts";

const COMPONENTS: [&str; 3] = ["api", "web", "worker"];
/// The layout of the images that stand in for components of other products.
const STAND_INS: &str = "stand-ins";
const EPOCH: &str = "1970-01-01T00:00:00Z";
/// The images hold nothing but the binary, so there is no C library to find at run time; and a static binary
/// cannot look up `getrandom` by name, for want of which it would read a `/dev` that may not be there.
const RUSTFLAGS: &str = r#"-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom""#;
/// Raised when the same binary and release must be packed anew.
const FORMAT: &str = "1";

/// Builds what is needed and packs the releases asked for.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::parse(arguments)?;
    let releases = options.releases()?;
    let target = target_folder()?;
    let out = options.out.unwrap_or_else(|| target.join("sample"));
    let binary = build(&target)?;
    let key = digest(&fs::read(&binary).with_context(|| format!("cannot read {}", binary.display()))?);
    let mut layouts = releases
        .iter()
        .map(of_release)
        .collect::<anyhow::Result<Vec<_>>>()?;
    if options.only.is_empty() {
        layouts.push(stand_ins()?);
    }
    let mut layer = None;
    for layout in &layouts {
        let stamp = out.join(".packed").join(&layout.name);
        let folder = out.join(&layout.name);
        let content = format!("{FORMAT} {key} {}\n", layout.key);
        let is_current = fs::read_to_string(&stamp).is_ok_and(|packed| packed == content);
        if !(is_current && folder.join("index.json").is_file()) {
            let binary_layer = match &layer {
                Some(layer) => layer,
                None => layer.insert(Layer::of_file("app/notes", 0o755, &fs::read(&binary)?)?),
            };
            pack(&folder, layout, binary_layer)?;
            write(&stamp, content.as_bytes())?;
        }
        println!("{}", folder.display());
    }
    Ok(())
}

/// What becomes one image layout.
struct Layout {
    /// Its folder's name.
    name: String,
    /// Everything that it says, for knowing whether it is packed.
    key: String,
    /// What the program inside reads of its release.
    release: Value,
    images: Vec<Image>,
}

/// One image: the program, started in some way.
struct Image {
    name: String,
    entrypoint: Vec<String>,
    command: Vec<String>,
}

/// Describes the layout of a release of the sample.
fn of_release(release: &Value) -> anyhow::Result<Layout> {
    let mut inside = release.clone();
    // The promise is the vendor's word to Landfall; the program inside has no use for it.
    inside.as_object_mut().map(|inside| inside.remove("promise"));
    Ok(Layout {
        name: release_version(release)?.to_owned(),
        key: release.to_string(),
        release: inside,
        images: COMPONENTS
            .map(|component| Image {
                name: format!("sample-{component}"),
                entrypoint: vec!["/app/notes".to_owned()],
                command: vec![component.to_owned()],
            })
            .into(),
    })
}

/// Describes the layout of what stands in for components of other products.
fn stand_ins() -> anyhow::Result<Layout> {
    #[derive(Deserialize)]
    struct StandIn {
        image: String,
        port: String,
    }
    let path = workspace().join("sample/stand-ins.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let known: Vec<StandIn> =
        serde_json::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))?;
    let image = |known: StandIn| Image {
        name: known.image,
        entrypoint: ["/app/notes", "stand-in", &known.port].map(str::to_owned).into(),
        command: Vec::new(),
    };
    Ok(Layout {
        name: STAND_INS.to_owned(),
        key: text,
        release: json!({ "version": "1.0.0", "schema": 1 }),
        images: known.into_iter().map(image).collect(),
    })
}

#[derive(Default)]
struct Options {
    only: BTreeSet<String>,
    out: Option<PathBuf>,
}

impl Options {
    fn parse(arguments: &[String]) -> anyhow::Result<Self> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            let value = rest
                .next()
                .with_context(|| format!("`{flag}` needs a value, usage: {USAGE}"))?;
            match flag.as_str() {
                "--release" => drop(options.only.insert(value.clone())),
                "--out" => options.out = Some(std::path::absolute(value)?),
                _ => bail!("unknown option `{flag}`, usage: {USAGE}"),
            }
        }
        Ok(options)
    }

    /// Gives the known releases that were asked for; all, if none was named.
    fn releases(&self) -> anyhow::Result<Vec<Value>> {
        let mut releases = known_releases()?;
        for version in &self.only {
            find(&releases, version)?;
        }
        releases.retain(|release| {
            self.only.is_empty()
                || release["version"]
                    .as_str()
                    .is_some_and(|one| self.only.contains(one))
        });
        Ok(releases)
    }
}

/// Reads what releases the sample has.
fn known_releases() -> anyhow::Result<Vec<Value>> {
    let path = workspace().join("sample/releases.json");
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot understand {}", path.display()))
}

fn find<'a>(releases: &'a [Value], version: &str) -> anyhow::Result<&'a Value> {
    let found = releases.iter().find(|release| release["version"] == version);
    found.with_context(|| format!("there is no release {version}, see sample/releases.json"))
}

/// Gives the flags that tell `landfall release add` what a release's migrations promise.
pub fn promise(version: &str) -> anyhow::Result<Vec<String>> {
    let flags = find(&known_releases()?, version)?["promise"].clone();
    serde_json::from_value(flags).with_context(|| format!("release {version} promises no list of flags"))
}

fn release_version(release: &Value) -> anyhow::Result<&str> {
    release["version"]
        .as_str()
        .context("a release in sample/releases.json has no version")
}

fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

fn target_folder() -> anyhow::Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let text = output(Command::new("cargo").args(["metadata", "--format-version=1", "--no-deps"]))?;
    let metadata: Metadata = serde_json::from_str(&text).context("cannot read what `cargo metadata` says")?;
    Ok(metadata.target_directory)
}

fn host_triple() -> anyhow::Result<String> {
    let text = output(Command::new("rustc").arg("-vV"))?;
    let triple = text.lines().find_map(|line| line.strip_prefix("host: "));
    triple.map(str::to_owned).context("`rustc -vV` names no host")
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .current_dir(workspace())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// Builds the static binary; cargo itself knows whether there is anything to do.
fn build(target: &Path) -> anyhow::Result<PathBuf> {
    let triple = host_triple()?;
    let mut command = Command::new("cargo");
    command
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "sample",
            "--target",
            &triple,
        ])
        .env("RUSTFLAGS", RUSTFLAGS)
        .env("CARGO_TARGET_DIR", target)
        .current_dir(workspace())
        // Stdout is for the paths.
        .stdout(Stdio::null());
    let status = command.status().context("cannot start cargo")?;
    ensure!(
        status.success(),
        "cannot build the sample, see what cargo wrote above"
    );
    Ok(target.join(triple).join("release/notes"))
}

/// A layer, compressed and named by its digests.
struct Layer {
    blob: Vec<u8>,
    diff_id: String,
}

impl Layer {
    /// Makes a layer of one file; times, owners and order are fixed, so that bytes are too.
    fn of_file(path: &str, mode: u32, content: &[u8]) -> anyhow::Result<Self> {
        let mut archive = tar::Builder::new(Vec::new());
        let mut folder = tar::Header::new_ustar();
        folder.set_entry_type(tar::EntryType::Directory);
        folder.set_mode(0o755);
        folder.set_size(0);
        archive.append_data(&mut folder, "app/", &[][..])?;
        let mut file = tar::Header::new_ustar();
        file.set_mode(mode);
        file.set_size(u64::try_from(content.len())?);
        archive.append_data(&mut file, path, content)?;
        let archive = archive.into_inner()?;
        let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
        gzip.write_all(&archive)?;
        Ok(Self {
            blob: gzip.finish()?,
            diff_id: digest(&archive),
        })
    }
}

/// Writes one image layout; a folder that is there already is replaced.
fn pack(folder: &Path, layout: &Layout, binary: &Layer) -> anyhow::Result<()> {
    // Written beside and renamed: an interrupted run leaves no half of a layout under its name.
    let version = release_version(&layout.release)?;
    let unfinished = folder.with_file_name(format!(".unfinished-{}", layout.name));
    for old in [&unfinished, folder] {
        if old.exists() {
            fs::remove_dir_all(old).with_context(|| format!("cannot remove {}", old.display()))?;
        }
    }
    let text = format!("{}\n", serde_json::to_string_pretty(&layout.release)?);
    let layers = [
        binary,
        &Layer::of_file("app/release.json", 0o644, text.as_bytes())?,
    ];
    let mut manifests = Vec::new();
    for one in &layout.images {
        let mut manifest = image(&unfinished, one, version, &layers)?;
        manifest["platform"] = json!({ "architecture": architecture(), "os": "linux" });
        manifest["annotations"] =
            json!({ "org.opencontainers.image.ref.name": format!("{}:{version}", one.name) });
        manifests.push(manifest);
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
    });
    write(&unfinished.join("index.json"), &serde_json::to_vec(&index)?)?;
    write(
        &unfinished.join("oci-layout"),
        br#"{"imageLayoutVersion":"1.0.0"}"#,
    )?;
    fs::rename(&unfinished, folder).with_context(|| format!("cannot put {} in place", folder.display()))
}

/// Writes the blobs of one image and describes its manifest.
fn image(layout: &Path, image: &Image, version: &str, layers: &[&Layer]) -> anyhow::Result<Value> {
    let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.diff_id.as_str()).collect();
    let created_by = |what: &str| json!({ "created": EPOCH, "created_by": what });
    let config = json!({
        "architecture": architecture(),
        "os": "linux",
        "created": EPOCH,
        "config": {
            "User": "65532:65532",
            "Entrypoint": image.entrypoint,
            "Cmd": image.command,
            "WorkingDir": "/app",
            "ExposedPorts": { "8080/tcp": {} },
            "Labels": {
                "org.opencontainers.image.title": image.name,
                "org.opencontainers.image.version": version,
            },
        },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": [created_by("the binary"), created_by("the release")],
    });
    let described: Vec<Value> = layers
        .iter()
        .map(|layer| blob(layout, "application/vnd.oci.image.layer.v1.tar+gzip", &layer.blob))
        .collect::<anyhow::Result<_>>()?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(layout, "application/vnd.oci.image.config.v1+json", &serde_json::to_vec(&config)?)?,
        "layers": described,
    });
    blob(
        layout,
        "application/vnd.oci.image.manifest.v1+json",
        &serde_json::to_vec(&manifest)?,
    )
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Writes a blob under its digest and describes it.
fn blob(layout: &Path, media_type: &str, content: &[u8]) -> anyhow::Result<Value> {
    let digest = digest(content);
    let path = layout.join("blobs").join(digest.replace(':', "/"));
    if !path.exists() {
        write(&path, content)?;
    }
    Ok(json!({ "mediaType": media_type, "digest": digest, "size": content.len() }))
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_same_file_gives_the_same_layer() {
        let layer = || Layer::of_file("app/release.json", 0o644, b"{}").unwrap();
        assert_eq!(digest(&layer().blob), digest(&layer().blob));
        assert_ne!(
            digest(&layer().blob),
            layer().diff_id,
            "the blob is compressed, the diff id is not"
        );
    }

    #[test]
    fn packs_all_releases_or_those_named() {
        assert_eq!(Options::parse(&[]).unwrap().releases().unwrap().len(), 6);
        let two = Options::parse(&arguments("--release 1.1.0 --release 3.0.0")).unwrap();
        assert_eq!(two.releases().unwrap().len(), 2);
    }

    #[test]
    fn a_release_promises_what_its_migration_keeps() {
        assert_eq!(promise("1.1.0").unwrap(), ["--old-version-works"]);
        assert_eq!(promise("1.2.0").unwrap(), ["--no-schema-change"]);
        assert!(promise("2.0.0").unwrap().is_empty());
        assert!(promise("9.9.9").is_err());
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(Options::parse(&arguments("--relase 1.1.0")).is_err());
        assert!(Options::parse(&arguments("--release")).is_err());
        assert!(
            Options::parse(&arguments("--release 9.9.9"))
                .unwrap()
                .releases()
                .is_err()
        );
    }
}
