//! Signatures over request payloads: HMAC-SHA256 in hexadecimal or base64, Ed25519 in base64.
//!
//! The kind of key is always stated by whoever loads it and never guessed from its look: a base64
//! HMAC secret taken for an Ed25519 key is a classic fault. No key material reaches `Debug`,
//! `Display` or an error.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;
use engine::id::hex;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

/// Longest signature text: base64 of 64 bytes.
pub const SIGNATURE_LEN_MAX: usize = 88;

/// Why a key cannot be used. Says nothing of the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The secret is empty.
    #[error(
        "the HMAC secret is empty; give the secret that the venue showed when the key was made"
    )]
    EmptySecret,
    /// The text is not one PEM block of a private key.
    #[error(
        "the private key is not an unencrypted PKCS#8 PEM block; \
         it must begin with -----BEGIN PRIVATE KEY-----"
    )]
    Pem,
    /// The block holds no Ed25519 key.
    #[error(
        "the PEM block holds no Ed25519 private key; \
         make one with `openssl genpkey -algorithm ed25519`"
    )]
    NotEd25519,
}

/// A signature as the venue wants it written.
#[derive(Clone, Copy)]
pub struct Signature {
    text: [u8; SIGNATURE_LEN_MAX],
    len: u8,
}

impl Signature {
    /// Its ASCII text.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

/// A key that signs.
pub enum Signer {
    /// HMAC-SHA256, keyed once and cloned for each payload.
    Hmac(Hmac<Sha256>),
    /// Ed25519 (deterministic).
    Ed25519(Box<Ed25519KeyPair>),
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hmac(_) => "Signer::Hmac(..)",
            Self::Ed25519(_) => "Signer::Ed25519(..)",
        })
    }
}

impl Signer {
    /// From an HMAC secret, byte for byte as the venue shows it.
    pub fn hmac(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.is_empty() {
            return Err(KeyError::EmptySecret);
        }
        Hmac::<Sha256>::new_from_slice(secret).map(Self::Hmac).map_err(|_| KeyError::EmptySecret)
    }

    /// From an unencrypted PKCS#8 PEM text of an Ed25519 private key.
    pub fn ed25519(pem: &str) -> Result<Self, KeyError> {
        let begin = "-----BEGIN PRIVATE KEY-----";
        let (_, rest) = pem.split_once(begin).ok_or(KeyError::Pem)?;
        let (body, _) = rest.split_once("-----END PRIVATE KEY-----").ok_or(KeyError::Pem)?;
        let packed: Zeroizing<Vec<u8>> =
            Zeroizing::new(body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
        let der = Zeroizing::new(STANDARD.decode(&*packed).map_err(|_| KeyError::Pem)?);
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| KeyError::NotEd25519)?;
        Ok(Self::Ed25519(Box::new(pair)))
    }

    /// Whether a session can be authenticated with it once, so that orders carry no signature.
    pub const fn logs_on(&self) -> bool {
        matches!(self, Self::Ed25519(_))
    }

    /// The signature of a payload. An HMAC allocates nothing.
    #[inline]
    pub fn sign(&self, payload: &[u8]) -> Signature {
        match self {
            Self::Hmac(keyed) => {
                let mut mac = keyed.clone();
                mac.update(payload);
                hex_of(mac)
            }
            Self::Ed25519(pair) => base64_of(pair, payload),
        }
    }

    /// The same in base64 whatever the key, for venues that want it so.
    pub fn sign_base64(&self, payload: &[u8]) -> Signature {
        match self {
            Self::Hmac(keyed) => {
                let mut mac = keyed.clone();
                mac.update(payload);
                in_base64(&mac.finalize().into_bytes())
            }
            Self::Ed25519(pair) => base64_of(pair, payload),
        }
    }

    /// For payloads that always begin with `prefix`: hashes it once.
    pub fn prefixed(&self, prefix: &[u8]) -> Prefixed {
        match self {
            Self::Hmac(keyed) => {
                let mut mac = keyed.clone();
                mac.update(prefix);
                Prefixed(Some(mac))
            }
            Self::Ed25519(_) => Prefixed(None),
        }
    }
}

/// An HMAC that has taken a constant prefix already; empty for other kinds of key.
pub struct Prefixed(Option<Hmac<Sha256>>);

impl fmt::Debug for Prefixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prefixed(..)")
    }
}

impl Prefixed {
    /// The signature of the prefix and this rest; `None` when the key is of another kind.
    #[inline]
    pub fn sign(&self, rest: &[u8]) -> Option<Signature> {
        let mut mac = self.0.clone()?;
        mac.update(rest);
        Some(hex_of(mac))
    }
}

