//! Statements of smart cards, with what is needed to judge them.

use agent_protocol::X509Statement;
use agent_protocol::x509_statement::{
    Bound, StatementBytes, StatementData, StatementType, X509_CARD,
};
use fuzz::{EXPECTED, NOW, framed};
use soft_card::{DAY, Kind, Office, Wanted, certificate_pem, list_pem};

use super::Input;

pub(super) fn all() -> Vec<Input> {
    let kinds = [("p256", Kind::P256, 0), ("p384", Kind::P384, 1), ("rsa", Kind::Rsa, 2)];
    let plain = kinds.map(|(name, kind, alg)| {
        let mut office = Office::root("Acme cards", NOW);
        let bytes = signed(&mut office, kind, Vec::new());
        input(name, alg | 0x0C, &[office.der(), list(&office, &[])], &bytes)
    });
    plain.into_iter().chain([below(), revoked(), wire(), pem()]).collect()
}

fn person() -> Wanted {
    Wanted { email: Some("mia@acme.example".into()), ..Wanted::person("mia@acme.example", NOW) }
}

fn signed(office: &mut Office, kind: Kind, chain: Vec<Vec<u8>>) -> StatementBytes {
    let mut card = office.issue(kind, &person());
    card.chain = chain;
    let data = StatementData {
        statement_type: StatementType::Get,
        challenge: EXPECTED.challenge.into(),
        origin: EXPECTED.origin.into(),
        cross_origin: false,
        cardea: Bound {
            v: 1,
            kind: X509_CARD.into(),
            tenant: EXPECTED.tenant.into(),
            txn: EXPECTED.txn.into(),
            cert_sha256: String::new(),
        },
    };
    card.sign(data, EXPECTED.rp_id)
}

fn list(office: &Office, revoked: &[u8]) -> Vec<u8> {
    office.list(revoked, NOW - DAY, NOW + DAY)
}

fn input(name: &str, how: u8, authority: &[Vec<u8>], bytes: &StatementBytes) -> Input {
    let StatementBytes { certificate, authenticator_data, client_data_json, signature, .. } = bytes;
    let own = [certificate, authenticator_data, client_data_json, signature].map(Clone::clone);
    let frames = [authority, &own, &bytes.chain].concat();
    ("certificate", name.to_owned(), framed(how, &frames))
}

/// Issued two authorities below the one that is trusted.
fn below() -> Input {
    let mut root = Office::root("Acme cards", NOW);
    let mut middle = root.below("Acme middle", NOW, |_| {});
    let mut low = middle.below("Acme low", NOW, |_| {});
    let chain = vec![low.der(), middle.der()];
    let bytes = signed(&mut low, Kind::P256, chain);
    input("chain", 0, &[root.der(), list(&root, &[])], &bytes)
}

fn revoked() -> Input {
    let mut office = Office::root("Acme cards", NOW);
    let bytes = signed(&mut office, Kind::P256, Vec::new());
    input("revoked", 0, &[office.der(), list(&office, &[1, 2, 3])], &bytes)
}

/// As the agent sends it.
fn wire() -> Input {
    let mut office = Office::root("Acme cards", NOW);
    let bytes = signed(&mut office, Kind::P256, Vec::new());
    let json = serde_json::to_vec(&X509Statement::from(&bytes)).unwrap();
    let frames = [office.der(), list(&office, &[]), json];
    ("certificate", "wire".to_owned(), framed(0x1C, &frames))
}

/// As an administrator pastes it.
fn pem() -> Input {
    let mut office = Office::root("Acme cards", NOW);
    let bytes = signed(&mut office, Kind::P256, Vec::new());
    let texts = [certificate_pem(&office.der()), list_pem(&list(&office, &[]))];
    input("pem", 0x0C, &texts.map(String::into_bytes), &bytes)
}
