//! Judges a license: is it whole, for this product, and for how long.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::claims::License;
use super::error::LicenseError;
use super::issue::signing;
use super::period::Period;
use super::policy::Policy;

/// Forgives clocks that differ between the vendor's machine and this one.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Holds what a license is judged against, beside the product's policy.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Holds the vendor's public key (PEM); without it the signature is not checked.
    pub key_pem: Option<&'a [u8]>,
    /// Says what time it is.
    pub now: Timestamp,
    /// Lists the ids (`jti`) of revoked licenses.
    pub revoked: &'a [String],
    /// Names the product that wants the license.
    pub product: Option<&'a str>,
    /// Names the lowest tier that will do.
    pub tier: Option<&'a str>,
}

/// Says what was found about a license.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Holds what the license says, when it could be read; not to be trusted unless the signature is good.
    pub license: Option<License>,
    /// Judges it; the worst that was found.
    pub verdict: Verdict,
    /// Says what became of the signature.
    pub signature: Signature,
    /// Counts whole days until it ends, below zero afterwards; `None` when it never ends.
    pub days_left: Option<i64>,
    /// Lists everything that was noticed, also beside the verdict.
    pub findings: Vec<Finding>,
}

/// Judges a license.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Counts, and will for a while.
    Valid,
    /// Counts, but it is time to renew.
    ExpiresSoon {
        /// Counts the whole days left.
        days: i64,
        /// Names the notice that is due.
        notice: Period,
    },
    /// Is over.
    Expired,
    /// Does not count yet, or was issued in what this machine takes for the future.
    NotYetValid,
    /// Was not signed by the vendor's key, or not in the one allowed way.
    BadSignature,
    /// Is for another product.
    WrongProduct,
    /// Is for a lower tier than is needed.
    TierTooLow,
    /// Lacks a claim that the product insists on.
    Incomplete,
    /// Was taken back by the vendor.
    Revoked,
    /// Is no license at all.
    Malformed,
}

impl Verdict {
    /// Tells whether a product would start with the license.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Valid | Self::ExpiresSoon { .. })
    }

    /// Orders verdicts, so that the one that must be dealt with first wins.
    fn weight(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::ExpiresSoon { .. } => 1,
            Self::Incomplete => 2,
            Self::TierTooLow => 3,
            Self::Expired => 4,
            Self::NotYetValid => 5,
            Self::WrongProduct => 6,
            Self::Revoked => 7,
            Self::BadSignature => 8,
            Self::Malformed => 9,
        }
    }
}

/// Says what became of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// Is the vendor's.
    Good,
    /// Is not the vendor's.
    Bad,
    /// Could not be looked at, because the vendor's key is not known here.
    NotChecked,
}

/// Names one thing that was noticed about a license.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Is not three parts of base64 with JSON objects in the first two.
    NotAToken,
    /// Has a claim of the wrong kind.
    UnclearClaim(String),
    /// Is signed in another way than the product allows; holds the way.
    SignedWith(String),
    /// Asks for extensions that are not known here (RFC 7515, section 4.1.11).
    CriticalExtension,
    /// Has a signature that the vendor's key did not make.
    SignatureDiffers,
    /// Has a signature that was not checked, because the vendor's key is not known here.
    SignatureNotChecked,
    /// Was taken back; holds its id.
    IsRevoked(String),
    /// Has no id, so that it cannot be found on a list of revoked ones.
    NoId,
    /// Is for another product; holds which.
    ForProduct(String),
    /// Names no product.
    NoProduct,
    /// Is for another tier; holds which.
    ForTier(String),
    /// Names no tier.
    NoTier,
    /// Lacks a claim that the product insists on; holds its name.
    NoClaim(String),
    /// Never ends.
    NoExpiry,
    /// Ended at a time.
    EndedAt(Timestamp),
    /// Starts to count at a time that has not come.
    StartsAt(Timestamp),
    /// Was issued at a time that has not come: this machine's clock was set back, or the vendor's is ahead.
    IssuedInFuture(Timestamp),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAToken => write!(f, "not a signed JSON Web Token"),
            Self::UnclearClaim(name) => write!(f, "claim cannot be understood: `{name}`"),
            Self::SignedWith(found) => write!(f, "signed in a way that is not allowed: `{found}`"),
            Self::CriticalExtension => write!(f, "asks for an extension that is not known (`crit`)"),
            Self::SignatureDiffers => write!(f, "signature was not made with the vendor's key"),
            Self::SignatureNotChecked => {
                write!(f, "signature not checked: the vendor's public key is not known")
            }
            Self::IsRevoked(id) => write!(f, "revoked by the vendor: `{id}`"),
            Self::NoId => write!(f, "has no id, so revocation cannot be checked"),
            Self::ForProduct(product) => write!(f, "issued for another product: `{product}`"),
            Self::NoProduct => write!(f, "names no product"),
            Self::ForTier(tier) => write!(f, "issued for another tier: `{tier}`"),
            Self::NoTier => write!(f, "names no tier"),
            Self::NoClaim(name) => write!(f, "says nothing of `{name}`, which the product insists on"),
            Self::NoExpiry => write!(f, "never expires"),
            Self::EndedAt(time) => write!(f, "expired at {time}"),
            Self::StartsAt(time) => write!(f, "not valid before {time}"),
            Self::IssuedInFuture(time) => {
                write!(
                    f,
                    "issued in the future, at {time}: the clock of one machine is wrong"
                )
            }
        }
    }
}

