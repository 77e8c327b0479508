use soft_card::{DAY, Kind, Office, SoftCard, Wanted};

use super::{NOW, Settings, person};
use crate::{MAX_LIST, Revocation, RevocationList, X509Error};

fn office_and_card() -> (Office, SoftCard) {
    let mut office = Office::root("Acme", NOW);
    let card = office.issue(Kind::P256, &person());
    (office, card)
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
