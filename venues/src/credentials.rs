//! API keys: from the environment, or from a file that nobody but us can read.
//!
//! Never from the command line, the configuration or a log. The kind of key is stated, not guessed.
//!
//! ```json
//! {"kind": "hmac", "api_key": "…", "secret": "…"}
//! {"kind": "hmac", "api_key": "…", "secret": "…", "passphrase": "…"}
//! {"kind": "ed25519", "api_key": "…", "private_key_pem": "-----BEGIN PRIVATE KEY-----\n…"}
//! ```

use crate::sign::{KeyError, Signer};
use core::fmt;
use serde::Deserialize;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Largest credentials file that is read, bytes.
const FILE_LEN_MAX: u64 = 16 * 1024;

/// An API key and the signer that goes with it.
pub struct Credentials {
    api_key: Zeroizing<String>,
    signer: Signer,
    passphrase: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials {{ signer: {:?}, .. }}", self.signer)
    }
}

/// Why credentials cannot be used. Says where and what to do, and nothing of the secret.
#[derive(Debug, Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("{path}: cannot read the credentials file: {why}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// Others could read it.
    #[error("{path}: mode is {mode:03o}, so others may read the keys; run `chmod 600 {path}`")]
    Mode {
        /// The file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// It is somebody else's.
    #[error("{path}: owned by user {owner}, not by the user who runs this ({us}); run `chown`")]
    Owner {
        /// The file.
        path: String,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// A variable is missing.
    #[error("the environment variable {name} is not set; set it, or name a credentials file")]
    Unset {
        /// The variable.
        name: String,
    },
    /// The text is not of the form shown in the documentation.
    #[error(
        "{at}: not credentials (line {line}); expected \
         {{\"kind\": \"hmac\", \"api_key\", \"secret\"}} or \
         {{\"kind\": \"ed25519\", \"api_key\", \"private_key_pem\"}}"
    )]
    Form {
        /// File or variables.
        at: String,
        /// Line of the fault, 0 where there are no lines.
        line: usize,
    },
    /// The API key holds characters that no venue gives.
    #[error("{at}: the api_key must be 1 to 128 letters, digits, '-' or '_'")]
    ApiKey {
        /// File or variables.
        at: String,
    },
    /// The venue wants another kind of key.
    #[error("{venue} signs with HMAC: give a key of kind hmac")]
    NotHmac {
        /// Which venue.
        venue: &'static str,
    },
    /// The venue wants a passphrase too.
    #[error("{venue} wants the passphrase that the key was made with: add \"passphrase\"")]
    NoPassphrase {
        /// Which venue.
        venue: &'static str,
    },
    /// The passphrase holds characters that cannot be sent.
    #[error(
        "{at}: the passphrase must be 1 to 64 printable ASCII characters, no quote or backslash"
    )]
    Passphrase {
        /// File or variables.
        at: String,
    },
    /// The key itself is unusable.
    #[error("{at}: {why}")]
    Key {
        /// File or variables.
        at: String,
        /// What is wrong.
        why: KeyError,
    },
}

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Raw {
    Hmac {
        api_key: String,
        secret: String,
        #[serde(default)]
        passphrase: Option<String>,
        /// A note of whose key it is; nothing is made of it.
        #[serde(default)]
        account: Option<String>,
    },
    Ed25519 {
        api_key: String,
        private_key_pem: String,
        #[serde(default)]
        account: Option<String>,
    },
}

