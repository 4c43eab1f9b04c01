//! Reads the claims of a license, whatever a product makes of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::policy::ClaimNames;

/// Holds what a license says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct License {
    /// Names who issued it: `iss`.
    pub issuer: Option<String>,
    /// Names who it is for: the product's own claim, or `sub`.
    pub customer: Option<String>,
    /// Names the license itself: `jti`.
    pub id: Option<String>,
    /// Names the product it is for.
    pub product: Option<String>,
    /// Names the tier.
    pub tier: Option<String>,
    /// Counts how many may use the product.
    pub seats: Option<u64>,
    /// Lists what is switched on.
    pub features: Vec<String>,
    /// Says when it was issued: `iat`.
    pub issued: Option<Timestamp>,
    /// Says from when it counts: `nbf`.
    pub not_before: Option<Timestamp>,
    /// Says until when it counts: `exp`.
    pub expires: Option<Timestamp>,
    /// Holds all other claims, for show.
    pub other: Map<String, Value>,
}

impl License {
    /// Reads claims; names those that are there but cannot be understood.
    ///
    /// What cannot be understood stays in `other`.
    pub(super) fn read(mut claims: Map<String, Value>, names: &ClaimNames) -> (Self, Vec<String>) {
        let mut unclear = Vec::new();
        let mut reader = Reader {
            claims: &mut claims,
            unclear: &mut unclear,
        };
        let mut license = Self {
            issuer: reader.take("iss", text),
            customer: reader.take(&names.customer, text),
            id: reader.take("jti", text),
            product: reader.take(&names.product, text),
            tier: reader.take(&names.tier, text),
            seats: reader.take(&names.seats, count),
            features: reader.take(&names.features, list).unwrap_or_default(),
            issued: reader.take("iat", time),
            not_before: reader.take("nbf", time),
            expires: reader.take("exp", time),
            other: Map::new(),
        };
        if license.customer.is_none() {
            license.customer = reader.take("sub", text);
        }
        license.other = claims;
        (license, unclear)
    }

    /// Writes claims, the way [`License::read`] finds them again.
    pub(super) fn claims(&self, names: &ClaimNames) -> Map<String, Value> {
        let Self {
            issuer,
            customer,
            id,
            product,
            tier,
            seats,
            features,
            issued,
            not_before,
            expires,
            other,
        } = self;
        let mut claims = other.clone();
        let texts = [
            ("iss", issuer),
            ("sub", customer),
            ("jti", id),
            (&names.customer, customer),
            (&names.product, product),
            (&names.tier, tier),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                put(&mut claims, name, value.clone().into());
            }
        }
        for (name, value) in [("iat", issued), ("nbf", not_before), ("exp", expires)] {
            if let Some(value) = value {
                put(&mut claims, name, value.as_second().into());
            }
        }
        if let Some(seats) = seats {
            put(&mut claims, &names.seats, (*seats).into());
        }
        put(&mut claims, &names.features, features.clone().into());
        claims
    }
}

/// Takes claims out one by one, so that what is left is the rest.
struct Reader<'a> {
    claims: &'a mut Map<String, Value>,
    unclear: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn take<T>(&mut self, name: &str, read: fn(&Value) -> Option<T>) -> Option<T> {
        let value = find(self.claims, name).filter(|value| !value.is_null())?;
        let Some(understood) = read(value) else {
            self.unclear.push(name.to_owned());
            return None;
        };
        // A claim inside an object stays, because its neighbours do.
        self.claims.remove(name);
        Some(understood)
    }
}

/// Finds a claim by its whole name first, because names may be URLs with dots.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    find(claims.get(first)?.as_object()?, rest)
}

fn put(claims: &mut Map<String, Value>, name: &str, value: Value) {
    if let Some((first, rest)) = name.split_once('.').filter(|_| !name.contains('/')) {
        let inner = claims.entry(first).or_insert_with(|| Map::new().into());
        if let Some(inner) = inner.as_object_mut() {
            put(inner, rest, value);
            return;
        }
    }
    claims.insert(name.to_owned(), value);
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Reads a list, words separated by commas or spaces, or an object of switches.
fn list(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::String(words) => Some(
            words
                .split([',', ' '])
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        ),
        Value::Object(switches) => Some(
            switches
                .iter()
                .filter(|(_, on)| **on == Value::Bool(true))
                .map(|(name, _)| name.clone())
                .collect(),
        ),
        _ => None,
    }
}

/// Reads a `NumericDate`: RFC 7519, section 2; seconds, which may have a fraction.
fn time(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64().filter(|seconds| seconds.is_finite())?;
    // Far beyond any `Timestamp`, and still exact as a number.
    #[expect(clippy::cast_possible_truncation, reason = "the bound above keeps it whole")]
    let seconds = (seconds.abs() < 1e15).then_some(seconds.floor() as i64)?;
    Timestamp::from_second(seconds).ok()
}
