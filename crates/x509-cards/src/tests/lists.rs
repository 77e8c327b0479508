use soft_card::{DAY, Kind, Office, SoftCard, Wanted};

use super::{NOW, Settings, person};
use crate::{Authority, MAX_LIST, Revocation, RevocationList, X509Error};

fn office_and_card() -> (Office, SoftCard) {
    let mut office = Office::root("Acme", NOW);
    let card = office.issue(Kind::P256, &person());
    (office, card)
}

#[test]
fn a_list_of_version_1_is_told_apart() {
    // Made with `openssl ca -gencrl` without extensions; its key is thrown away.
    let old = RevocationList::parse(include_bytes!("list-v1.der"), &[], i64::MAX);
    assert_eq!(old.map(|_| ()), Err(X509Error::Version));
}

#[test]
fn a_revoked_certificate_is_refused_in_either_mode() {
    let (office, card) = office_and_card();
    for revocation in [Revocation::Required, Revocation::IfThere] {
        let mut settings = Settings { revocation, ..Settings::of(&[&office]) };
        settings.list(&office.list(&[card.serial], NOW - 10, NOW + DAY));
        assert_eq!(settings.check(&card.certificate, &[]), Err(X509Error::Revoked));
        settings.lists.clear();
        settings.list(&office.list(&[card.serial + 1], NOW - 10, NOW + DAY));
        assert_eq!(settings.check(&card.certificate, &[]), Ok(()), "another is revoked");
    }
}

#[test]
fn where_a_list_is_required_none_or_an_old_one_refuses() {
    let (office, card) = office_and_card();
    let mut settings = Settings::of(&[&office]);
    assert_eq!(settings.check(&card.certificate, &[]), Ok(()));
    settings.revocation = Revocation::Required;
    assert_eq!(settings.check(&card.certificate, &[]), Err(X509Error::RevocationUnknown));
    settings.list(&office.list(&[], NOW - 2 * DAY, NOW - DAY));
    assert_eq!(settings.check(&card.certificate, &[]), Err(X509Error::RevocationStale));
    settings.revocation = Revocation::IfThere;
    assert_eq!(settings.check(&card.certificate, &[]), Ok(()));
}

/// What was revoked stays so, however old the list is.
#[test]
fn an_old_list_still_tells_what_is_revoked() {
    let (office, card) = office_and_card();
    let mut settings = Settings::of(&[&office]);
    settings.list(&office.list(&[card.serial], NOW - 2 * DAY, NOW - DAY));
    assert_eq!(settings.check(&card.certificate, &[]), Err(X509Error::Revoked));
}

#[test]
fn each_issuer_on_the_path_needs_its_list() {
    let mut root = Office::root("Root", NOW);
    let mut below = root.below("Below", NOW, |_| {});
    let card = below.issue(Kind::P256, &person());
    let chain = [below.der()];
    let required = Settings { revocation: Revocation::Required, ..Settings::of(&[&root, &below]) };
    let root_only =
        Settings { authorities: required.authorities[..1].to_vec(), ..required.clone() };
    let list = |settings: &Settings, list: &[u8]| {
        let list = RevocationList::parse(list, &required.authorities, NOW).unwrap();
        Settings { lists: [settings.lists.clone(), vec![list]].concat(), ..settings.clone() }
    };
    let with_below = list(&root_only, &below.list(&[], NOW - 10, NOW + DAY));
    assert_eq!(with_below.check(&card.certificate, &chain), Err(X509Error::RevocationUnknown));
    let with_both = list(&with_below, &root.list(&[], NOW - 10, NOW + DAY));
    assert_eq!(with_both.check(&card.certificate, &chain), Ok(()));
    // The root has revoked the authority below it, whose serial number is 1.
    let revoked = list(&with_below, &root.list(&[1], NOW - 10, NOW + DAY));
    assert_eq!(revoked.check(&card.certificate, &chain), Err(X509Error::Revoked));
}

#[test]
fn two_authorities_of_one_name_have_each_its_list() {
    let (old, _) = office_and_card();
    let (new, card) = office_and_card();
    let mut settings = Settings { revocation: Revocation::Required, ..Settings::of(&[&old, &new]) };
    settings.list(&old.list(&[card.serial], NOW - 10, NOW + DAY));
    settings.list(&new.list(&[], NOW - 10, NOW + DAY));
    assert_eq!(settings.check(&card.certificate, &[]), Ok(()));
}

