//! What is told of a TLS connection that failed.

use rustls::{AlertDescription, CertificateError, Error};

use crate::channel::{ConnectError, ConnectErrorKind};

/// The end of a connection that may have been cut by somebody in between (RFC 8446,
/// section 6.1).
pub(super) const TRUNCATED: &str =
    "the server ended the connection without ending TLS (no close_notify)";

/// The error of a handshake.
pub(super) fn of_handshake(error: &Error) -> ConnectError {
    // A server that restarts may send an alert.
    let kind = match error {
        Error::AlertReceived(_) => ConnectErrorKind::Io,
        _ => ConnectErrorKind::Tls,
    };
    ConnectError::new(kind, of(error))
}

/// The sentence for the user and the log.
pub(super) fn of(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
            "the server does not speak TLS".to_owned()
        }
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::PeerIncompatible(why) => {
            format!("the server speaks TLS in a way that is not known here: {why:?}")
        }
        other => format!("TLS failed: {other}"),
    }
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet".to_owned()
        }
        CertificateError::NotValidForName => {
            "the server's certificate is for another name ('tls.server_name' sets the name)"
                .to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            /// Names that are told; a certificate may have hundreds.
            const MOST: usize = 5;
            // rustls quotes each as `DnsName("a")`.
            let plain = |name: &String| match name.split_once("(\"") {
                Some((_, rest)) => rest.trim_end_matches("\")").to_owned(),
                None => name.clone(),
            };
            let names: Vec<String> = presented.iter().take(MOST).map(plain).collect();
            let names = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
            format!(
                "the server's certificate is for {names}, not for {} ('tls.server_name' sets the \
                 name)",
                expected.to_str()
            )
        }
        CertificateError::UnknownIssuer => {
            "the issuer of the server's certificate is not known: the certificate is self-signed, \
             or its CA is to be named by 'tls.ca'"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "the server's certificate is not signed by the issuer that is known by this name \
             ('tls.ca' may be out of date)"
                .to_owned()
        }
        CertificateError::Revoked => "the server's certificate was revoked".to_owned(),
        other if other.to_string().contains("CaUsedAsEndEntity") => {
            "the server's certificate is that of a CA: one that stands in 'tls.ca' itself must be \
             made with basicConstraints=CA:FALSE"
                .to_owned()
        }
        other => format!("the server's certificate cannot be used: {other}"),
    }
}

fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            "the server asks for a client certificate ('tls.cert' and 'tls.key')".to_owned()
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => {
            format!("the server refuses the client certificate ('tls.cert'): {alert:?}")
        }
        AlertDescription::ProtocolVersion => {
            "the server speaks no version of TLS that is known here (1.2 and 1.3)".to_owned()
        }
        AlertDescription::UnrecognisedName => {
            "the server does not know the name ('tls.server_name' sets another)".to_owned()
        }
        AlertDescription::HandshakeFailure => {
            "the server refused the TLS handshake: it may want a client certificate ('tls.cert'), \
             or ciphers that are not known here"
                .to_owned()
        }
        other => format!("the server ended TLS with an alert: {other:?}"),
    }
}
