//! Signing in as AWS's own tools do.

use std::process::Command;

use landfall::aws::{Aws, AwsError};
use landfall::tools::CancelToken;

use super::emulator::{ACCOUNT, emulator};
use super::ground::Ground;

#[tokio::test]
async fn the_account_is_compared_with_the_one_that_is_meant() {
    let Some(ground) = Ground::new().await else { return };
    let identity = ground.aws.identity(&CancelToken::new()).await.unwrap();
    identity.guard(ACCOUNT).unwrap();
    let error = identity.guard("000000000007").unwrap_err();
    assert!(matches!(error, AwsError::OtherAccount { .. }), "{error:?}");
    assert!(error.to_string().contains(ACCOUNT) && error.to_string().contains("000000000007"));
}

/// The environment is the whole process's, so this signs in from a process of its own: see below.
#[tokio::test]
#[ignore = "it is started by the tests below, with an environment of their own"]
async fn who_is_signed_in() {
    let environment = std::env::vars().collect();
    let aws = match Aws::connect(None, &environment).await {
        Ok(aws) => aws,
        Err(error) => panic!("could not connect: {error}"),
    };
    let identity = aws.identity(&CancelToken::new()).await;
    eprintln!(
        "signed in: {:?} in {}",
        identity.map(|identity| identity.account),
        aws.region()
    );
}

fn sign_in(environment: &[(&str, &str)]) -> String {
    let mut inside = Command::new(std::env::current_exe().unwrap());
    inside
        .args([
            "--exact",
            "aws::identity::who_is_signed_in",
            "--ignored",
            "--nocapture",
        ])
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied());
    let said = inside.output().unwrap();
    String::from_utf8_lossy(&said.stderr).into_owned() + &String::from_utf8_lossy(&said.stdout)
}

#[test]
fn a_profile_names_keys_region_and_endpoint() {
    let Some(emulator) = emulator() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let text = format!(
        "[profile elsewhere]\nregion = eu-west-3\nendpoint_url = {}\naws_access_key_id = {ACCOUNT}\naws_secret_access_key = x\n",
        emulator.endpoint
    );
    fs_err::write(&file, text).unwrap();
    let said = sign_in(&[
        ("AWS_CONFIG_FILE", file.to_str().unwrap()),
        ("AWS_PROFILE", "elsewhere"),
    ]);
    assert!(
        said.contains(&format!("signed in: Ok({ACCOUNT:?}) in eu-west-3")),
        "{said}"
    );
}

#[test]
fn variables_name_keys_region_and_endpoint() {
    let Some(emulator) = emulator() else { return };
    let said = sign_in(&[
        ("AWS_ACCESS_KEY_ID", ACCOUNT),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_REGION", &emulator.region),
        ("AWS_ENDPOINT_URL", &emulator.endpoint),
    ]);
    assert!(
        said.contains(&format!("signed in: Ok({ACCOUNT:?}) in {}", emulator.region)),
        "{said}"
    );
}

#[test]
fn a_proxy_of_the_environment_is_taken() {
    let Some(emulator) = emulator() else { return };
    // Nothing listens there, so that a call through it fails at once.
    let said = sign_in(&[
        ("AWS_ACCESS_KEY_ID", ACCOUNT),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_REGION", &emulator.region),
        ("AWS_ENDPOINT_URL", &emulator.endpoint),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
    ]);
    assert!(said.contains("the call did not reach AWS"), "{said}");
}

#[test]
fn nobody_signed_in_and_no_region_say_so() {
    let said = sign_in(&[("AWS_REGION", "eu-central-1"), ("HOME", "/nonexistent")]);
    assert!(
        said.contains("signed in: Err(") && said.contains("find out who is signed in"),
        "{said}"
    );
    let said = sign_in(&[("HOME", "/nonexistent")]);
    assert!(said.contains("could not connect: no region is set"), "{said}");
}