/// Judges a token.
///
/// Whatever is wrong with the token is in the report. The signature is checked before anything the token says is
/// believed, and only in the way the policy names: a token cannot choose `none`, or an HMAC over the public key.
///
/// # Errors
///
/// When the key is not a public RSA key.
pub fn check(token: &str, policy: &Policy, given: &Given<'_>) -> Result<Report, LicenseError> {
    let token = token.trim();
    let Some((header, claims)) = parts(token) else {
        return Ok(Report {
            license: None,
            verdict: Verdict::Malformed,
            signature: Signature::NotChecked,
            days_left: None,
            findings: vec![Finding::NotAToken],
        });
    };
    let mut judge = Judge {
        verdict: Verdict::Valid,
        findings: Vec::new(),
    };
    let signature = judge.signature(token, &header, policy, given.key_pem)?;
    let (license, unclear) = License::read(claims, &policy.claims);
    for name in unclear {
        // An end that cannot be read must not count as no end.
        let verdict = if matches!(&*name, "exp" | "nbf" | "iat" | "jti") {
            Verdict::Malformed
        } else {
            Verdict::Valid
        };
        judge.note(verdict, Finding::UnclearClaim(name));
    }
    judge.revocation(&license, policy, given.revoked);
    judge.product(&license, given.product);
    judge.tier(&license, policy, given.tier);
    for (_, name) in policy.missing(&license) {
        judge.note(Verdict::Incomplete, Finding::NoClaim(name.to_owned()));
    }
    judge.times(&license, policy, given.now);
    let days_left = license.expires.map(|end| days_between(given.now, end));
    Ok(Report {
        license: Some(license),
        verdict: judge.verdict,
        signature,
        days_left,
        findings: judge.findings,
    })
}

/// Gathers what is noticed, and keeps the heaviest verdict.
struct Judge {
    verdict: Verdict,
    findings: Vec<Finding>,
}

impl Judge {
    fn note(&mut self, verdict: Verdict, finding: Finding) {
        self.weigh(verdict);
        self.findings.push(finding);
    }

    fn weigh(&mut self, verdict: Verdict) {
        if verdict.weight() > self.verdict.weight() {
            self.verdict = verdict;
        }
    }

    fn signature(
        &mut self,
        token: &str,
        header: &Map<String, Value>,
        policy: &Policy,
        key_pem: Option<&[u8]>,
    ) -> Result<Signature, LicenseError> {
        let key = key_pem.map(DecodingKey::from_rsa_pem).transpose();
        let key = key.map_err(|source| LicenseError::ReadPublicKey { source })?;
        let found = header.get("alg").and_then(Value::as_str).unwrap_or("none");
        if found != policy.algorithm.name() {
            self.note(Verdict::BadSignature, Finding::SignedWith(found.to_owned()));
            return Ok(Signature::Bad);
        }
        if header.contains_key("crit") {
            self.note(Verdict::BadSignature, Finding::CriticalExtension);
            return Ok(Signature::Bad);
        }
        let Some(key) = key else {
            self.note(Verdict::Valid, Finding::SignatureNotChecked);
            return Ok(Signature::NotChecked);
        };
        if is_signed(token, &key, policy)? {
            return Ok(Signature::Good);
        }
        self.note(Verdict::BadSignature, Finding::SignatureDiffers);
        Ok(Signature::Bad)
    }