#[inline]
fn hex_of(mac: Hmac<Sha256>) -> Signature {
    let mut text = [0; SIGNATURE_LEN_MAX];
    let digest = mac.finalize().into_bytes();
    let (places, (words, _)) = (text.as_chunks_mut::<16>().0, digest.as_chunks::<8>());
    for (place, word) in places.iter_mut().zip(words) {
        *place = hex(u64::from_be_bytes(*word));
    }
    Signature { text, len: 64 }
}

fn base64_of(pair: &Ed25519KeyPair, payload: &[u8]) -> Signature {
    match pair.try_sign(payload) {
        Ok(signature) => in_base64(signature.as_ref()),
        Err(_) => Signature { text: [0; SIGNATURE_LEN_MAX], len: 0 },
    }
}

fn in_base64(bytes: &[u8]) -> Signature {
    let mut text = [0; SIGNATURE_LEN_MAX];
    let len = STANDARD.encode_slice(bytes, &mut text).unwrap_or(0);
    Signature { text, len: len as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn hmac_agrees_with_the_published_vectors() {
        let check = |payload: &str, expect: &str| {
            let signer = Signer::hmac(SECRET).unwrap();
            assert_eq!(signer.sign(payload.as_bytes()).as_str(), expect, "{payload}");
            let (head, tail) = payload.split_at(payload.len() / 2);
            let split = signer.prefixed(head.as_bytes()).sign(tail.as_bytes()).unwrap();
            assert_eq!(split.as_str(), expect, "prefix hashed before: {payload}");
        };
        check(
            "apiKey=vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A\
             &price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT\
             &timeInForce=GTC&timestamp=1645423376532&type=LIMIT",
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        );
        check(
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1\
             &recvWindow=5000&timestamp=1499827319559",
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        );
        check(
            "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT\
             &timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        );
    }

    #[test]
    fn ed25519_agrees_with_the_published_vectors() {
        let signer = Signer::ed25519(PEM).unwrap();
        assert_eq!(
            signer.sign(b"A\x01EXAMPLE\x01SPOT\x011\x0120240627-11:17:25.223").as_str(),
            "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8\
             AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA=="
        );
        assert_eq!(
            signer.sign(b"apiKey=TESTKEY&timestamp=1700000000000").as_str(),
            "yPN9U5r5SLMlMZBE/SOqMx5eWb0wPWIoGPwP84l7NWbl\
             KCRy5vNNM+77QT4Ef2+joXTrTe5r6MvBa7KBw6A2DQ=="
        );
    }

    /// The vectors of the protocol notes for Bybit (hexadecimal) and OKX (base64).
    #[test]
    fn other_venues_vectors_agree() {
        let bybit = Signer::hmac(b"TESTSECRET0000000000000000000000001").unwrap();
        let check = |payload: &str, expect: &str| {
            assert_eq!(bybit.sign(payload.as_bytes()).as_str(), expect, "{payload}");
        };
        check(
            "GET/realtime1700000010000",
            "f2b49c304bc1c304fb64ea1216d9ace61eefc973e773b08e20739c10ffc21ab4",
        );
        check(
            "1700000000000TESTKEY000000000015000category=linear&symbol=BTCUSDT",
            "45fb20651587a10626ae124d43e0d26c21650f80b4507d45ab4e4932574d539b",
        );
        let okx = Signer::hmac(b"22582BD0CFF14C41EDBF1AB98506286D").unwrap();
        let check = |payload: &str, expect: &str| {
            assert_eq!(okx.sign_base64(payload.as_bytes()).as_str(), expect, "{payload}");
        };
        check("1700000000GET/users/self/verify", "XtWT3nqS3qY+ulloN3tq91tg6+cbnBqk/PPw6w+wmXE=");
        check(
            "2023-11-14T22:13:20.000ZGET/api/v5/account/balance?ccy=BTC",
            "qIRPNBEMj/dg0I5nZPdy1cNFp39x3c30GoloQDeM8Wg=",
        );
        let usdm = b"2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9";
        let payload = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC\
             &recvWindow=5000&timestamp=1591702613943";
        assert_eq!(
            Signer::hmac(usdm).unwrap().sign(payload.as_bytes()).as_str(),
            "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
        );
    }

    #[test]
    fn bad_keys_are_refused_without_being_told() {
        assert_eq!(Signer::hmac(b"").unwrap_err(), KeyError::EmptySecret);
        assert_eq!(Signer::ed25519("hunter2").unwrap_err(), KeyError::Pem);
        let short = "-----BEGIN PRIVATE KEY-----\naGk=\n-----END PRIVATE KEY-----";
        assert_eq!(Signer::ed25519(short).unwrap_err(), KeyError::NotEd25519);
        let shown = format!("{:?} {:?}", Signer::hmac(SECRET), Signer::ed25519(PEM));
        assert!(!shown.contains("Nhq") && !shown.contains("MC4"), "{shown}");
    }
}
