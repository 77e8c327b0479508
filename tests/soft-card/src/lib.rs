//! X.509 smart cards without a card: an [`Office`] that issues certificates and lists of those
//! that it has revoked, and a [`SoftCard`] whose key signs the statement that an agent would have
//! signed. Honest unless a test changes a [`Draft`] or the parameters of a certificate.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    reason = "a fixture that cannot be made is a red test"
)]

use std::time::Duration;

use agent_protocol::x509_statement::{
    StatementBytes, StatementData, USER_PRESENT, USER_VERIFIED, algorithm, authenticator_data,
    certificate_sha256, signed_bytes,
};
use base64::Engine;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams,
    CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, CustomExtension, DnType, IsCa,
    Issuer, KeyIdMethod, KeyPair, OtherNameValue, PublicKeyData, RevokedCertParams, SanType,
    SerialNumber, SignatureAlgorithm, SigningKey, date_time_ymd,
};
pub use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use time::OffsetDateTime;

/// Seconds of a day.
pub const DAY: i64 = 86_400;
/// The UPN in a subject alternative name.
const UPN: [u64; 10] = [1, 3, 6, 1, 4, 1, 311, 20, 2, 3];
/// Smart card logon.
pub const SMART_CARD_LOGON: [u64; 10] = [1, 3, 6, 1, 4, 1, 311, 20, 2, 2];
/// id-PIV-cardAuth.
pub const CARD_AUTH: [u64; 8] = [2, 16, 840, 1, 101, 3, 6, 8];

/// An authority that issues cards.
pub struct Office {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
    name: String,
    serial: u8,
}

/// A card with one key and its certificate.
pub struct SoftCard {
    key: KeyPair,
    alg: i64,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Certificates of intermediate authorities that it holds, DER.
    pub chain: Vec<Vec<u8>>,
    /// Its serial number.
    pub serial: u8,
}

/// What a certificate is to say. Times are seconds since 1970.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The common name.
    pub name: String,
    /// The UPN, if it has one.
    pub upn: Option<String>,
    /// The mail address, if it has one.
    pub email: Option<String>,
    /// Its purposes.
    pub usages: Vec<ExtendedKeyUsagePurpose>,
    /// Its key usages.
    pub key_usages: Vec<KeyUsagePurpose>,
    /// Its policies.
    pub policies: Vec<Vec<u64>>,
    /// When it begins to be valid.
    pub not_before: i64,
    /// When it ends.
    pub not_after: i64,
}

impl Wanted {
    /// For smart card logon and for a person with this UPN, a year around `now`.
    pub fn person(upn: &str, now: i64) -> Self {
        Self {
            name: upn.to_owned(),
            upn: Some(upn.to_owned()),
            email: None,
            usages: vec![ExtendedKeyUsagePurpose::Other(SMART_CARD_LOGON.to_vec())],
            key_usages: vec![KeyUsagePurpose::DigitalSignature],
            policies: Vec::new(),
            not_before: now - DAY,
            not_after: now + 365 * DAY,
        }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, self.name.as_str());
        (params.not_before, params.not_after) = (at(self.not_before), at(self.not_after));
        params.extended_key_usages.clone_from(&self.usages);
        params.key_usages.clone_from(&self.key_usages);
        if let Some(upn) = &self.upn {
            let name = OtherNameValue::Utf8String(upn.clone());
            params.subject_alt_names.push(SanType::OtherName((UPN.to_vec(), name)));
        }
        if let Some(email) = &self.email {
            let address = email.as_str().try_into().expect("an address in ASCII");
            params.subject_alt_names.push(SanType::Rfc822Name(address));
        }
        if !self.policies.is_empty() {
            params.custom_extensions.push(policies(&self.policies));
        }
        params
    }
}

/// What a key is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ES256.
    P256,
    /// ES384.
    P384,
    /// RS256 with 2048 bits.
    Rsa,
    /// Of a curve that is not taken.
    P521,
    /// Of a kind that is not taken.
    Ed25519,
}

impl Kind {
    fn pair(self) -> KeyPair {
        let algorithm = match self {
            Self::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Self::Rsa => &rcgen::PKCS_RSA_SHA256,
            Self::P521 => &rcgen::PKCS_ECDSA_P521_SHA512,
            Self::Ed25519 => &rcgen::PKCS_ED25519,
        };
        KeyPair::generate_for(algorithm).expect("a key")
    }

    fn cose(self) -> i64 {
        match self {
            Self::P256 => algorithm::ES256,
            Self::P384 => algorithm::ES384,
            Self::P521 => -36,
            Self::Ed25519 => -8,
            Self::Rsa => algorithm::RS256,
        }
    }
}

