//! Canaries: what is secret in an account is found in none of the places that remember something of it.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use serde_json::{Value, json};

use super::super::common::{holds, under};
use super::installation::{Installation, wait};

/// Shorter ones are no secrets, but names of users and the like.
const LENGTH: usize = 16;

impl Installation {
    /// Lists what is secret: what was given, and every value that the account keeps as a secret.
    pub fn canaries(&self) -> BTreeSet<String> {
        let call = |verb: &str, body: Value| -> Value {
            let target = format!("secretsmanager.{verb}");
            let said = self
                .emulator
                .call(&self.account, "secretsmanager", Some(&target), body.to_string());
            serde_json::from_str(&said).unwrap()
        };
        let listed = call("ListSecrets", json!({ "MaxResults": 100 }));
        let kept = listed["SecretList"].as_array().unwrap().iter();
        let values = kept.map(|secret| {
            let said = call("GetSecretValue", json!({ "SecretId": secret["ARN"] }));
            said["SecretString"].as_str().unwrap().to_owned()
        });
        let mut canaries: BTreeSet<String> = values.flat_map(|value| texts(&value)).collect();
        let given =
            ["secret-key", "license.jwt"].map(|file| fs_err::read_to_string(self.path(file)).unwrap());
        canaries.extend(given.map(|text| text.trim().to_owned()));
        canaries.retain(|canary| canary.len() >= LENGTH);
        canaries
    }

    /// Expects no canary in any file of Landfall's and Terraform's, nor in what they keep in the account.
    #[track_caller]
    pub fn assert_nowhere(&self, canaries: &BTreeSet<String>) {
        let places = under(&self.path(".landfall"))
            .into_iter()
            .chain(under(&self.path("out")));
        // The provider's own program is large and not ours; what `license issue` prints is the license.
        let ours = places.filter(|path| path.is_file() && !path.as_str().contains("/.terraform/providers/"));
        let license = fs_err::read(self.path("license.jwt")).unwrap();
        let files = ours.map(|path| (path.to_string(), fs_err::read(&path).unwrap()));
        let mut seen: Vec<(String, Vec<u8>)> = files.filter(|(_, bytes)| *bytes != license).collect();
        for bucket in self.remembering() {
            let objects = self.objects(&bucket);
            assert!(!objects.is_empty(), "nothing lies in {bucket}");
            seen.extend(objects);
        }
        for (place, bytes) in seen {
            for canary in canaries {
                assert!(
                    !holds(&bytes, canary),
                    "a secret ({}..) stands in {place}",
                    &canary[..6]
                );
            }
        }
    }

    fn objects(&self, bucket: &str) -> Vec<(String, Vec<u8>)> {
        let store = AmazonS3Builder::new()
            .with_endpoint(&self.emulator.endpoint)
            .with_allow_http(true)
            .with_region(&self.emulator.region)
            .with_access_key_id(&self.account)
            .with_secret_access_key("test")
            .with_bucket_name(bucket);
        let store = store.build().unwrap();
        wait(async {
            let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
            let mut objects = Vec::new();
            for object in listed {
                let got = store.get(&object.location).await.unwrap();
                let bytes = got.bytes().await.unwrap().to_vec();
                objects.push((format!("{bucket}/{}", object.location), bytes));
            }
            objects
        })
    }
}

/// Takes a secret apart, which may be an object of several.
fn texts(value: &str) -> Vec<String> {
    match serde_json::from_str(value) {
        Ok(Value::Object(inner)) => {
            let texts = inner.values().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        _ => vec![value.to_owned()],
    }
}
