//! The license gate: a signed JWT, checked without asking anybody.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::error::{Explain as _, Failure};
use crate::settings::Environment;

const PRODUCT: &str = "notes";
const EMBEDDED_KEY: &[u8] = include_bytes!("../keys/license-test.pub.pem");

/// What a license grants.
#[derive(Debug, Clone, Deserialize)]
pub struct Claims {
    iss: String,
    sub: String,
    jti: String,
    product: String,
    tier: String,
    seats: u32,
    features: Vec<String>,
    iat: u64,
    exp: u64,
}

impl Claims {
    /// Describes the license for `GET /api/v1/license`.
    pub fn describe(&self, now: u64) -> Value {
        let Self {
            iss,
            sub,
            jti,
            product,
            tier,
            seats,
            features,
            iat,
            exp,
        } = self;
        json!({
            "issuer": iss, "customer": sub, "id": jti, "product": product, "tier": tier, "seats": seats,
            "features": features, "iat": iat, "exp": exp, "days_left": exp.saturating_sub(now) / 86_400,
        })
    }

    /// Tells whether a feature is granted.
    pub fn grants(&self, feature: &str) -> bool {
        self.features.iter().any(|granted| granted == feature)
    }
}

/// The license in force, and how the next one is judged.
pub struct Gate {
    verifier: Verifier,
    current: RwLock<Arc<Claims>>,
}

impl Gate {
    /// Reads the license at startup; without a valid one there is no gate, and no start.
    pub fn open(environment: &Environment) -> Result<Self, Failure> {
        let verifier = Verifier::new(environment)?;
        let path = environment.required("NOTES_LICENSE_FILE")?;
        let token = std::fs::read_to_string(path)
            .explain(format_args!("cannot read the license, put it at {path}"))?;
        let claims = verifier.verify(&token, clock::now())?;
        Ok(Self {
            verifier,
            current: RwLock::new(Arc::new(claims)),
        })
    }

    /// Puts a new license in force; the old one stays if the new one is refused.
    pub fn reload(&self, token: &str) -> Result<Arc<Claims>, Failure> {
        let claims = Arc::new(self.verifier.verify(token, clock::now())?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&claims);
        Ok(claims)
    }

    /// Gives the license in force, whether or not it still holds.
    pub fn current(&self) -> Arc<Claims> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives the license if it still holds; asked on every gated request.
    pub fn check(&self) -> Result<Arc<Claims>, Failure> {
        let claims = self.current();
        self.verifier.check(&claims, clock::now())?;
        Ok(claims)
    }
}

/// Judges licenses.
struct Verifier {
    key: DecodingKey,
    revocations: Option<PathBuf>,
}

impl Verifier {
    fn new(environment: &Environment) -> Result<Self, Failure> {
        let pem = match environment.optional("NOTES_LICENSE_KEY_FILE") {
            Some(path) => {
                std::fs::read(path).explain(format_args!("cannot read `NOTES_LICENSE_KEY_FILE`, {path}"))?
            }
            None => EMBEDDED_KEY.to_vec(),
        };
        let key = DecodingKey::from_rsa_pem(&pem).explain("the license key is no RSA public key in PEM")?;
        let revocations = environment.optional("NOTES_REVOCATIONS_FILE").map(PathBuf::from);
        Ok(Self { key, revocations })
    }

    fn verify(&self, token: &str, now: u64) -> Result<Claims, Failure> {
        let mut validation = Validation::new(Algorithm::RS256);
        // Expiry is checked below, where the clock is given and the message says what to do.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let token = token.trim();
        let claims: Claims = jsonwebtoken::decode(token, &self.key, &validation)
            .explain("the license is not valid, ask your vendor for one")?
            .claims;
        if claims.product != PRODUCT {
            return Err(Failure::new(format!(
                "the license is for another product: {}",
                claims.product
            )));
        }
        self.check(&claims, now)?;
        Ok(claims)
    }

    fn check(&self, claims: &Claims, now: u64) -> Result<(), Failure> {
        if claims.exp <= now {
            let day = clock::Calendar::of(claims.exp).rfc3339();
            return Err(Failure::new(format!(
                "the license expired at {day}, ask your vendor for a new one"
            )));
        }
        if self.revoked()?.contains(&claims.jti) {
            let message = format!(
                "the license was revoked, ask your vendor for a new one: {}",
                claims.jti
            );
            return Err(Failure::new(message));
        }
        Ok(())
    }

    fn revoked(&self) -> Result<Vec<String>, Failure> {
        let Some(path) = &self.revocations else {
            return Ok(Vec::new());
        };
        let what = format!(
            "cannot read the revocation list, it must be a JSON list of license ids: {}",
            path.display()
        );
        let text = std::fs::read(path).explain(&what)?;
        serde_json::from_slice(&text).explain(&what)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};

    use super::*;

    const PRIVATE_KEY: &[u8] = include_bytes!("../keys/license-test.key.pem");
    const NOW: u64 = 1_800_000_000;

    fn token(product: &str, exp: u64) -> String {
        let claims = json!({
            "iss": "landfall", "sub": "acme", "jti": "lic-1", "product": product, "tier": "team",
            "seats": 5, "features": ["attachments"], "iat": NOW - 10, "exp": exp,
        });
        let key = EncodingKey::from_rsa_pem(PRIVATE_KEY).unwrap();
        encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
    }

    fn verifier() -> Verifier {
        Verifier {
            key: DecodingKey::from_rsa_pem(EMBEDDED_KEY).unwrap(),
            revocations: None,
        }
    }

    fn refusal(token: &str) -> String {
        verifier().verify(token, NOW).unwrap_err().to_string()
    }

    #[test]
    fn accepts_a_license_signed_with_the_test_key() {
        let claims = verifier()
            .verify(&format!("{}\n", token("notes", NOW + 3 * 86_400)), NOW)
            .unwrap();
        assert_eq!(claims.describe(NOW)["days_left"], 3);
        assert!(claims.grants("attachments") && !claims.grants("sso"));
    }

    #[test]
    fn refuses_an_expired_license() {
        assert!(refusal(&token("notes", NOW)).contains("expired at 2027-01-15"));
    }

    #[test]
    fn refuses_another_product() {
        assert!(refusal(&token("ledger", NOW + 60)).contains("another product"));
    }

    #[test]
    fn refuses_a_changed_token() {
        let good = token("notes", NOW + 60);
        let other = token("notes", NOW + 9_999);
        let (_, signature) = good.rsplit_once('.').unwrap();
        let (content, _) = other.rsplit_once('.').unwrap();
        assert!(refusal(&format!("{content}.{signature}")).contains("not valid"));
    }

    #[test]
    fn refuses_a_token_signed_with_the_public_key_as_a_shared_secret() {
        let claims = json!({ "product": "notes" });
        let key = EncodingKey::from_secret(EMBEDDED_KEY);
        let token = encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
        assert!(refusal(&token).contains("not valid"));
    }

    #[test]
    fn keeps_the_old_license_when_the_new_one_is_refused() {
        let exp = clock::now() + 3_600;
        let verifier = verifier();
        let current = RwLock::new(Arc::new(
            verifier.verify(&token("notes", exp), clock::now()).unwrap(),
        ));
        let gate = Gate { verifier, current };
        assert!(gate.reload(&token("notes", 1)).is_err());
        assert_eq!(gate.current().exp, exp);
        gate.reload(&token("notes", exp + 1)).unwrap();
        assert_eq!(gate.check().unwrap().exp, exp + 1);
    }
}