impl Office {
    /// A root with this name, valid ten years around `now`.
    pub fn root(name: &str, now: i64) -> Self {
        let params = authority(name, now);
        let key = Kind::P256.pair();
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { issuer: Issuer::new(params, key), certificate, name: name.to_owned(), serial: 0 }
    }

    /// An authority below this one. `change` may make it another than it should be.
    pub fn below(
        &mut self,
        name: &str,
        now: i64,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let mut params = authority(name, now);
        params.serial_number = Some(u64::from(self.next_serial()).into());
        change(&mut params);
        let key = Kind::P256.pair();
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Self { issuer: Issuer::new(params, key), certificate, name: name.to_owned(), serial: 0 }
    }

    /// The same root, name and key, with a certificate of its own.
    pub fn renewed(&self, now: i64) -> Self {
        let params = authority(&self.name, now - DAY);
        let key = KeyPair::try_from(self.issuer.key().serialized_der()).expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let name = self.name.clone();
        Self { issuer: Issuer::new(params, key), certificate, name, serial: 0 }
    }

    /// Certifies another authority's name and key, as its own certificate was not: a cross
    /// certificate, or a renewed one.
    pub fn certifies(&mut self, other: &Self, now: i64) -> Vec<u8> {
        let mut params = authority(&other.name, now);
        params.serial_number = Some(u64::from(self.next_serial()).into());
        let certificate = params.signed_by(other.issuer.key(), &self.issuer);
        certificate.expect("a certificate").der().to_vec()
    }

    /// Its certificate, DER.
    pub fn der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }

    /// Its certificate, PEM.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Issues a card.
    pub fn issue(&mut self, kind: Kind, wanted: &Wanted) -> SoftCard {
        let key = kind.pair();
        let (certificate, serial) = self.sign(&key, wanted);
        SoftCard { key, alg: kind.cose(), certificate, chain: Vec::new(), serial }
    }

    /// Renews the certificate of a card: the same key under another serial number.
    pub fn renew(&mut self, card: &mut SoftCard, wanted: &Wanted) {
        (card.certificate, card.serial) = self.sign(&card.key, wanted);
    }

    /// Issues a certificate for the key of a real card, which has given its point on P-256: the
    /// certificate, DER, and its serial number.
    pub fn certify(&mut self, point: &[u8], wanted: &Wanted) -> (Vec<u8>, u8) {
        self.sign(&Point(point), wanted)
    }

    /// Issues a certificate for an RSA key of 2048 bits whose exponent is 1: whatever is padded well
    /// is its own signature.
    pub fn certify_exponent_one(&mut self, wanted: &Wanted) -> Vec<u8> {
        let modulus = tagged(0x02, [&[0], [0xff; 256].as_slice()].concat());
        let key = sequence([modulus, tagged(0x02, vec![1])].concat());
        self.sign(&Rsa(&key), wanted).0
    }

    fn sign(&mut self, key: &impl PublicKeyData, wanted: &Wanted) -> (Vec<u8>, u8) {
        let mut params = wanted.params();
        let serial = self.next_serial();
        params.serial_number = Some(u64::from(serial).into());
        let certificate = params.signed_by(key, &self.issuer).expect("a certificate");
        (certificate.der().to_vec(), serial)
    }

    /// The list of what it has revoked, DER.
    pub fn list(&self, revoked: &[u8], this_update: i64, next_update: i64) -> Vec<u8> {
        self.list_of(None, revoked, this_update, next_update)
    }

    /// The same for the certificates of authorities alone (issuingDistributionPoint).
    pub fn authorities_list(&self, revoked: &[u8], this_update: i64, next_update: i64) -> Vec<u8> {
        let point = CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint {
                uris: vec!["http://pki.example/authorities.crl".into()],
            },
            scope: Some(CrlScope::CaCertsOnly),
        };
        self.list_of(Some(point), revoked, this_update, next_update)
    }

    /// A list in which the object identifier of one extension, the last arc below id-ce, is
    /// another: 20 is its number, 24 is in each entry.
    pub fn strange_list(&self, revoked: &[u8], now: i64, from: u8, to: u8) -> Vec<u8> {
        let der = self.list(revoked, now - 10, now + DAY);
        let tbs = whole(content(&der));
        let at = tbs.windows(5).position(|part| part == [0x06, 3, 0x55, 0x1d, from]);
        let mut tbs = tbs.to_vec();
        tbs[at.expect("that extension") + 4] = to;
        let behind = &content(&der)[tbs.len()..];
        let signature = self.issuer.key().sign(&tbs).expect("a signature");
        let bits = tagged(0x03, [&[0], signature.as_slice()].concat());
        sequence([tbs.as_slice(), whole(behind), &bits].concat())
    }

    fn list_of(
        &self,
        issuing_distribution_point: Option<CrlIssuingDistributionPoint>,
        revoked: &[u8],
        this_update: i64,
        next_update: i64,
    ) -> Vec<u8> {
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[*serial]),
            revocation_time: at(this_update),
            reason_code: None,
            invalidity_date: Some(at(this_update)),
        });
        let params = CertificateRevocationListParams {
            this_update: at(this_update),
            next_update: at(next_update),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).expect("a list").der().to_vec()
    }

    fn next_serial(&mut self) -> u8 {
        self.serial += 1;
        self.serial
    }
}

