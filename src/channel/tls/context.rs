//! What all TLS connections to one server share: trust, our certificate, and the tickets by
//! which sessions are resumed.
//!
//! Files are read here. Each is a regular file and has a bound, so reading it takes a few
//! milliseconds at most, once. The system's issuers come from one bundle; the directory of
//! single files beside it, of hundreds of links, is not read.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::TlsStream;
use crate::channel::{Channel, ConnectError, ConnectErrorKind};

/// Bundles of the systems there are: Debian, Fedora, SUSE, Alpine and the BSDs.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// A bundle of a system has some hundred KiB.
const LONGEST_FILE: u64 = 4 << 20;

/// Whom to trust, and who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The issuers to trust, in place of the system's.
    pub ca: Option<PathBuf>,
    /// Our certificate and its chain.
    pub cert: Option<PathBuf>,
    /// Its private key; without it the key is in `cert`.
    pub key: Option<PathBuf>,
    /// Any certificate is accepted.
    pub insecure: bool,
}

/// Makes TLS connections that share trust and tickets.
#[derive(Clone, Debug)]
pub struct TlsContext(Arc<ClientConfig>);

impl TlsContext {
    /// Reads the files. `bundle` is `$SSL_CERT_FILE` of the host, which takes the place of
    /// the system's bundle.
    ///
    /// # Errors
    ///
    /// A file cannot be read or used. The sentence names its key.
    pub fn new(files: &TlsFiles, bundle: Option<&OsStr>) -> Result<TlsContext, ConnectError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(error.to_string()))?;
        let builder = if files.insecure {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        } else {
            let roots = match (&files.ca, bundle) {
                (Some(ca), _) => Arc::new(issuers(ca, "'tls.ca'")?),
                (None, Some(bundle)) => Arc::new(issuers(Path::new(bundle), "SSL_CERT_FILE")?),
                (None, None) => system_issuers()?,
            };
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            builder.with_webpki_verifier(verifier.map_err(|error| wrong(error.to_string()))?)
        };
        let config = match &files.cert {
            None => builder.with_no_client_auth(),
            Some(cert) => {
                let chain = certificates(&read(cert, "'tls.cert'")?);
                if chain.is_empty() {
                    return Err(wrong(format!(
                        "'tls.cert': no PEM certificate is in {}",
                        cert.display()
                    )));
                }
                let (key_file, key_name) = match &files.key {
                    Some(key) => (key, "'tls.key'"),
                    None => (cert, "'tls.cert'"),
                };
                let key = PrivateKeyDer::from_pem_slice(&read(key_file, key_name)?);
                let key = key.map_err(|_| {
                    let file = key_file.display();
                    wrong(format!(
                        "{key_name}: no PEM private key without a passphrase is in {file}"
                    ))
                })?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    wrong(format!("'tls.cert' and 'tls.key' cannot be used: {error}"))
                })?
            }
        };
        Ok(TlsContext(Arc::new(config)))
    }

    /// TLS over `inner`, which may still be connecting. The certificate must be for `name`.
    ///
    /// # Errors
    ///
    /// No certificate can have this name.
    pub fn connect(&self, inner: Box<dyn Channel>, name: &str) -> Result<TlsStream, ConnectError> {
        let server = ServerName::try_from(name.to_owned()).map_err(|_| {
            wrong(format!("'{name}' cannot be in a certificate: set 'tls.server_name'"))
        })?;
        let connection = ClientConnection::new(self.0.clone(), server)
            .map_err(|error| wrong(format!("TLS failed: {error}")))?;
        Ok(TlsStream::new(inner, connection))
    }
}

fn wrong(message: String) -> ConnectError {
    ConnectError::new(ConnectErrorKind::Tls, message)
}

/// The issuers of the system, read once.
fn system_issuers() -> Result<Arc<RootCertStore>, ConnectError> {
    static FOUND: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    for bundle in BUNDLES {
        let Ok(found) = issuers(Path::new(bundle), "") else { continue };
        return Ok(FOUND.get_or_init(|| Arc::new(found)).clone());
    }
    Err(wrong(
        "the system has no file of trusted issuers (ca-certificates): name one in 'tls.ca'"
            .to_owned(),
    ))
}

/// The certificates of issuers in a file. One that cannot be used is passed over, as a
/// bundle may have some of old kinds.
fn issuers(file: &Path, key: &str) -> Result<RootCertStore, ConnectError> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates(&read(file, key)?));
    if store.is_empty() {
        return Err(wrong(format!("{key}: no PEM certificate is in {}", file.display())));
    }
    Ok(store)
}

fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

fn read(path: &Path, key: &str) -> Result<Vec<u8>, ConnectError> {
    let failed = |why: &str| wrong(format!("{key}: {}: {why}", path.display()));
    // A pipe or a device may hold up who opens it.
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() => return Err(failed("not a regular file")),
        Ok(meta) if meta.len() > LONGEST_FILE => return Err(failed("longer than 4 MiB")),
        Ok(_) => {}
        Err(error) => return Err(failed(&crate::sys::sentence(&error))),
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST_FILE).read_to_end(&mut bytes));
    read.map_err(|error| failed(&crate::sys::sentence(&error)))?;
    Ok(bytes)
}

/// `insecure`: accepts any certificate whose key the server has.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
