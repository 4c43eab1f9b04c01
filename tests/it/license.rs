//! Issuing licenses with the real binary.

use crate::common::TestEnv;
use crate::fixtures::root;

#[test]
fn a_license_that_the_product_would_refuse_is_not_signed() {
    let env = TestEnv::new();
    let key = root().join("sample/keys/license-test.key.pem");
    let issue = |more: &[&str]| {
        let args = [
            "license",
            "issue",
            "--product",
            "sample",
            "--key",
            key.as_str(),
            "--customer",
            "acme",
        ];
        env.run(&[&args, more].concat())
    };
    let ran = issue(&[]);
    ran.exits(64).says(&[
        "error: Notes takes no license without `tier`, `seats`",
        "hint: give --tier TIER --seats N",
    ]);
    assert_eq!(ran.stdout, "");
    let ran = issue(&["--tier", "community", "--seats", "5"]);
    assert_eq!(ran.exits(0).stdout.matches('.').count(), 2);
}
