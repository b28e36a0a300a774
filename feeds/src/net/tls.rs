//! Which certificates are believed, as a rustls configuration for sockets and HTTP alike.

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// The roots of trust.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// Those that Mozilla's browsers believe.
    #[default]
    Public,
    /// These alone: a private network's, or a test's.
    Only(RootCertStore),
}

impl Roots {
    /// A client configuration over these roots, with the provider named, so that nothing depends on
    /// a process-wide default.
    pub(crate) fn client(&self) -> Result<ClientConfig, rustls::Error> {
        let roots = match self {
            Self::Public => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
            Self::Only(roots) => roots.clone(),
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions()?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}