/// Both certificates of an authority whose own was renewed stand side by side.
#[test]
fn a_renewed_authority_keeps_its_list() {
    let (old, card) = office_and_card();
    let new = old.renewed(NOW);
    for both in [[&old, &new], [&new, &old]] {
        let mut settings = Settings { revocation: Revocation::Required, ..Settings::of(&both) };
        settings.list(&old.list(&[], NOW - 10, NOW + DAY));
        assert_eq!(settings.check(&card.certificate, &[]), Ok(()));
        for revocation in [Revocation::Required, Revocation::IfThere] {
            let mut settings = Settings { revocation, ..Settings::of(&both) };
            settings.list(&old.list(&[card.serial], NOW - 10, NOW + DAY));
            assert_eq!(settings.check(&card.certificate, &[]), Err(X509Error::Revoked));
        }
    }
}

/// The authority below stands there itself, and would take the card.
#[test]
fn what_one_authority_has_revoked_no_other_takes() {
    let mut root = Office::root("Root", NOW);
    let mut below = root.below("Below", NOW, |_| {});
    let card = below.issue(Kind::P256, &person());
    for both in [[&root, &below], [&below, &root]] {
        let mut settings = Settings::of(&both);
        settings.list(&root.list(&[1], NOW - 10, NOW + DAY));
        let refused = settings.check(&card.certificate, &[below.der()]);
        assert_eq!(refused, Err(X509Error::Revoked));
    }
}

#[test]
fn a_list_is_taken_from_an_authority_of_the_tenant_and_not_of_the_future() {
    let (office, _) = office_and_card();
    let (namesake, _) = office_and_card();
    let authorities = Settings::of(&[&office]).authorities;
    let parse = |der: &[u8]| RevocationList::parse(der, &authorities, NOW).map(|_| ());
    let good = office.list(&[7], NOW, NOW + DAY);
    assert_eq!(parse(&good), Ok(()));
    assert_eq!(parse(&namesake.list(&[], NOW, NOW + DAY)), Err(X509Error::ForeignList));
    assert_eq!(parse(&office.list(&[], NOW + 1, NOW + DAY)), Err(X509Error::NotYetValid));
    assert_eq!(parse(&[good.as_slice(), &[0]].concat()), Err(X509Error::Malformed));
    assert_eq!(parse(&vec![0x30; MAX_LIST + 1]), Err(X509Error::TooLarge));
    assert_eq!(parse(&office.der()), Err(X509Error::Malformed));
    let list = RevocationList::parse(&good, &authorities, NOW).unwrap();
    assert_eq!((list.this_update, list.next_update), (NOW, NOW + DAY));
    assert_eq!(list.signer(), authorities[0].fingerprint());
    assert_eq!(RevocationList::kept(good, &authorities[0], NOW, NOW + DAY), list);
}

#[test]
fn the_list_counts_for_the_key_when_the_older_certificate_has_ended() {
    let mut old = Office::root("Acme", NOW);
    let later = NOW + 1001 * DAY;
    let card = old.issue(Kind::P256, &Wanted { not_after: later + DAY, ..person() });
    let new = old.renewed(NOW + 500 * DAY);
    let mut settings = Settings { revocation: Revocation::Required, ..Settings::of(&[&old, &new]) };
    settings.list(&old.list(&[], NOW - 10, later + DAY));
    assert_eq!(settings.check_at(&card.certificate, &[], later), Ok(()));
}

/// A list of its own in the place of the newer one would let the card in again.
#[test]
fn of_two_lists_of_one_key_the_newer_one_counts_and_each_refuses() {
    let (old, card) = office_and_card();
    let new = old.renewed(NOW);
    let silent = old.list(&[], NOW - 100, NOW + DAY);
    let names_it = old.list(&[card.serial], NOW - 10, NOW + DAY);
    for revocation in [Revocation::Required, Revocation::IfThere] {
        for lists in [[&silent, &names_it], [&names_it, &silent]] {
            let mut settings = Settings { revocation, ..Settings::of(&[&old, &new]) };
            for list in lists {
                settings.list(list);
            }
            assert_eq!(settings.check(&card.certificate, &[]), Err(X509Error::Revoked));
        }
    }
    // And one that is out of date does not stand before one that is not.
    let mut settings = Settings { revocation: Revocation::Required, ..Settings::of(&[&old, &new]) };
    settings.list(&old.list(&[], NOW - 2 * DAY, NOW - DAY));
    settings.list(&old.list(&[], NOW - 10, NOW + DAY));
    assert_eq!(settings.check(&card.certificate, &[]), Ok(()));
}

