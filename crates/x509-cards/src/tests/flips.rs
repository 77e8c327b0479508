//! Every byte of what is good, changed: refused, and never a panic.

use agent_protocol::x509_statement::StatementBytes;
use soft_card::{DAY, Kind, Office};

use super::{NOW, RP_ID, Settings, data, expected, person};
use crate::{Authority, RevocationList, Statement};

/// Each bit of one byte in turn, and two values that mean something in DER.
fn flipped(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let variants = |byte: u8| {
        let bits = (0..8).map(move |bit| byte ^ (1 << bit));
        bits.chain([0x00, 0xff].into_iter().filter(move |value| *value != byte))
    };
    (0..bytes.len()).flat_map(move |at| {
        variants(bytes[at]).map(move |other| {
            let mut changed = bytes.to_vec();
            changed[at] = other;
            changed
        })
    })
}

#[test]
fn no_changed_certificate_is_taken() {
    let mut root = Office::root("Root", NOW);
    let mut below = root.below("Below", NOW, |_| {});
    let card = below.issue(Kind::P256, &person());
    let mut settings = Settings::of(&[&root]);
    settings.list(&root.list(&[7], NOW - 10, NOW + DAY));
    assert_eq!(settings.check(&card.certificate, &[below.der()]), Ok(()));
    for changed in flipped(&card.certificate) {
        assert!(settings.check(&changed, &[below.der()]).is_err(), "{changed:02x?}");
    }
    for changed in flipped(&below.der()) {
        assert!(
            settings.check(&card.certificate, std::slice::from_ref(&changed)).is_err(),
            "{changed:02x?}"
        );
    }
}

#[test]
fn no_changed_statement_is_taken() {
    let card = Office::root("Acme", NOW).issue(Kind::P256, &person());
    let good = card.sign(data(), RP_ID);
    let refused = |bytes: &StatementBytes| {
        assert!(Statement::verify(bytes, &expected()).is_err(), "{bytes:02x?}");
    };
    for certificate in flipped(&good.certificate) {
        refused(&StatementBytes { certificate, ..good.clone() });
    }
    for authenticator_data in flipped(&good.authenticator_data) {
        refused(&StatementBytes { authenticator_data, ..good.clone() });
    }
    for client_data_json in flipped(&good.client_data_json) {
        refused(&StatementBytes { client_data_json, ..good.clone() });
    }
    for signature in flipped(&good.signature) {
        refused(&StatementBytes { signature, ..good.clone() });
    }
}

#[test]
fn no_changed_list_is_taken() {
    let office = Office::root("Acme", NOW);
    let authorities = [Authority::parse(&office.der()).unwrap()];
    let list = office.list(&[1, 2], NOW - 10, NOW + DAY);
    assert!(RevocationList::parse(&list, &authorities, NOW).is_ok());
    for changed in flipped(&list) {
        assert!(RevocationList::parse(&changed, &authorities, NOW).is_err(), "{changed:02x?}");
    }
}

#[test]
fn an_authority_cut_or_changed_is_read_or_refused_and_never_panics() {
    let der = Office::root("Acme", NOW).der();
    for length in 0..der.len() {
        assert!(Authority::parse(&der[..length]).is_err());
    }
    // It is trusted as it is: who signs its own certificate vouches for nothing.
    for changed in flipped(&der) {
        let _ = Authority::parse(&changed);
    }
}
