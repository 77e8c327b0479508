use agent_protocol::X509Statement;
use agent_protocol::limits::{MAX_CERTIFICATE, MAX_CHAIN};
use agent_protocol::x509_statement::{StatementBytes, algorithm};
use x509_cards::{
    Authority, Certificate, Expected, Oid, Revocation, RevocationList, Statement, StatementType,
    Trust, list_from_pem,
};

use crate::frames::frames;

/// When everything is judged: a day in 2026, in seconds since 1970.
pub const NOW: i64 = 1_796_000_000;

/// What the server has asked for.
pub const EXPECTED: Expected<'static> = Expected {
    statement_type: StatementType::Get,
    challenge: "AAEC",
    origin: "https://login.example.com",
    rp_id: "login.example.com",
    tenant: "acme",
    txn: "txn-1",
};

/// How far a statement has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Come {
    /// The key of its certificate has signed it for us.
    pub verified: bool,
    /// There is a list of what the authority has revoked, which it has signed.
    pub listed: bool,
    /// The authority takes the certificate.
    pub trusted: bool,
}

/// Takes what an agent and an administrator may send, however wrong.
pub fn certificate(data: &[u8]) {
    judged(data);
}

/// The certificate of an authority, a list of what it has revoked, and a statement: its
/// certificate, authenticator data, client data, signature and chain, or all of that as JSON. The
/// first byte: bits 0 and 1, the algorithm; bit 2, lists are required; bit 3, smart card logon is;
/// bit 4, JSON.
pub fn judged(data: &[u8]) -> Come {
    let Some((how, rest)) = data.split_first() else { return Come::default() };
    let mut frames = frames(rest).into_iter();
    let mut next = || frames.next().unwrap_or_default();
    let (authority, list, certificate) = (next(), next(), next());
    let authorities = authorities(authority);
    let lists = lists(list, &authorities);
    let mut come = Come { listed: !lists.is_empty(), ..Come::default() };
    let bytes = if how & 0x10 == 0 {
        Some(StatementBytes {
            alg: alg(*how),
            certificate: certificate.to_vec(),
            authenticator_data: next().to_vec(),
            client_data_json: next().to_vec(),
            signature: next().to_vec(),
            chain: frames.map(<[u8]>::to_vec).collect(),
        })
    } else {
        let wire = serde_json::from_slice::<X509Statement>(certificate).ok();
        wire.and_then(|wire| wire.decode().ok())
    };
    let Some(bytes) = bytes else { return come };
    come.verified = verified(&bytes);
    // Whoever has signed it, or nobody.
    if let Ok(certificate) = Certificate::parse(&bytes.certificate) {
        let logon: Vec<_> = Oid::parse(Oid::SMART_CARD_LOGON).into_iter().collect();
        let required = how & 4 != 0;
        let trust = Trust {
            authorities: &authorities,
            usages: if how & 8 == 0 { &[] } else { &logon },
            policies: &[],
            revocation: if required { Revocation::Required } else { Revocation::IfThere },
            lists: &lists,
        };
        come.trusted = trust.check(&certificate, &bytes.chain, NOW).is_ok();
        assert_eq!(certificate.credential_id().len(), 33);
        if come.trusted {
            let valid = certificate.not_before..=certificate.not_after;
            assert!(valid.contains(&NOW), "trusted outside of {valid:?}");
            assert!(come.listed || !required, "trusted without a list");
            assert!(!authorities.is_empty() && bytes.chain.len() <= MAX_CHAIN);
        }
    }
    come
}

fn alg(how: u8) -> i64 {
    match how & 3 {
        0 => algorithm::ES256,
        1 => algorithm::ES384,
        2 => algorithm::RS256,
        _ => -8,
    }
}

/// As DER or PEM; those that are taken.
fn authorities(given: &[u8]) -> Vec<Authority> {
    let text = str::from_utf8(given).ok();
    let of_text = text.and_then(|text| Authority::from_pem(text).ok());
    of_text.or_else(|| Authority::parse(given).ok()).into_iter().collect()
}

fn lists(given: &[u8], authorities: &[Authority]) -> Vec<RevocationList> {
    let der = list_from_pem(given).unwrap_or_else(|| given.to_vec());
    let list = RevocationList::parse(&der, authorities, NOW).ok();
    if let Some(list) = &list {
        assert!(list.this_update <= NOW, "a list of the future");
        assert_eq!(list.signer(), authorities[0].fingerprint());
    }
    list.into_iter().collect()
}

fn verified(bytes: &StatementBytes) -> bool {
    let Ok(statement) = Statement::verify(bytes, &EXPECTED) else { return false };
    assert_eq!(statement.certificate.der, bytes.certificate);
    assert_eq!(bytes.authenticator_data.len(), 37);
    // It came in these limits, so it goes out in them.
    let within = bytes.chain.len() <= MAX_CHAIN
        && bytes.chain.iter().all(|der| der.len() <= MAX_CERTIFICATE);
    assert!(!within || X509Statement::from(bytes).decode().as_ref() == Ok(bytes));
    true
}
