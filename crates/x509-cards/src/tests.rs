mod certificates;
mod flips;
mod lists;
mod statements;

use agent_protocol::x509_statement::{Bound, StatementData, StatementType, X509_CARD};
use soft_card::{Office, Wanted};

use crate::{Authority, Certificate, Expected, Oid, Revocation, RevocationList, Trust, X509Error};

/// A Sunday in 2026, in seconds since 1970.
const NOW: i64 = 1_796_000_000;
const RP_ID: &str = "login.example.com";

fn person() -> Wanted {
    Wanted::person("mia@acme.example", NOW)
}

fn expected() -> Expected<'static> {
    Expected {
        statement_type: StatementType::Get,
        challenge: "AAEC",
        origin: "https://login.example.com",
        rp_id: RP_ID,
        tenant: "acme",
        txn: "txn-1",
    }
}

fn data() -> StatementData {
    StatementData {
        statement_type: StatementType::Get,
        challenge: "AAEC".into(),
        origin: "https://login.example.com".into(),
        cross_origin: false,
        cardea: Bound {
            v: 1,
            kind: X509_CARD.into(),
            tenant: "acme".into(),
            txn: "txn-1".into(),
            cert_sha256: String::new(),
        },
    }
}

/// What a tenant has set, to be changed by a test.
#[derive(Clone)]
struct Settings {
    authorities: Vec<Authority>,
    usages: Vec<Oid>,
    policies: Vec<Oid>,
    revocation: Revocation,
    lists: Vec<RevocationList>,
}

impl Settings {
    fn of(offices: &[&Office]) -> Self {
        let authority = |office: &&Office| Authority::parse(&office.der()).unwrap();
        Self {
            authorities: offices.iter().map(authority).collect(),
            usages: vec![oid(Oid::SMART_CARD_LOGON)],
            policies: Vec::new(),
            revocation: Revocation::IfThere,
            lists: Vec::new(),
        }
    }

    fn list(&mut self, der: &[u8]) {
        self.lists.push(RevocationList::parse(der, &self.authorities, NOW).unwrap());
    }

    fn check(&self, der: &[u8], chain: &[Vec<u8>]) -> Result<(), X509Error> {
        self.check_at(der, chain, NOW)
    }

    fn check_at(&self, der: &[u8], chain: &[Vec<u8>], now: i64) -> Result<(), X509Error> {
        let trust = Trust {
            authorities: &self.authorities,
            usages: &self.usages,
            policies: &self.policies,
            revocation: self.revocation,
            lists: &self.lists,
        };
        trust.check(&Certificate::parse(der)?, chain, now)
    }
}

fn oid(text: &str) -> Oid {
    Oid::parse(text).unwrap()
}
