//! What is kept for each region: the certificates that RDS signs with there.

use include_dir::{Dir, include_dir};

static CERTIFICATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/terraform/certificates");

/// Gives the certificates of a region; none for one that is not known.
pub(super) fn certificates(region: &str) -> Option<&'static str> {
    CERTIFICATES.get_file(format!("{region}.pem"))?.contents_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_its_three_roots_and_nothing_else() {
        let mut known = 0;
        for file in CERTIFICATES
            .files()
            .filter(|file| file.path().extension() == Some("pem".as_ref()))
        {
            let pem = file.contents_utf8().unwrap();
            let count = |mark: &str| pem.lines().filter(|line| *line == mark).count();
            assert_eq!(count("-----BEGIN CERTIFICATE-----"), 3, "{:?}", file.path());
            assert_eq!(count("-----END CERTIFICATE-----"), 3, "{:?}", file.path());
            known += 1;
        }
        assert!(known >= 27);
        assert!(certificates("eu-west-1").is_some());
        assert!(certificates("nowhere-1").is_none());
    }
}
