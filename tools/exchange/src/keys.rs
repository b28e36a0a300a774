//! API keys: who a request comes from, and whether its signature is right.
//!
//! Verification uses aws-lc-rs (HMAC-SHA256) and ed25519-dalek on purpose: the product signs with
//! other crates, so an error on one side does not hide behind the same error on the other.

use crate::kind::VenueKind;
use crate::order::AccountId;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// One key as its file holds it: `{"kind":"hmac","api_key":…,"secret":…}` or
/// `{"kind":"ed25519","api_key":…,"private_key_pem":…}` (or `public_key_pem`, which is all that the
/// exchange needs).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// `hmac` or `ed25519`.
    pub kind: String,
    /// What the client sends as its API key.
    pub api_key: String,
    /// HMAC secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Ed25519 private key, PKCS#8 PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key_pem: Option<String>,
    /// Ed25519 public key, SPKI PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key_pem: Option<String>,
    /// Passphrase, where the venue has such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<String>,
    /// Venue that knows the key; every venue where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<String>,
    /// Account that the key belongs to; `demo` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

enum Secret {
    Hmac(Box<hmac::Key>),
    Ed25519(VerifyingKey),
}

struct Key {
    account: AccountId,
    secret: Secret,
    passphrase: Option<String>,
}

/// The keys that a venue knows.
#[derive(Default)]
pub(crate) struct Keys(BTreeMap<String, Key>);

/// How an HMAC tag is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Hex,
    Base64,
}

/// What is wrong with a key or a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyFault {
    Unknown,
    Signature,
}

impl Keys {
    /// Adds a key for an account; says what is wrong with it otherwise.
    pub(crate) fn add(&mut self, file: &KeyFile, account: AccountId) -> Result<(), String> {
        let secret = match (file.kind.as_str(), &file.secret) {
            ("hmac", Some(secret)) => {
                Secret::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())))
            }
            ("ed25519", _) => Secret::Ed25519(public_key(file)?),
            ("hmac", None) => return Err(format!("key {}: no `secret`", file.api_key)),
            (kind, _) => return Err(format!("key kind `{kind}` is neither hmac nor ed25519")),
        };
        let passphrase = file.passphrase.clone();
        self.0.insert(file.api_key.clone(), Key { account, secret, passphrase });
        Ok(())
    }

    /// The account of an API key.
    pub(crate) fn account(&self, api_key: &str) -> Result<AccountId, KeyFault> {
        self.0.get(api_key).map(|key| key.account).ok_or(KeyFault::Unknown)
    }

    /// Whether this is the key's passphrase; a key without one takes any.
    pub(crate) fn has_passphrase(&self, api_key: &str, passphrase: &str) -> bool {
        let key = self.0.get(api_key);
        key.is_some_and(|key| key.passphrase.as_deref().is_none_or(|own| own == passphrase))
    }

    /// Whether the key may open a session (Ed25519 only).
    pub(crate) fn may_log_on(&self, api_key: &str) -> bool {
        self.0.get(api_key).is_some_and(|key| matches!(key.secret, Secret::Ed25519(_)))
    }

    /// Checks a signature over exactly `payload`. An HMAC tag is written as `form` says, an
    /// Ed25519 signature always in base64.
    pub(crate) fn verify(
        &self,
        api_key: &str,
        payload: &[u8],
        signature: &str,
        form: Form,
    ) -> Result<AccountId, KeyFault> {
        let key = self.0.get(api_key).ok_or(KeyFault::Unknown)?;
        let tag = match form {
            Form::Hex => hex::decode(signature).ok(),
            Form::Base64 => BASE64.decode(signature).ok(),
        };
        let right = match &key.secret {
            Secret::Hmac(key) => tag.is_some_and(|tag| hmac::verify(key, payload, &tag).is_ok()),
            Secret::Ed25519(key) => BASE64
                .decode(signature)
                .ok()
                .and_then(|bytes| Signature::from_slice(&bytes).ok())
                .is_some_and(|signature| key.verify_strict(payload, &signature).is_ok()),
        };
        if right { Ok(key.account) } else { Err(KeyFault::Signature) }
    }
}

/// PKCS#8 and SPKI headers of an Ed25519 key; the 32 bytes follow.
const PKCS8: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
const SPKI: [u8; 12] = [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0];