/// The authority has a new key under its old name, certified with the old one. Who holds a revoked
/// card adds that certificate, and one that has ended: for the new key the path then says "ended"
/// and not "revoked", and the old one has no list that would say anything.
#[test]
fn what_a_card_brings_along_hides_no_revocation() {
    let (mut old, _) = office_and_card();
    let (new, card) = office_and_card();
    let ended = Office::root("Acme", NOW - 3000 * DAY).der();
    let mut settings = Settings::of(&[&old, &new]);
    settings.list(&new.list(&[card.serial], NOW - 10, NOW + DAY));
    let chain = [old.certifies(&new, NOW), ended];
    assert_eq!(settings.check(&card.certificate, &[]), Err(X509Error::Revoked));
    assert_eq!(settings.check(&card.certificate, &chain), Err(X509Error::Revoked));
}

/// The card leaves out the certificate that was withdrawn; the authority's own stands there.
#[test]
fn an_authority_that_is_withdrawn_by_one_above_it_takes_no_card() {
    let mut root = Office::root("Root", NOW);
    let mut below = root.below("Below", NOW, |_| {});
    let mut lowest = below.below("Lowest", NOW, |_| {});
    let (card, low) = (below.issue(Kind::P256, &person()), lowest.issue(Kind::P256, &person()));
    let renewed = Authority::parse(&root.certifies(&below, NOW)).unwrap();
    for offices in [[&root, &below, &lowest], [&lowest, &below, &root]] {
        let mut settings = Settings::of(&offices);
        assert_eq!(settings.check(&card.certificate, &[]), Ok(()));
        assert_eq!(settings.check(&low.certificate, &[]), Ok(()));
        settings.list(&root.list(&[1], NOW - 10, NOW + DAY));
        let ended = Office::root("Below", NOW - 3000 * DAY).der();
        for chain in [vec![], vec![below.der()], vec![ended, below.der()]] {
            assert_eq!(settings.check(&card.certificate, &chain), Err(X509Error::Revoked));
        }
        assert_eq!(settings.check(&low.certificate, &[]), Err(X509Error::Revoked));
        // The same key with a certificate that is in force.
        settings.authorities.push(renewed.clone());
        assert_eq!(settings.check(&card.certificate, &[]), Ok(()));
        assert_eq!(settings.check(&low.certificate, &[]), Ok(()));
    }
}

#[test]
fn a_list_that_is_not_understood_to_its_end_is_refused_when_it_comes() {
    let (office, card) = office_and_card();
    let authorities = Settings::of(&[&office]).authorities;
    let parse = |der: &[u8]| RevocationList::parse(der, &authorities, NOW).map(|_| ());
    let strange = |from, to| office.strange_list(&[card.serial], NOW, from, to);
    assert_eq!(parse(&strange(20, 20)), Ok(()), "nothing is strange about it");
    // A delta (RFC 5280 §5.2.4), and entries of other issuers (§5.3.3).
    assert_eq!(parse(&strange(20, 27)), Err(X509Error::ListKind));
    assert_eq!(parse(&strange(24, 29)), Err(X509Error::ListKind));
    assert_eq!(parse(&strange(24, 21)), Err(X509Error::Malformed), "a date is no reason");
}

#[test]
fn a_list_of_authorities_says_nothing_of_a_person() {
    let (office, card) = office_and_card();
    let mut settings = Settings { revocation: Revocation::Required, ..Settings::of(&[&office]) };
    settings.list(&office.authorities_list(&[], NOW - 10, NOW + DAY));
    assert_eq!(settings.check(&card.certificate, &[]), Err(X509Error::RevocationUnknown));
}

#[test]
fn a_list_tells_which_of_some_it_names() {
    let (office, _) = office_and_card();
    let list = office.list(&[3, 7], NOW - 10, NOW + DAY);
    let serials = [vec![7], vec![8]].into_iter().collect();
    let named = RevocationList::named_in(&list, &serials).unwrap();
    assert_eq!(named.into_iter().collect::<Vec<_>>(), [vec![7]]);
    assert!(RevocationList::named_in(&office.der(), &serials).is_err());
}