/// A key on P-256 of which only the public half is here.
struct Point<'a>(&'a [u8]);

impl PublicKeyData for Point<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

/// An `RSAPublicKey`.
struct Rsa<'a>(&'a [u8]);

impl PublicKeyData for Rsa<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SoftCard {
    /// Signs a statement; its certificate hash is filled in.
    pub fn sign(&self, data: StatementData, rp_id: &str) -> StatementBytes {
        self.sign_draft(Draft::honest(data, rp_id))
    }

    /// Signs what a test has made of it.
    pub fn sign_draft(&self, mut draft: Draft) -> StatementBytes {
        if draft.data.cardea.cert_sha256.is_empty() {
            draft.data.cardea.cert_sha256 = certificate_sha256(&self.certificate);
        }
        let client_data_json = draft.data.to_json();
        let message = signed_bytes(&draft.authenticator_data, &client_data_json);
        StatementBytes {
            alg: self.alg,
            certificate: self.certificate.clone(),
            chain: self.chain.clone(),
            authenticator_data: draft.authenticator_data,
            signature: self.key.sign(&message).expect("a signature"),
            client_data_json,
        }
    }
}

/// What is about to be signed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Client data. An empty certificate hash becomes that of the card's own.
    pub data: StatementData,
    /// Authenticator data.
    pub authenticator_data: Vec<u8>,
}

impl Draft {
    /// With UP and UV.
    pub fn honest(data: StatementData, rp_id: &str) -> Self {
        let authenticator_data = authenticator_data(rp_id, USER_PRESENT | USER_VERIFIED);
        Self { data, authenticator_data }
    }
}

fn authority(name: &str, now: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (at(now - 1000 * DAY), at(now + 1000 * DAY));
    params
}

/// Seconds since 1970 as the library has them.
fn at(seconds: i64) -> OffsetDateTime {
    let seconds = u64::try_from(seconds).expect("after 1970");
    date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
}

/// The extension certificatePolicies (RFC 5280 §4.2.1.4).
pub fn policies(oids: &[Vec<u64>]) -> CustomExtension {
    let policies = oids.iter().flat_map(|oid| sequence(tagged(0x06, oid_bytes(oid))));
    CustomExtension::from_oid_content(&[2, 5, 29, 32], sequence(policies.collect()))
}

fn sequence(content: Vec<u8>) -> Vec<u8> {
    tagged(0x30, content)
}

fn tagged(tag: u8, content: Vec<u8>) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("something short");
    let head = match length.to_be_bytes() {
        [0, short @ ..=0x7f] => vec![tag, short],
        [0, long] => vec![tag, 0x81, long],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [head, content].concat()
}

/// The first value, with its tag and length.
fn whole(der: &[u8]) -> &[u8] {
    let (head, length) = lengths(der);
    &der[..head + length]
}

/// What is in the first value.
fn content(der: &[u8]) -> &[u8] {
    let (head, length) = lengths(der);
    &der[head..head + length]
}

/// How long tag and length are, and the content.
fn lengths(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short @ ..=0x7f => (2, usize::from(short)),
        0x81 => (3, usize::from(der[2])),
        _ => (4, usize::from(u16::from_be_bytes([der[2], der[3]]))),
    }
}

fn oid_bytes(oid: &[u64]) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(oid[0] * 40 + oid[1]).expect("a small arc")];
    for arc in &oid[2..] {
        let mut arc = *arc;
        let mut septets = vec![(arc & 0x7f) as u8];
        while arc > 0x7f {
            arc >>= 7;
            septets.push((arc & 0x7f) as u8 | 0x80);
        }
        bytes.extend(septets.iter().rev());
    }
    bytes
}

/// basicConstraints of who is no authority.
pub fn no_authority() -> IsCa {
    IsCa::ExplicitNoCa
}

/// basicConstraints of an authority that has no other below it.
pub fn no_more_below() -> IsCa {
    IsCa::Ca(BasicConstraints::Constrained(0))
}

/// A list as PEM.
pub fn list_pem(der: &[u8]) -> String {
    pem("X509 CRL", der)
}

/// A certificate as PEM.
pub fn certificate_pem(der: &[u8]) -> String {
    pem("CERTIFICATE", der)
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