fn public_key(file: &KeyFile) -> Result<VerifyingKey, String> {
    let wrong = |what: &str| format!("key {}: {what}", file.api_key);
    if let Some(pem) = &file.public_key_pem {
        let bytes = pem_body(pem, &SPKI).ok_or_else(|| wrong("public_key_pem is not Ed25519"))?;
        return VerifyingKey::from_bytes(&bytes).map_err(|error| wrong(&error.to_string()));
    }
    let pem = file.private_key_pem.as_ref().ok_or_else(|| wrong("no private or public key"))?;
    let seed = pem_body(pem, &PKCS8).ok_or_else(|| wrong("private_key_pem is not Ed25519"))?;
    Ok(SigningKey::from_bytes(&seed).verifying_key())
}

fn pem_body(pem: &str, header: &[u8]) -> Option<[u8; 32]> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).map(str::trim).collect();
    let der = BASE64.decode(body).ok()?;
    der.strip_prefix(header)?.get(..32)?.try_into().ok()
}

fn pem(kind: &str, header: &[u8], bytes: &[u8; 32]) -> String {
    let der = [header, bytes].concat();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", BASE64.encode(der))
}

/// The demonstration account's two keys, HMAC and Ed25519, made from the seed alone.
pub fn demo_keys(seed: u64) -> [KeyFile; 2] {
    let mut random = StdRng::seed_from_u64(seed ^ 0x6b65_7973);
    let mut word = || -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..64).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
    };
    let (hmac_key, secret, ed_key) = (word(), word(), word());
    let bytes: [u8; 32] = random.random();
    let empty = KeyFile {
        kind: String::new(),
        api_key: String::new(),
        secret: None,
        private_key_pem: None,
        public_key_pem: None,
        passphrase: None,
        venue: None,
        account: None,
    };
    [
        KeyFile { kind: "hmac".into(), api_key: hmac_key, secret: Some(secret), ..empty.clone() },
        KeyFile {
            kind: "ed25519".into(),
            api_key: ed_key,
            private_key_pem: Some(pem("PRIVATE KEY", &PKCS8, &bytes)),
            public_key_pem: None,
            ..empty
        },
    ]
}

/// The demonstration keys of a venue: those of [`demo_keys`] on Binance Spot, others made the same
/// way elsewhere. Bybit and OKX have HMAC keys only, OKX's with a passphrase.
pub fn venue_keys(kind: VenueKind, seed: u64) -> Vec<KeyFile> {
    let tag = match kind {
        VenueKind::BinanceSpot => return demo_keys(seed).into(),
        VenueKind::BinanceUsdm => 0x7573_646d << 32,
        VenueKind::Bybit => 0x6279_6269 << 32,
        VenueKind::Okx => 0x006f_6b78 << 32,
    };
    let mut keys = Vec::from(demo_keys(seed ^ tag));
    if kind != VenueKind::BinanceUsdm {
        keys.truncate(1);
    }
    if kind == VenueKind::Okx {
        keys[0].passphrase = Some("simulated".into());
    }
    keys
}

/// Names of the files that [`write_demo_keys`] leaves in a ledger directory: the keys as
/// [`KeyFile`] JSON, and the Ed25519 private key, where there is one, alone as PEM.
pub const KEY_FILES: [&str; 3] = ["demo-hmac.key", "demo-ed25519.key", "demo-ed25519.pem"];

/// The demonstration keys of a venue's ledger directory: those that lie there, else new ones from
/// the seed, written with mode 600.
pub fn write_demo_keys(dir: &Path, kind: VenueKind, seed: u64) -> io::Result<Vec<KeyFile>> {
    std::fs::create_dir_all(dir)?;
    let mut keys = venue_keys(kind, seed);
    for (key, name) in keys.iter_mut().zip(KEY_FILES) {
        let path = dir.join(name);
        match std::fs::read(&path) {
            Ok(text) => {
                *key = serde_json::from_slice(&text)
                    .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
            }
            Err(_) => write_secret(&path, &serde_json::to_vec(&*key)?)?,
        }
    }
    if let Some(text) = keys.get(1).and_then(|key| key.private_key_pem.as_ref()) {
        write_secret(&dir.join(KEY_FILES[2]), text.as_bytes())?;
    }
    Ok(keys)
}

fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)
}

