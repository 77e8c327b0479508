use agent_protocol::limits::MAX_CERTIFICATE;
use agent_protocol::x509_statement::{algorithm, credential_id};
use x509_parser::der_parser::ber::Tag;
use x509_parser::prelude::{
    FromDer, GeneralName, ParsedExtension, TbsCertificate, X509Certificate, X509Version,
};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

use crate::{Oid, X509Error};

/// The UPN in a subject alternative name, of Microsoft: an `otherName` with a `UTF8String`.
const UPN: &str = "1.3.6.1.4.1.311.20.2.3";

/// An end-entity certificate, read. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate itself, DER.
    pub der: Vec<u8>,
    /// Name of its issuer, DER. The path demands the very bytes of the authority's own name, so
    /// one authority has one form of it.
    pub issuer: Vec<u8>,
    /// Its serial number: the bytes of the INTEGER.
    pub serial: Vec<u8>,
    /// `SubjectPublicKeyInfo`, DER.
    pub public_key: Vec<u8>,
    /// The subject for people to read. Identifies nobody.
    pub subject: String,
    /// The issuer for people to read.
    pub issuer_name: String,
    /// Seconds since 1970 at which its validity begins.
    pub not_before: i64,
    /// Seconds since 1970 at which its validity ends.
    pub not_after: i64,
    /// User principal names in its subject alternative names.
    pub principal_names: Vec<String>,
    /// Mail addresses in its subject alternative names.
    pub emails: Vec<String>,
    /// The COSE algorithm that its key signs with.
    pub algorithm: i64,
    pub(crate) usage: Usage,
}

/// What a certificate may be used for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// keyUsage: digitalSignature, keyCertSign; `None` without the extension.
    pub(crate) key: Option<KeyUsage>,
    /// extKeyUsage; `None` without the extension, which means all.
    pub(crate) extended: Option<Vec<Oid>>,
    /// certificatePolicies.
    pub(crate) policies: Vec<Oid>,
}

/// The bits of keyUsage that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyUsage {
    pub(crate) digital_signature: bool,
    pub(crate) certificate_sign: bool,
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    ///
    /// [`X509Error::TooLarge`], [`X509Error::Malformed`], or [`X509Error::Algorithm`] for a key
    /// that none of our algorithms belongs to.
    pub fn parse(der: &[u8]) -> Result<Self, X509Error> {
        let certificate = read(der)?;
        let tbs = &certificate.tbs_certificate;
        let (principal_names, emails) = alternative_names(tbs)?;
        Ok(Self {
            der: der.to_vec(),
            issuer: tbs.issuer.as_raw().to_vec(),
            serial: tbs.raw_serial().to_vec(),
            public_key: tbs.subject_pki.raw.to_vec(),
            subject: readable(&tbs.subject),
            issuer_name: readable(&tbs.issuer),
            not_before: tbs.validity.not_before.timestamp(),
            not_after: tbs.validity.not_after.timestamp(),
            principal_names,
            emails,
            algorithm: key_algorithm(tbs)?,
            usage: Usage::of(tbs)?,
        })
    }

    /// The credential id of its key, which a renewed certificate keeps.
    pub fn credential_id(&self) -> Vec<u8> {
        credential_id(&self.public_key)
    }

    /// What it is called by its issuer: issuer and serial number under one digest.
    pub fn name_hash(&self) -> [u8; 32] {
        let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        digest.update(&self.issuer); // DER says where it ends
        digest.update(&self.serial);
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.finish().as_ref());
        hash
    }
}

/// A name for people: at most 256 characters, and none that a database or a page would stumble over.
pub(crate) fn readable(name: &X509Name<'_>) -> String {
    let plain = |c: char| if c.is_control() || turns(c) { char::REPLACEMENT_CHARACTER } else { c };
    name.to_string().chars().map(plain).take(256).collect()
}

/// Whether a character turns the direction of what is behind it (Unicode UAX #9 §2).
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Reads any certificate of version 3, and nothing behind it.
pub(crate) fn read(der: &[u8]) -> Result<X509Certificate<'_>, X509Error> {
    if der.len() > MAX_CERTIFICATE {
        return Err(X509Error::TooLarge);
    }
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) if certificate.version() == X509Version::V3 => Ok(certificate),
        Ok(([], _)) => Err(X509Error::Version),
        _ => Err(X509Error::Malformed),
    }
}