impl Credentials {
    /// An API key with its signer; `at` says where it is from, for errors.
    pub fn new(api_key: &str, signer: Signer, at: &str) -> Result<Self, CredentialsError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if api_key.is_empty() || api_key.len() > 128 || !api_key.bytes().all(plain) {
            return Err(CredentialsError::ApiKey { at: at.to_owned() });
        }
        let passphrase = Zeroizing::new(String::new());
        Ok(Self { api_key: Zeroizing::new(api_key.to_owned()), signer, passphrase })
    }

    /// With the passphrase that some venues want besides; `at` says where it is from, for errors.
    pub fn with_passphrase(mut self, text: &str, at: &str) -> Result<Self, CredentialsError> {
        let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
            return Err(CredentialsError::Passphrase { at: at.to_owned() });
        }
        self.passphrase = Zeroizing::new(text.to_owned());
        Ok(self)
    }

    /// Itself where the key signs with HMAC, as this venue wants it.
    pub fn hmac_for(self, venue: &'static str) -> Result<Self, CredentialsError> {
        match self.signer {
            Signer::Hmac(_) => Ok(self),
            Signer::Ed25519(_) => Err(CredentialsError::NotHmac { venue }),
        }
    }

    /// From the environment: `{prefix}_KIND` (`hmac` or `ed25519`), `{prefix}_API_KEY`,
    /// `{prefix}_SECRET` or `{prefix}_PRIVATE_KEY_PEM`, and `{prefix}_PASSPHRASE` where there is
    /// one.
    pub fn from_env(prefix: &str) -> Result<Self, CredentialsError> {
        let look = |name: &str| {
            let name = format!("{prefix}_{name}");
            std::env::var(&name)
                .map(Zeroizing::new)
                .map_err(|_| CredentialsError::Unset { name: name.clone() })
        };
        let (kind, api_key) = (look("KIND")?, look("API_KEY")?);
        let at = format!("{prefix}_*");
        let key = |why| CredentialsError::Key { at: at.clone(), why };
        let signer = match kind.as_str() {
            "hmac" => Signer::hmac(look("SECRET")?.as_bytes()).map_err(key)?,
            "ed25519" => Signer::ed25519(&look("PRIVATE_KEY_PEM")?).map_err(key)?,
            _ => return Err(CredentialsError::Form { at: format!("{prefix}_KIND"), line: 0 }),
        };
        let made = Self::new(&api_key, signer, &at)?;
        match look("PASSPHRASE") {
            Ok(text) => made.with_passphrase(&text, &at),
            Err(_) => Ok(made),
        }
    }

    /// From a file of mode 600 that belongs to us. A symbolic link is not followed.
    pub fn from_file(path: &Path) -> Result<Self, CredentialsError> {
        let shown = path.display().to_string();
        let read = |why: std::io::Error| CredentialsError::Read {
            path: path.display().to_string(),
            why: why.to_string(),
        };
        let no_follow = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
        let file = File::options().read(true).custom_flags(no_follow).open(path).map_err(read)?;
        // The permissions are those of the open file, so that it cannot be swapped in between.
        let meta = file.metadata().map_err(read)?;
        let (mode, owner) = (meta.mode() & 0o777, meta.uid());
        if mode != 0o600 {
            return Err(CredentialsError::Mode { path: shown, mode });
        }
        let us = rustix::process::geteuid().as_raw();
        if owner != us {
            return Err(CredentialsError::Owner { path: shown, owner, us });
        }
        let mut text = Zeroizing::new(Vec::with_capacity(FILE_LEN_MAX as usize));
        file.take(FILE_LEN_MAX).read_to_end(&mut text).map_err(read)?;
        Self::from_json(&text, &shown)
    }

    /// From the JSON text of a credentials file; `at` is its path, for errors.
    pub fn from_json(text: &[u8], at: &str) -> Result<Self, CredentialsError> {
        let raw: Raw = serde_json::from_slice(text)
            .map_err(|fault| CredentialsError::Form { at: at.to_owned(), line: fault.line() })?;
        let key = |why| CredentialsError::Key { at: at.to_owned(), why };
        let (api_key, signer) = match &raw {
            Raw::Hmac { api_key, secret, .. } => {
                (api_key, Signer::hmac(secret.as_bytes()).map_err(key)?)
            }
            Raw::Ed25519 { api_key, private_key_pem, .. } => {
                (api_key, Signer::ed25519(private_key_pem).map_err(key)?)
            }
        };
        let made = Self::new(api_key, signer, at)?;
        match &raw {
            Raw::Hmac { passphrase: Some(text), .. } => made.with_passphrase(text, at),
            _ => Ok(made),
        }
    }

    /// The passphrase; empty when there is none.
    pub fn passphrase(&self) -> &str {
        &self.passphrase
    }

    /// The public half: what requests name us by.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// What signs.
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    const HMAC: &[u8] = br#"{"kind":"hmac","api_key":"key","secret":"s3cr3t"}"#;

    fn file(name: &str, mode: u32) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("peregrine-{}-{name}", std::process::id()));
        let mut file = File::create(&path).unwrap();
        file.write_all(HMAC).unwrap();
        file.set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_file_must_be_ours_alone() {
        let good = file("good", 0o600);
        assert_eq!(Credentials::from_file(&good).unwrap().api_key(), "key");
        let open = file("open", 0o644);
        let text = Credentials::from_file(&open).unwrap_err().to_string();
        assert!(text.contains("mode is 644") && text.contains("chmod 600"), "{text}");
        let text = Credentials::from_file(Path::new("/nonexistent/keys")).unwrap_err().to_string();
        assert!(text.starts_with("/nonexistent/keys: cannot read"), "{text}");
        std::fs::remove_file(good).unwrap();
        std::fs::remove_file(open).unwrap();
    }

    #[test]
    fn nothing_secret_is_ever_shown() {
        let good = Credentials::from_json(HMAC, "here").unwrap();
        let mut shown = format!("{good:?}");
        for bad in [
            &br#"{"kind":"hmac","api_key":"key","secret":12345}"#[..],
            br#"{"kind":"magic","api_key":"key","secret":"s3cr3t"}"#,
            br#"{"kind":"ed25519","api_key":"key","private_key_pem":"s3cr3t"}"#,
            br#"{"kind":"hmac","api_key":"k&y","secret":"s3cr3t"}"#,
            br#"{"kind":"hmac","api_key":"key","secret":""}"#,
            br#"{"kind":"hmac","api_key":"key","secret":"s3cr3t","extra":1}"#,
            br#"{"kind":"hmac","api_key":"key","secret":"s","passphrase":"s3cr3t\""}"#,
            b"s3cr3t",
        ] {
            let fault = Credentials::from_json(bad, "here").unwrap_err();
            shown.push_str(&format!("{fault} {fault:?}\n"));
        }
        assert!(!shown.contains("s3cr3t") && !shown.contains("12345"), "{shown}");
        assert_eq!(shown.matches("here").count(), 16, "every error says where: {shown}");
    }

    #[test]
    fn a_passphrase_is_read_and_asked_for_by_name() {
        let text = br#"{"kind":"hmac","api_key":"key","secret":"s","passphrase":"p4ss word"}"#;
        let good = Credentials::from_json(text, "here").unwrap().hmac_for("OKX").unwrap();
        assert_eq!(good.passphrase(), "p4ss word");
        assert!(!format!("{good:?}").contains("p4ss"));
        let text = CredentialsError::NoPassphrase { venue: "OKX" }.to_string();
        assert!(text.contains("OKX wants the passphrase"), "{text}");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let text = Credentials::from_env("PG_NO_SUCH").unwrap_err().to_string();
        assert!(text.contains("PG_NO_SUCH_KIND is not set"), "{text}");
    }
}