    fn revocation(&mut self, license: &License, policy: &Policy, revoked: &[String]) {
        match &license.id {
            Some(id) if revoked.contains(id) => {
                self.note(Verdict::Revoked, Finding::IsRevoked(id.clone()));
            }
            None if policy.revocations => self.note(Verdict::Valid, Finding::NoId),
            _ => {}
        }
    }

    fn product(&mut self, license: &License, wanted: Option<&str>) {
        let Some(wanted) = wanted else { return };
        match &license.product {
            Some(product) if !product.eq_ignore_ascii_case(wanted) => {
                self.note(Verdict::WrongProduct, Finding::ForProduct(product.clone()));
            }
            // Many vendors have one product, and one key for it: the signature says enough.
            None => self.note(Verdict::Valid, Finding::NoProduct),
            Some(_) => {}
        }
    }

    fn tier(&mut self, license: &License, policy: &Policy, wanted: Option<&str>) {
        let Some(wanted) = wanted else { return };
        let rank = |tier: &str| {
            policy
                .tiers
                .iter()
                .position(|known| known.eq_ignore_ascii_case(tier))
        };
        match &license.tier {
            None => self.note(Verdict::TierTooLow, Finding::NoTier),
            Some(tier) if tier.eq_ignore_ascii_case(wanted) => {}
            // Tiers that the policy does not order are enough only for themselves.
            Some(tier)
                if rank(tier)
                    .zip(rank(wanted))
                    .is_none_or(|(has, needs)| has < needs) =>
            {
                self.note(Verdict::TierTooLow, Finding::ForTier(tier.clone()));
            }
            Some(_) => {}
        }
    }

    fn times(&mut self, license: &License, policy: &Policy, now: Timestamp) {
        let ahead = |time: Timestamp| time.duration_since(now) > CLOCK_SKEW;
        if let Some(issued) = license.issued.filter(|&time| ahead(time)) {
            self.note(Verdict::NotYetValid, Finding::IssuedInFuture(issued));
        }
        if let Some(start) = license.not_before.filter(|&time| ahead(time)) {
            self.note(Verdict::NotYetValid, Finding::StartsAt(start));
        }
        let Some(end) = license.expires else {
            self.note(Verdict::Valid, Finding::NoExpiry);
            return;
        };
        // "On or after which", without forgiveness: RFC 7519, section 4.1.4. Products are strict about their end.
        if now >= end {
            self.note(Verdict::Expired, Finding::EndedAt(end));
            return;
        }
        let left = end.duration_since(now);
        if let Some(&notice) = policy
            .notices
            .iter()
            .filter(|notice| left <= notice.duration())
            .min()
        {
            self.weigh(Verdict::ExpiresSoon {
                days: days_between(now, end),
                notice,
            });
        }
    }
}

/// Takes a token apart, without believing it.
fn parts(token: &str) -> Option<(Map<String, Value>, Map<String, Value>)> {
    let mut parts = token.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    Some((read(header)?, read(claims)?))
}

fn is_signed(token: &str, key: &DecodingKey, policy: &Policy) -> Result<bool, LicenseError> {
    let mut validation = Validation::new(signing(policy.algorithm));
    // The library would ask the clock, and knows neither our notices nor our findings.
    validation.required_spec_claims.clear();
    (
        validation.validate_exp,
        validation.validate_nbf,
        validation.validate_aud,
    ) = (false, false, false);
    match jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation) {
        Ok(_) => Ok(true),
        Err(source) => match source.kind() {
            ErrorKind::InvalidKeyFormat | ErrorKind::InvalidRsaKey(_) | ErrorKind::Provider(_) => {
                Err(LicenseError::CheckSignature { source })
            }
            // All other kinds speak about the token.
            _ => Ok(false),
        },
    }
}

/// Counts whole days; one second late is one day late.
fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs().div_euclid(86_400)
}