/// Whether lists and certificates can be verified with the key of an authority
/// ([`crate::trust::SIGNATURES`]).
pub(crate) fn verifies(tbs: &TbsCertificate<'_>) -> bool {
    match tbs.subject_pki.parsed() {
        Ok(PublicKey::RSA(key)) => (2048..=8192).contains(&key.key_size()),
        // Other keys are told apart when they verify.
        Ok(_) => true,
        Err(_) => false,
    }
}

/// ES256 on P-256, ES384 on P-384, RS256 with 2048 to 4096 bits and an odd exponent of at least
/// 65537 (FIPS 186-5 §5.1).
fn key_algorithm(tbs: &TbsCertificate<'_>) -> Result<i64, X509Error> {
    match tbs.subject_pki.parsed().map_err(|_| X509Error::Malformed)? {
        PublicKey::RSA(key) if (2048..=4096).contains(&key.key_size()) => {
            // What does not fit into 64 bits is none that anybody uses.
            let exponent = key.try_exponent().ok();
            let fits = exponent.is_some_and(|e| e >= 65537 && e & 1 == 1);
            if fits { Ok(algorithm::RS256) } else { Err(X509Error::Algorithm) }
        }
        PublicKey::EC(_) => {
            let curve = tbs.subject_pki.algorithm.parameters.as_ref();
            let curve = curve.and_then(|any| any.as_oid().ok()).ok_or(X509Error::Malformed)?;
            match curve.to_id_string().as_str() {
                "1.2.840.10045.3.1.7" => Ok(algorithm::ES256),
                "1.3.132.0.34" => Ok(algorithm::ES384),
                _ => Err(X509Error::Algorithm),
            }
        }
        _ => Err(X509Error::Algorithm),
    }
}

impl Usage {
    pub(crate) fn of(tbs: &TbsCertificate<'_>) -> Result<Self, X509Error> {
        let mut usage = Self::default();
        let mut policies = None;
        for extension in tbs.extensions() {
            let twice = match extension.parsed_extension() {
                ParsedExtension::KeyUsage(bits) => usage
                    .key
                    .replace(KeyUsage {
                        digital_signature: bits.digital_signature(),
                        certificate_sign: bits.key_cert_sign(),
                    })
                    .is_some(),
                ParsedExtension::ExtendedKeyUsage(_) => {
                    usage.extended.replace(purposes(extension.value)?).is_some()
                }
                ParsedExtension::CertificatePolicies(list) => {
                    let oids = list.iter().map(|policy| oid(&policy.policy_id));
                    policies.replace(oids.collect::<Result<_, _>>()?).is_some()
                }
                // An extension that we rely on must not go unread.
                ParsedExtension::ParseError { .. } => true,
                _ => false,
            };
            if twice {
                return Err(X509Error::Malformed);
            }
        }
        usage.policies = policies.unwrap_or_default();
        Ok(usage)
    }
}

/// The purposes as they stand there: the library's own form has some of them as flags.
fn purposes(value: &[u8]) -> Result<Vec<Oid>, X509Error> {
    use x509_parser::der_parser::asn1_rs::Oid as AsnOid;
    match Vec::<AsnOid<'_>>::from_der(value) {
        Ok(([], oids)) => oids.iter().map(oid).collect(),
        _ => Err(X509Error::Malformed),
    }
}

fn oid(oid: &x509_parser::der_parser::asn1_rs::Oid<'_>) -> Result<Oid, X509Error> {
    Oid::parse(&oid.to_id_string()).ok_or(X509Error::Malformed)
}

fn alternative_names(tbs: &TbsCertificate<'_>) -> Result<(Vec<String>, Vec<String>), X509Error> {
    let (mut principal_names, mut emails) = (Vec::new(), Vec::new());
    let names = tbs.subject_alternative_name().map_err(|_| X509Error::Malformed)?;
    for name in names.iter().flat_map(|names| &names.value.general_names) {
        match name {
            GeneralName::OtherName(kind, value) if kind.to_id_string() == UPN => {
                principal_names.push(utf8_in(value).ok_or(X509Error::Malformed)?);
            }
            GeneralName::RFC822Name(address) => emails.push((*address).to_owned()),
            _ => {}
        }
    }
    Ok((principal_names, emails))
}

/// The text of an `otherName`: `[0] EXPLICIT UTF8String`.
fn utf8_in(value: &[u8]) -> Option<String> {
    use x509_parser::der_parser::asn1_rs::{Any, Utf8String};
    let ([], outer) = Any::from_der(value).ok()? else { return None };
    if outer.tag() != Tag(0) {
        return None;
    }
    match Utf8String::from_der(outer.data) {
        Ok(([], text)) => Some(text.string()),
        _ => None,
    }
}
