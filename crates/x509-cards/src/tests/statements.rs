use agent_protocol::x509_statement::{
    StatementBytes, StatementData, StatementType, algorithm, authenticator_data,
    certificate_sha256, signed_bytes,
};
use aws_lc_rs::digest::{SHA256, digest};
use soft_card::{Draft, Kind, Office, SoftCard};

use super::{NOW, RP_ID, data, expected, person};
use crate::{Statement, X509Error};

fn card() -> SoftCard {
    Office::root("Acme", NOW).issue(Kind::P256, &person())
}

fn verify(bytes: &StatementBytes) -> Result<Statement, X509Error> {
    Statement::verify(bytes, &expected())
}

fn changed(change: impl FnOnce(&mut StatementData)) -> Result<Statement, X509Error> {
    let mut data = data();
    change(&mut data);
    verify(&card().sign(data, RP_ID))
}

fn with_authenticator_data(authenticator_data: Vec<u8>) -> Result<Statement, X509Error> {
    verify(&card().sign_draft(Draft { data: data(), authenticator_data }))
}

#[test]
fn a_statement_of_each_kind_of_key_verifies() {
    for kind in [Kind::P256, Kind::P384, Kind::Rsa] {
        let card = Office::root("Acme", NOW).issue(kind, &person());
        let statement = verify(&card.sign(data(), RP_ID)).unwrap();
        assert!(statement.user_verified);
        assert_eq!(statement.certificate.der, card.certificate);
        assert_eq!(statement.certificate.subject, "CN=mia@acme.example");
        assert_eq!(statement.certificate.issuer_name, "CN=Acme");
        assert_eq!(statement.certificate.principal_names, ["mia@acme.example"]);
        assert_eq!(statement.certificate.serial, [card.serial]);
    }
}

#[test]
fn step_1_client_data_is_short_and_of_the_one_form() {
    let long = changed(|data| data.challenge = "A".repeat(5000));
    assert_eq!(long, Err(X509Error::TooLarge));
    let mut bytes = card().sign(data(), RP_ID);
    bytes.client_data_json = br#"{"type":"webauthn.get","challenge":"AAEC"}"#.to_vec();
    assert_eq!(verify(&bytes), Err(X509Error::Malformed));
    let mut bytes = card().sign(data(), RP_ID);
    bytes.signature = vec![0; 513];
    assert_eq!(verify(&bytes), Err(X509Error::TooLarge));
}

#[test]
fn step_2_type_challenge_and_origin_are_the_servers() {
    assert_eq!(changed(|d| d.statement_type = StatementType::Create), Err(X509Error::Type));
    assert_eq!(changed(|d| d.challenge = "AAED".into()), Err(X509Error::Challenge));
    assert_eq!(changed(|d| d.origin = "https://evil.example".into()), Err(X509Error::Origin));
    assert_eq!(changed(|d| d.cross_origin = true), Err(X509Error::Origin));
}

#[test]
fn step_3_version_kind_tenant_and_login_are_the_servers() {
    assert_eq!(changed(|d| d.cardea.v = 2), Err(X509Error::Bound));
    assert_eq!(changed(|d| d.cardea.kind = "fido2".into()), Err(X509Error::Bound));
    assert_eq!(changed(|d| d.cardea.tenant = "rival".into()), Err(X509Error::Bound));
    assert_eq!(changed(|d| d.cardea.txn = "txn-2".into()), Err(X509Error::Bound));
}

#[test]
fn step_4_the_certificate_is_the_one_that_was_signed_for() {
    let other = changed(|data| data.cardea.cert_sha256 = "AAAA".into());
    assert_eq!(other, Err(X509Error::CertificateHash));
    // The same key under a renewed certificate: what was signed was about the old one.
    let mut office = Office::root("Acme", NOW);
    let mut card = office.issue(Kind::P256, &person());
    let old = card.sign(data(), RP_ID);
    office.renew(&mut card, &person());
    let swapped = StatementBytes { certificate: card.certificate, ..old };
    assert_eq!(verify(&swapped), Err(X509Error::CertificateHash));
}

#[test]
fn step_5_authenticator_data_is_a_cards() {
    let good = authenticator_data(RP_ID, 0x05);
    let changed = |index: usize, byte: u8| {
        let mut data = good.clone();
        data[index] = byte;
        with_authenticator_data(data)
    };
    assert_eq!(
        with_authenticator_data(authenticator_data("evil.example", 0x05)),
        Err(X509Error::RpIdHash)
    );
    assert!(!changed(32, 0x01).unwrap().user_verified);
    assert_eq!(changed(32, 0x04), Err(X509Error::UserNotPresent));
    for flag in [0x02, 0x08, 0x10, 0x20, 0x40, 0x80] {
        assert_eq!(changed(32, 0x05 | flag), Err(X509Error::AuthenticatorData), "{flag}");
    }
    for counter in 33..37 {
        assert_eq!(changed(counter, 1), Err(X509Error::AuthenticatorData));
    }
    for length in [0, 31, 32, 36] {
        let short = with_authenticator_data(good[..length].to_vec());
        assert_eq!(short, Err(X509Error::AuthenticatorData), "{length}");
    }
    let long = with_authenticator_data([good.as_slice(), &[0]].concat());
    assert_eq!(long, Err(X509Error::AuthenticatorData));
}

#[test]
fn step_6_the_key_of_the_certificate_has_signed_with_its_own_algorithm() {
    let bytes = card().sign(data(), RP_ID);
    for alg in [algorithm::ES384, algorithm::RS256, -8, 0] {
        let other = StatementBytes { alg, ..bytes.clone() };
        assert_eq!(verify(&other), Err(X509Error::Algorithm), "{alg}");
    }
    let mut forged = bytes.clone();
    forged.signature = card().sign(data(), RP_ID).signature;
    assert_eq!(verify(&forged), Err(X509Error::Signature));
    let unsigned = StatementBytes { signature: Vec::new(), ..bytes };
    assert_eq!(verify(&unsigned), Err(X509Error::Signature));
}

/// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2): with the exponent 1, the padded digest is the signature.
#[test]
fn step_6_an_rsa_key_that_signs_nothing_is_none() {
    let mut office = Office::root("Acme", NOW);
    let certificate = office.certify_exponent_one(&person());
    let mut data = data();
    data.cardea.cert_sha256 = certificate_sha256(&certificate);
    let (auth, client_data_json) = (authenticator_data(RP_ID, 0x05), data.to_json());
    let digest = digest(&SHA256, &signed_bytes(&auth, &client_data_json));
    let info = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];
    let mut signature = vec![0xff; 256];
    signature[..2].copy_from_slice(&[0, 1]);
    signature[256 - 32 - info.len() - 1] = 0;
    signature[256 - 32 - info.len()..256 - 32].copy_from_slice(&info);
    signature[256 - 32..].copy_from_slice(digest.as_ref());
    let alg = algorithm::RS256;
    let chain = Vec::new();
    let authenticator_data = auth;
    let forged =
        StatementBytes { alg, certificate, chain, authenticator_data, client_data_json, signature };
    assert_eq!(verify(&forged), Err(X509Error::Algorithm));
}
