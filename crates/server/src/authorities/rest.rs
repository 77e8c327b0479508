//! What rests on smart cards ends when they are taken no more: sessions, and logins that such a
//! card has confirmed.

use std::collections::BTreeSet;

use identity::{RevocationPolicy, X509Policy};
use store::{AuditEntry, CardAuthority, Credential, KeptList, StoreError, Writing};
use x509_cards::{Authority, RevocationList, X509Error};

use super::fetch::ListError;

/// Whether some card that the one policy took may be refused by the other.
pub(crate) fn is_stricter(was: &X509Policy, now: &X509Policy) -> bool {
    // None is any; and one more of which one must be there takes more, not less.
    let fewer = |was: &[String], now: &[String]| {
        !now.is_empty() && (was.is_empty() || was.iter().any(|oid| !now.contains(oid)))
    };
    let list = (was.revocation, now.revocation);
    was.enabled
        && (!now.enabled
            || fewer(&was.usages, &now.usages)
            || fewer(&was.policies, &now.policies)
            || list == (RevocationPolicy::IfThere, RevocationPolicy::Required)
            || (now.upn_required && !was.upn_required))
}

/// Ends what rests on the tenant's smart cards. Which of them would still be taken, the next use of
/// each says: their certificates are not kept. Of how many cards something has ended.
///
/// # Errors
///
/// [`StoreError`].
pub(crate) async fn end_all(tx: &mut Writing) -> Result<usize, StoreError> {
    let cards = tx.x509_cards_in_use().await?;
    for card in &cards {
        tx.end_what_rests_on(card.id).await?;
    }
    Ok(cards.len())
}

/// Ends what rests on the cards that a list names which is kept just now, and writes down whose.
///
/// # Errors
///
/// Those of the store, and of a list that cannot be read.
pub(crate) async fn end_revoked(
    tx: &mut Writing,
    of: &CardAuthority,
    list: &KeptList,
) -> Result<(), ListError> {
    let issuer = Authority::parse(&of.certificate)?;
    let mut cards = tx.x509_cards_in_use().await?;
    cards.retain(|card| card.certificate().is_some_and(|known| known.issuer == issuer.name()));
    for card in named(cards, list)? {
        tx.end_what_rests_on(card.id).await?;
        let subject = card.certificate().map(|known| known.subject.as_str());
        let detail = serde_json::json!({ "card": card.id, "subject": subject });
        let entry = AuditEntry::new("card.certificate-revoked", detail);
        tx.audit(&AuditEntry { person: Some(card.person), ..entry }).await?;
    }
    Ok(())
}

fn named(mut cards: Vec<Credential>, list: &KeptList) -> Result<Vec<Credential>, X509Error> {
    let serial = |card: &Credential| card.certificate().map(|known| known.serial.clone());
    let serials: BTreeSet<_> = cards.iter().filter_map(serial).collect();
    if serials.is_empty() {
        return Ok(Vec::new());
    }
    let named = RevocationList::named_in(&list.list, &serials)?;
    cards.retain(|card| serial(card).is_some_and(|serial| named.contains(&serial)));
    Ok(cards)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_stricter_when_it_may_refuse_what_the_other_took() {
        let oids = |oids: &[&str]| oids.iter().map(|oid| (*oid).to_owned()).collect::<Vec<_>>();
        let was = X509Policy {
            enabled: true,
            usages: oids(&["1.2.1", "1.2.2"]),
            revocation: RevocationPolicy::IfThere,
            ..X509Policy::default()
        };
        let stricter = [
            X509Policy { enabled: false, ..was.clone() },
            X509Policy { usages: oids(&["1.2.1"]), ..was.clone() },
            X509Policy { usages: oids(&["1.2.1", "1.2.3"]), ..was.clone() },
            X509Policy { policies: oids(&["1.2.1"]), ..was.clone() },
            X509Policy { revocation: RevocationPolicy::Required, ..was.clone() },
            X509Policy { upn_required: true, ..was.clone() },
        ];
        for now in stricter {
            assert!(is_stricter(&was, &now), "{now:?}");
        }
        let laxer = [
            was.clone(),
            X509Policy { usages: oids(&["1.2.1", "1.2.2", "1.2.3"]), ..was.clone() },
            X509Policy { usages: Vec::new(), ..was.clone() },
        ];
        for now in laxer {
            assert!(!is_stricter(&was, &now), "{now:?}");
        }
        let off = X509Policy { enabled: false, ..was.clone() };
        assert!(!is_stricter(&off, &was), "nothing rested on it");
    }
}
