//! A certificate authority of one test.

#![allow(dead_code)] // Each test crate uses its part.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub enum Validity {
    Good,
    Expired,
    Future,
}

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(vec![]).expect("no names");
        // Issuers are told apart by their names.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("authority {}", NEXT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Its own certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    fn certificate(&self, name: &str, validity: Validity) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let (from, to) = match validity {
            Validity::Good => (2020, 4000),
            Validity::Expired => (2020, 2021),
            Validity::Future => (3999, 4000),
        };
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("it is signed");
        (certificate.pem(), key.serialize_pem())
    }

    /// A server with a certificate of this authority.
    pub fn server(&self, name: &str, validity: Validity) -> ServerConfig {
        let (certificate, key) = self.certificate(name, validity);
        config(&certificate, &key, None)
    }

    /// A server that knows only TLS 1.2.
    pub fn old_server(&self, name: &str) -> ServerConfig {
        let (certificate, key) = self.certificate(name, Validity::Good);
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12])
            .expect("a version")
            .with_no_client_auth();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
        builder.with_single_cert(vec![chain], key).expect("they fit")
    }

    /// A server that accepts only clients with a certificate of this authority.
    pub fn server_that_asks(&self, name: &str) -> ServerConfig {
        let (certificate, key) = self.certificate(name, Validity::Good);
        config(&certificate, &key, Some(&self.pem))
    }

    /// A server whose certificate nobody else has signed.
    pub fn self_signed(&self, name: &str) -> ServerConfig {
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        config(&certificate.pem(), &key.serialize_pem(), None)
    }

    /// The certificate of a client, and its key.
    pub fn client(&self) -> (String, String) {
        self.certificate("client.example", Validity::Good)
    }
}

fn config(certificate: &str, key: &str, clients: Option<&str>) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(issuer) => {
            let mut roots = RootCertStore::empty();
            roots.add(der(issuer)).expect("an issuer");
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        }
    };
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    builder.with_single_cert(vec![der(certificate)], key).expect("they fit")
}
