//! What a tenant trusts of X.509 smart cards: its authorities, their lists, its rules.

pub(crate) mod fetch;
pub(crate) mod rest;

use identity::{Moment, RevocationPolicy, Tenant, X509Policy};
use store::{CardAuthority, KeptList, Rows};
use x509_cards::{Authority, Oid, Revocation, RevocationList, Trust};

use crate::http::problem::Problem;

/// As read from the tenant's rows.
pub(crate) struct Trusted {
    authorities: Vec<Authority>,
    lists: Vec<RevocationList>,
    usages: Vec<Oid>,
    policies: Vec<Oid>,
    revocation: Revocation,
}

impl Trusted {
    /// What the tenant trusts now.
    ///
    /// # Errors
    ///
    /// [`Problem`] when the store fails, or holds what we did not write.
    pub(crate) async fn load(tenant: &Tenant, rows: &mut Rows) -> Result<Self, Problem> {
        let authorities = rows.card_authorities().await?;
        let authorities = authorities.iter().map(authority).collect::<Result<Vec<_>, _>>()?;
        let lists = rows.revocation_lists().await?;
        let lists = lists.into_iter().filter_map(|list| kept(list, &authorities)).collect();
        let X509Policy { usages, policies, revocation, .. } = &tenant.policy.x509;
        Ok(Self {
            authorities,
            lists,
            usages: oids(usages)?,
            policies: oids(policies)?,
            revocation: match revocation {
                RevocationPolicy::Required => Revocation::Required,
                RevocationPolicy::IfThere => Revocation::IfThere,
            },
        })
    }

    /// As the verifier wants it.
    pub(crate) fn trust(&self) -> Trust<'_> {
        let Self { authorities, lists, usages, policies, revocation } = self;
        Trust { authorities, usages, policies, revocation: *revocation, lists }
    }
}

/// The certificate in a row, read again.
///
/// # Errors
///
/// [`Problem::Internal`]: what is written was read before.
pub(crate) fn authority(row: &CardAuthority) -> Result<Authority, Problem> {
    Authority::parse(&row.certificate).map_err(Problem::internal)
}

fn kept(list: KeptList, authorities: &[Authority]) -> Option<RevocationList> {
    let signer = authorities.iter().find(|one| one.fingerprint() == list.fingerprint)?;
    let (this, next) = (list.this_update.unix_seconds(), list.next_update.unix_seconds());
    Some(RevocationList::kept(list.list, signer, this, next))
}

/// A list that was read and found signed, as its row.
pub(crate) fn row_of(list: RevocationList, fetched_at: Moment, source: &str) -> KeptList {
    KeptList {
        fingerprint: list.signer(),
        this_update: Moment::from_unix_seconds(list.this_update),
        next_update: Moment::from_unix_seconds(list.next_update),
        list: list.der,
        fetched_at,
        source: source.to_owned(),
    }
}

// An identifier that cannot be read must not turn "one of these" into "any".
fn oids(texts: &[String]) -> Result<Vec<Oid>, Problem> {
    texts.iter().map(|text| Oid::parse(text).ok_or(Problem::Internal)).collect()
}
