use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;
use crate::oci::testing::{Compression, Fixture, TarItem as T, tar};

/// Unpacks layers made of the items, and answers the tree.
fn unpacked(layers: &[&[T]]) -> (Fixture, Utf8PathBuf, Result<Unpacked, OciError>) {
    let fixture = Fixture::new();
    let layers: Vec<_> = layers.iter().map(|items| tar(items)).collect();
    let image = fixture.image(&layers, Compression::Gzip);
    let destination = fixture.root().join("out/tree");
    let result = unpack(&image, fixture.blobs(), &destination, UnpackOptions::default());
    (fixture, destination, result)
}

fn error(layers: &[&[T]]) -> OciError {
    let (fixture, destination, result) = unpacked(layers);
    assert!(!destination.exists());
    assert_eq!(
        fs::read_dir(fixture.root().join("out")).unwrap().count(),
        0,
        "nothing is left beside it"
    );
    assert!(!fixture.root().join("outside").exists() && !fixture.root().join("out/outside").exists());
    result.unwrap_err()
}

#[test]
fn files_links_and_modes_arrive_and_dangerous_bits_do_not() {
    let (_fixture, tree, result) = unpacked(&[&[
        T::dir("usr/", 0o755),
        T::dir("usr/readonly", 0o555),
        T::file("usr/readonly/a", 0o644, "aa"),
        T::file("usr/app", 0o6755, "app"),
        T::hard("usr/app2", "usr/app"),
        T::symlink("app", "/usr/app"),
        T::dir("tmp", 0o1777),
        T::special("dev/null", tar::EntryType::Char),
        T::special("dev/pipe", tar::EntryType::Fifo),
    ]]);
    assert_eq!(
        result.unwrap(),
        Unpacked {
            kept: false,
            files: 2,
            bytes: 5
        }
    );
    let mode = |path: &str| fs::metadata(tree.join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(
        (mode("usr/app"), mode("tmp"), mode("usr/readonly")),
        (0o755, 0o1777, 0o555)
    );
    assert_eq!(
        fs::metadata(tree.join("usr/app")).unwrap().ino(),
        fs::metadata(tree.join("usr/app2")).unwrap().ino()
    );
    assert_eq!(
        fs::read_link(tree.join("app")).unwrap().to_str(),
        Some("/usr/app")
    );
    assert!(!tree.join("dev/null").exists() && !tree.join("dev/pipe").exists());
}

#[test]
fn every_compression_is_read() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let fixture = Fixture::new();
        let image = fixture.image(&[tar(&[T::file("a", 0o644, "hello")])], compression);
        let out = fixture.root().join("tree");
        unpack(&image, fixture.blobs(), &out, UnpackOptions::default()).unwrap();
        assert_eq!(fs::read_to_string(out.join("a")).unwrap(), "hello");
    }
}

#[test]
fn whiteouts_hide_lower_layers_only() {
    let (_fixture, tree, result) = unpacked(&[
        &[
            T::file("a", 0o644, ""),
            T::file("d/x", 0o644, ""),
            T::file("d/s/y", 0o644, ""),
            T::file("e/z", 0o644, ""),
        ],
        &[
            T::file(".wh.a", 0o644, ""),
            T::file("d/s/new", 0o644, ""),
            T::file("d/.wh..wh..opq", 0o644, ""),
            T::file("e/z", 0o644, "kept"),
            T::file("e/.wh.z", 0o644, ""),
            T::file(".wh.never-there", 0o644, ""),
            T::file(".wh..wh.plnk", 0o644, ""),
        ],
    ]);
    result.unwrap();
    assert!(!tree.join("a").exists() && !tree.join("d/x").exists() && !tree.join("d/s/y").exists());
    assert!(tree.join("d/s/new").exists());
    assert_eq!(fs::read_to_string(tree.join("e/z")).unwrap(), "kept");
    assert_eq!(
        fs::read_dir(&tree).unwrap().count(),
        4,
        "beside `d`, `e` and two files of ours, no whiteout became a file"
    );
}

#[test]
fn a_later_layer_replaces_any_kind_by_any_kind() {
    let (_fixture, tree, result) = unpacked(&[
        &[
            T::file("a/x", 0o644, ""),
            T::symlink("b", "a"),
            T::file("c", 0o644, ""),
        ],
        &[
            T::file("a", 0o644, "file"),
            T::dir("b", 0o755),
            T::file("b/y", 0o644, ""),
            T::dir("c", 0o755),
        ],
    ]);
    result.unwrap();
    assert!(tree.join("a").is_file() && tree.join("b/y").is_file() && tree.join("c").is_dir());
}

#[test]
fn names_that_leave_the_tree_are_refused() {
    for item in [
        T::file("../outside", 0o644, ""),
        T::file("x/../../outside", 0o644, ""),
        T::hard("passwd", "../../etc/passwd"),
        T::symlink("../outside", "x"),
        T::dir("../outside", 0o755),
        T::file("x/.wh...", 0o644, ""),
        T::file("x/.wh..", 0o644, ""),
        T::file(".wh.", 0o644, ""),
        T::file("../.wh.outside", 0o644, ""),
    ] {
        let error = error(&[&[T::dir("x", 0o755)], &[item]]);
        assert!(matches!(error, OciError::PathEscape { .. }), "{error}");
    }
}

