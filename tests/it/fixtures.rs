//! What several modules use: examples, releases made for tests, files that are compared or rewritten.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use landfall::deployment::{Answers, Deployment, resolve};
use landfall::document::Document;
use landfall::oci::Digest;
use landfall::product::{
    Catalog, Entry, ImageOrigin, MigrationPromise, Product, RELEASE_SCHEMA, Release, ReleaseImage,
    ServiceKind,
};
use landfall::render::Artifacts;

/// The repository's folder.
pub fn root() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether files that are compared are to be rewritten: `LANDFALL_BLESS=1`.
pub fn bless() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no `cli` that reads the environment"
    )]
    std::env::var("LANDFALL_BLESS").is_ok_and(|value| value == "1")
}

/// One file of `examples/`.
pub struct Example {
    pub name: String,
    pub answers: Document<Answers>,
    pub entry: Entry,
}

impl Example {
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = root()
            .join("examples")
            .read_dir_utf8()
            .unwrap()
            .map(|file| file.unwrap().into_path())
            .filter(|path| path.extension() == Some("yaml"))
            .map(|path| Self::read(&path))
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    pub fn named(name: &str) -> Self {
        Self::read(&root().join(format!("examples/{name}.yaml")))
    }

    fn read(path: &Utf8Path) -> Self {
        let text = fs_err::read_to_string(path).unwrap();
        let answers = Answers::parse(path.as_str(), &text).unwrap_or_else(|problems| panic!("{problems}"));
        let entry = Catalog::default().open(&answers.content.product).unwrap();
        Self {
            name: path.file_stem().unwrap().to_owned(),
            answers,
            entry,
        }
    }

    pub fn deployment(&self) -> Deployment {
        let release = release(self.entry.product());
        resolve(&self.entry, &release, &self.answers).unwrap_or_else(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            panic!("{}: {error}: {source:?} {error:?}", self.name)
        })
    }
}

/// Makes a release for tests: no such images exist, and their references say so.
pub fn release(product: &Product) -> Release {
    let image = |component: &String| {
        let digest = Digest::of(component);
        ReleaseImage {
            reference: format!("images-made-up-for-tests.invalid/{component}:1.0.0"),
            digest,
            platforms: BTreeMap::from([("linux/amd64".to_owned(), digest)]),
            size: 1,
            source: ImageOrigin::Registry,
            sbom: None,
        }
    };
    let containers = product
        .services
        .iter()
        .filter(|(_, service)| service.kind() == ServiceKind::Sql)
        .map(|(name, _)| name);
    Release {
        schema: RELEASE_SCHEMA.to_owned(),
        product: product.name.clone(),
        version: "1.0.0".parse().unwrap(),
        images: product
            .components
            .keys()
            .chain(containers)
            .map(|name| (name.clone(), image(name)))
            .collect(),
        reachable_from: None,
        migrations: MigrationPromise::default(),
        notes: vec!["Made up for tests".to_owned()],
    }
}

/// Compares files with those of a folder, which must have no others; rewrites them when told to.
pub fn assert_folder(folder: &Utf8Path, expected: &BTreeMap<Utf8PathBuf, String>) {
    let there = files_below(folder);
    if bless() {
        for path in there.iter().filter(|path| !expected.contains_key(*path)) {
            fs_err::remove_file(folder.join(path)).unwrap();
        }
        for (path, text) in expected {
            let path = folder.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        return;
    }
    let mut wrong = Vec::new();
    for (path, text) in expected {
        match fs_err::read_to_string(folder.join(path)) {
            Ok(golden) if golden == *text => {}
            Ok(golden) => wrong.push(first_difference(path, &golden, text)),
            Err(_) => wrong.push(format!("{path}: is new")),
        }
    }
    let orphans = there.iter().filter(|path| !expected.contains_key(*path));
    wrong.extend(orphans.map(|path| format!("{path}: nothing renders it any more")));
    assert!(
        wrong.is_empty(),
        "{folder} differs; LANDFALL_BLESS=1 rewrites it:\n{}",
        wrong.join("\n")
    );
}

/// Expects that every golden folder of a target, by the beginning of its name, is rendered by a case.
pub fn assert_no_orphans(golden: &Utf8Path, target: &str, rendered: &BTreeMap<Utf8PathBuf, Artifacts>) {
    let folder_of = |path: Utf8PathBuf| path.components().take(2).collect::<Utf8PathBuf>();
    let there: BTreeSet<Utf8PathBuf> = files_below(golden)
        .into_iter()
        .map(folder_of)
        .filter(|folder| folder.file_name().is_some_and(|name| name.starts_with(target)))
        .collect();
    let orphans: Vec<_> = there
        .iter()
        .filter(|folder| !rendered.contains_key(*folder))
        .collect();
    assert!(orphans.is_empty(), "nothing renders {orphans:?}");
}

fn first_difference(path: &Utf8Path, golden: &str, found: &str) -> String {
    let mut lines = golden.lines().zip(found.lines()).enumerate();
    match lines.find(|(_, (golden, found))| golden != found) {
        Some((line, (golden, found))) => format!("{path}:{}:\n  - {golden}\n  + {found}", line + 1),
        None => format!("{path}: one of the two is longer"),
    }
}

/// Lists the files below a folder, relative to it.
pub fn files_below(folder: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in next.read_dir_utf8().into_iter().flatten() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found
}