/// A keys file given by the operator: one [`KeyFile`] or an array of them.
pub fn read_keys(path: &Path) -> io::Result<Vec<KeyFile>> {
    let text = std::fs::read(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    serde_json::from_slice::<Vec<KeyFile>>(&text)
        .or_else(|_| serde_json::from_slice(&text).map(|key| vec![key]))
        .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hmac_keys(api_key: &str, secret: &str) -> Keys {
        let mut key = demo_keys(0)[0].clone();
        (key.api_key, key.secret) = (api_key.into(), Some(secret.into()));
        let mut keys = Keys::default();
        keys.add(&key, 3).unwrap();
        keys
    }

    #[test]
    fn hmac_vectors_of_the_protocol_notes() {
        let keys =
            hmac_keys("K", "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j");
        let check = |payload: &str, signature: &str| {
            let verify = |payload: &str| keys.verify("K", payload.as_bytes(), signature, Form::Hex);
            assert_eq!(verify(payload), Ok(3), "{payload}");
            let other = payload.replace("BUY", "SELL").replace("recvWindow=100&", "");
            assert_eq!(verify(&other), Err(KeyFault::Signature));
        };
        check(
            "apiKey=vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A&price=52000.00\
             &quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&timeInForce=GTC\
             &timestamp=1645423376532&type=LIMIT",
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        );
        check(
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000\
             &timestamp=1499827319559",
            "C8DB56825AE71D6D79447849E617115F4A920FA2ACDCAB2B053C4B2838BD6B71",
        );
        check(
            "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT\
             &timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        );
    }

    #[test]
    fn base64_tags_and_passphrases_are_checked() {
        // The vector of OKX's notes.
        let mut key = demo_keys(0)[0].clone();
        key.api_key = "okx-key".into();
        key.secret = Some("22582BD0CFF14C41EDBF1AB98506286D".into());
        key.passphrase = Some("phrase".into());
        let mut keys = Keys::default();
        keys.add(&key, 4).unwrap();
        let payload = b"1700000000GET/users/self/verify";
        let tag = "XtWT3nqS3qY+ulloN3tq91tg6+cbnBqk/PPw6w+wmXE=";
        assert_eq!(keys.verify("okx-key", payload, tag, Form::Base64), Ok(4));
        assert_eq!(keys.verify("okx-key", payload, tag, Form::Hex), Err(KeyFault::Signature));
        assert!(keys.has_passphrase("okx-key", "phrase"));
        assert!(!keys.has_passphrase("okx-key", "Phrase"));
    }

    #[test]
    fn ed25519_vectors_of_the_protocol_notes() {
        let mut key = demo_keys(0)[1].clone();
        key.public_key_pem = None;
        key.api_key = "TESTKEY".into();
        key.private_key_pem = Some(
            "-----BEGIN PRIVATE KEY-----\n\
             MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n\
             -----END PRIVATE KEY-----\n"
                .into(),
        );
        let mut keys = Keys::default();
        keys.add(&key, 2).unwrap();
        let check = |payload: &str, signature: &str| {
            let payload = payload.as_bytes();
            assert_eq!(keys.verify("TESTKEY", payload, signature, Form::Hex), Ok(2));
        };
        check(
            "A\u{1}EXAMPLE\u{1}SPOT\u{1}1\u{1}20240627-11:17:25.223",
            "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj7\
             3j8gCA==",
        );
        check(
            "apiKey=TESTKEY&timestamp=1700000000000",
            "yPN9U5r5SLMlMZBE/SOqMx5eWb0wPWIoGPwP84l7NWblKCRy5vNNM+77QT4Ef2+joXTrTe5r6MvBa7KB\
             w6A2DQ==",
        );
        assert!(keys.may_log_on("TESTKEY"));
        assert_eq!(keys.account("NoSuchKey"), Err(KeyFault::Unknown));
    }

    #[test]
    fn demo_keys_come_from_the_seed_and_stay_in_the_directory() {
        assert_eq!(demo_keys(7), demo_keys(7));
        assert_ne!(demo_keys(7), demo_keys(8));
        assert_eq!(venue_keys(VenueKind::BinanceSpot, 7), demo_keys(7));
        assert_ne!(venue_keys(VenueKind::Bybit, 7)[0], venue_keys(VenueKind::Okx, 7)[0]);
        let dir = std::env::temp_dir().join(format!("exchange-keys-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let first = write_demo_keys(&dir, VenueKind::BinanceSpot, 7).unwrap();
        assert_eq!(write_demo_keys(&dir, VenueKind::BinanceSpot, 9).unwrap(), first);
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(dir.join(KEY_FILES[0])).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
        let mut keys = Keys::default();
        for key in &first {
            keys.add(key, 0).unwrap();
        }
        let _ = std::fs::remove_dir_all(&dir);
    }
}