#[test]
fn links_are_never_followed_out_of_the_tree() {
    let fixture = Fixture::new();
    let victim = fixture.root().join("victim");
    fs::create_dir(&victim).unwrap();
    fs::write(victim.join("kept"), "before").unwrap();
    let items = [
        T::symlink("abs", victim.as_str()),
        T::file("abs/kept", 0o644, "evil"),
        T::symlink("rel", "../../victim"),
        T::file("rel/kept", 0o644, "evil"),
        T::symlink("file", &format!("{victim}/kept")),
        T::file("file", 0o644, "evil"),
        T::symlink("o", victim.as_str()),
        T::file("o/.wh..wh..opq", 0o644, ""),
        T::file("o/.wh.kept", 0o644, ""),
        T::symlink(MARKER, &format!("{victim}/kept")),
    ];
    let image = fixture.image(&[tar(&items)], Compression::Gzip);
    let out = fixture.root().join("out/tree");
    unpack(&image, fixture.blobs(), &out, UnpackOptions::default()).unwrap();
    assert_eq!(fs::read_to_string(victim.join("kept")).unwrap(), "before");
    assert_eq!(fs::read_dir(&victim).unwrap().count(), 1);
    assert!(
        out.join(victim.as_str().trim_start_matches('/'))
            .join("kept")
            .exists(),
        "lands inside"
    );
}

#[test]
fn modes_are_never_set_through_a_link_that_came_later() {
    let fixture = Fixture::new();
    let victim = fixture.root().join("victim");
    fs::create_dir(&victim).unwrap();
    fs::set_permissions(&victim, std::fs::Permissions::from_mode(0o700)).unwrap();
    let lower = tar(&[T::dir("x", 0o755), T::dir("x/victim", 0o777)]);
    let upper = tar(&[T::symlink("x", fixture.root().as_str())]);
    let image = fixture.image(&[lower, upper], Compression::None);
    unpack(
        &image,
        fixture.blobs(),
        &fixture.root().join("tree"),
        UnpackOptions::default(),
    )
    .unwrap();
    assert_eq!(fs::metadata(&victim).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_tree_that_is_there_is_kept_and_another_is_refused() {
    let fixture = Fixture::new();
    let (first, second) = (tar(&[T::file("a", 0o644, "1")]), tar(&[T::file("a", 0o644, "2")]));
    let first = fixture.image(&[first], Compression::Gzip);
    let second = fixture.image(&[second], Compression::Gzip);
    let out = fixture.root().join("tree");
    let run = |image| unpack(image, fixture.blobs(), &out, UnpackOptions::default());
    // What a crash leaves behind does not disturb.
    fs::create_dir_all(fixture.root().join(".tree.unpacking/half")).unwrap();
    assert!(!run(&first).unwrap().kept);
    assert!(!fixture.root().join(".tree.unpacking").exists() && !out.join("half").exists());
    assert!(run(&first).unwrap().kept);
    assert!(matches!(run(&second), Err(OciError::DestinationTaken { .. })));
    fs::write(out.join(MARKER), "{").unwrap();
    assert!(matches!(run(&first), Err(OciError::DestinationTaken { .. })));
}

#[test]
fn damage_is_named_by_its_kind() {
    let case = |spoil: &dyn Fn(&Fixture, &mut Image)| {
        let fixture = Fixture::new();
        let mut image = fixture.image(
            &[tar(&[T::file("a", 0o644, &"hello ".repeat(9999))])],
            Compression::Gzip,
        );
        spoil(&fixture, &mut image);
        let out = fixture.root().join("tree");
        let error = unpack(&image, fixture.blobs(), &out, UnpackOptions::default()).unwrap_err();
        assert!(!out.exists());
        error
    };
    let file = |f: &Fixture, i: &Image| f.blobs().path(&i.layers[0].blob.digest);
    let error = case(&|f, i| fs::remove_file(file(f, i)).unwrap());
    assert!(matches!(error, OciError::BlobMissing { .. }), "{error}");
    let error = case(&|f, i| fs::write(file(f, i), "short").unwrap());
    assert!(matches!(error, OciError::BlobSize { .. }), "{error}");
    let error = case(&|f, i| {
        let mut bytes = fs::read(file(f, i)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        fs::write(file(f, i), bytes).unwrap();
    });
    assert!(matches!(error, OciError::BlobDigest { .. }), "{error}");
    let error = case(&|f, i| {
        let bytes = fs::read(file(f, i)).unwrap();
        i.layers[0].blob = f.blob(&bytes[..bytes.len() / 2], &i.layers[0].blob.media_type);
    });
    assert!(
        matches!(error, OciError::WriteEntry { .. } | OciError::ReadLayer { .. }),
        "{error}"
    );
    let error = case(&|_, i| i.layers[0].diff_id = Digest::of("other"));
    assert!(matches!(error, OciError::BlobDigest { .. }), "{error}");
    let error = case(&|_, i| i.layers[0].blob.media_type = "text/plain".into());
    assert!(matches!(error, OciError::MediaType { .. }), "{error}");
}
