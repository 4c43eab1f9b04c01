//! A bucket that speaks S3: three calls, signed by hand with AWS Signature Version 4.

use bytes::Bytes;
use hyper::{Method, StatusCode};

use crate::clock::{self, Calendar};
use crate::crypto::{hex, hmac_sha256, sha256};
use crate::error::Failure;
use crate::http::{Call, Client};

/// A bucket, or a prefix in one.
pub struct Bucket {
    base: String,
    signer: Signer,
    client: Client,
}

impl Bucket {
    /// Reads `bucket[/prefix]?endpoint=..&region=..`.
    pub fn new(place: &str, access_key: String, secret_key: String, client: Client) -> Result<Self, Failure> {
        let (path, query) = place.split_once('?').unwrap_or((place, ""));
        let mut region = "us-east-1".to_owned();
        let mut endpoint = None;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("endpoint", value)) => endpoint = Some(value.trim_end_matches('/').to_owned()),
                Some(("region", value)) => region = value.to_owned(),
                _ => {
                    return Err(Failure::new(format!(
                        "`NOTES_OBJECTS` has an unknown part: {pair}"
                    )));
                }
            }
        }
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let base = format!("{endpoint}/{}", path.trim_end_matches('/'));
        Ok(Self {
            base,
            signer: Signer {
                access_key,
                secret_key,
                region,
            },
            client,
        })
    }

    /// Stores an object.
    pub async fn put(&self, key: &str, body: Bytes) -> Result<(), Failure> {
        let (status, answer) = self.call(Method::PUT, key, body).await?;
        if status.is_success() {
            Ok(())
        } else {
            Err(refused(key, status, &answer))
        }
    }

    /// Gives an object, if there is one.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Failure> {
        let (status, answer) = self.call(Method::GET, key, Bytes::new()).await?;
        match status {
            StatusCode::OK => Ok(Some(answer)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refused(key, status, &answer)),
        }
    }

    /// Deletes an object.
    pub async fn delete(&self, key: &str) -> Result<(), Failure> {
        let (status, answer) = self.call(Method::DELETE, key, Bytes::new()).await?;
        if status.is_success() || status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(refused(key, status, &answer))
    }

    async fn call(&self, method: Method, key: &str, body: Bytes) -> Result<(StatusCode, Bytes), Failure> {
        let url = format!("{}/{key}", self.base);
        let address = url.split_once("://").map_or(url.as_str(), |(_, address)| address);
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        let date = Calendar::of(clock::now()).compact();
        let mut headers = vec![
            ("host".to_owned(), host.to_owned()),
            ("x-amz-content-sha256".to_owned(), sha256(&body)),
            ("x-amz-date".to_owned(), date.clone()),
        ];
        let authorization = self
            .signer
            .sign(method.as_str(), &format!("/{path}"), &headers, &date);
        // The client writes `host` itself, from the same address.
        headers.remove(0);
        headers.push(("authorization".to_owned(), authorization));
        self.client
            .send(Call {
                method,
                url,
                headers,
                body,
            })
            .await
    }
}

fn refused(key: &str, status: StatusCode, answer: &[u8]) -> Failure {
    let start = String::from_utf8_lossy(&answer[..answer.len().min(200)]).into_owned();
    Failure::new(format!("the object store refused {key} with {status}: {start}"))
}

struct Signer {
    access_key: String,
    secret_key: String,
    region: String,
}

impl Signer {
    /// Signs a call without a query; the headers are sorted, lower-case, and carry the hash of the body.
    fn sign(&self, method: &str, path: &str, headers: &[(String, String)], date: &str) -> String {
        let body_hash = headers.iter().find(|(name, _)| name == "x-amz-content-sha256");
        let body_hash = body_hash.map_or("UNSIGNED-PAYLOAD", |(_, hash)| hash.as_str());
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!("{method}\n{path}\n\n{lines}\n{names}\n{body_hash}");

        let day = date.get(..8).unwrap_or(date);
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            sha256(canonical.as_bytes())
        );
        let mut key = format!("AWS4{}", self.secret_key).into_bytes();
        for part in [day, self.region.as_str(), "s3", "aws4_request"] {
            key = hmac_sha256(&key, part.as_bytes());
        }
        let signature = hex(&hmac_sha256(&key, to_sign.as_bytes()));
        let Self { access_key, .. } = self;
        format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The "GET object" example of Amazon's own description of the signature.
    #[test]
    fn signs_the_published_example() {
        let signer = Signer {
            access_key: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            region: "us-east-1".into(),
        };
        let headers = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", &sha256(b"")),
            ("x-amz-date", "20130524T000000Z"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let authorization = signer.sign("GET", "/test.txt", &headers, "20130524T000000Z");
        let signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert!(authorization.ends_with(signature), "{authorization}");
    }
}
