use soft_card::{
    CARD_AUTH, DAY, ExtendedKeyUsagePurpose as Purpose, KeyUsagePurpose, Kind, Office, Wanted,
};

use super::{NOW, Settings, oid, person};
use crate::{Authority, Certificate, Oid, X509Error};

fn checked(wanted: &Wanted) -> Result<(), X509Error> {
    let mut office = Office::root("Acme", NOW);
    let card = office.issue(Kind::P256, wanted);
    Settings::of(&[&office]).check(&card.certificate, &[])
}

#[test]
fn a_certificate_of_the_tenants_own_authority_is_taken() {
    assert_eq!(checked(&person()), Ok(()));
    let rsa = Office::root("Acme", NOW).issue(Kind::Rsa, &person());
    assert!(Certificate::parse(&rsa.certificate).is_ok());
}

#[test]
fn another_authority_is_not_trusted_whatever_it_is_called() {
    let mut foreign = Office::root("Acme", NOW);
    let own = Office::root("Acme", NOW);
    let card = foreign.issue(Kind::P256, &person());
    let unknown = Err(X509Error::UnknownAuthority);
    assert_eq!(Settings::of(&[&own]).check(&card.certificate, &[]), unknown);
    assert_eq!(Settings::of(&[]).check(&card.certificate, &[]), unknown);
    // What the card brings along is no authority by itself.
    assert_eq!(Settings::of(&[&own]).check(&card.certificate, &[foreign.der()]), unknown);
    assert_eq!(Settings::of(&[&own, &foreign]).check(&card.certificate, &[]), Ok(()));
}

#[test]
fn a_certificate_counts_from_its_beginning_to_its_end() {
    let mut office = Office::root("Acme", NOW);
    let card = office.issue(Kind::P256, &person());
    let settings = Settings::of(&[&office]);
    let at = |now: i64| settings.check_at(&card.certificate, &[], now);
    assert_eq!(at(NOW - 2 * DAY), Err(X509Error::NotYetValid));
    assert_eq!(at(NOW + 366 * DAY), Err(X509Error::Expired));
    // The authority's own end counts as well.
    let long = Wanted { not_after: NOW + 5000 * DAY, ..person() };
    let card = office.issue(Kind::P256, &long);
    let late = settings.check_at(&card.certificate, &[], NOW + 1001 * DAY);
    assert_eq!(late, Err(X509Error::Expired));
    let early = Wanted { not_before: NOW - 2000 * DAY, ..person() };
    let card = office.issue(Kind::P256, &early);
    let early = settings.check_at(&card.certificate, &[], NOW - 1001 * DAY);
    assert_eq!(early, Err(X509Error::NotYetValid));
}

#[test]
fn a_certificate_is_for_signatures_and_for_one_of_the_purposes() {
    let key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    assert_eq!(checked(&Wanted { key_usages, ..person() }), Err(X509Error::KeyUsage));
    assert_eq!(checked(&Wanted { key_usages: Vec::new(), ..person() }), Ok(()));
    let wrong = [vec![], vec![Purpose::ServerAuth], vec![Purpose::Any]];
    for usages in wrong {
        let wanted = Wanted { usages, ..person() };
        assert_eq!(checked(&wanted), Err(X509Error::ExtendedKeyUsage), "{wanted:?}");
    }
}

#[test]
fn the_key_that_signs_without_a_pin_is_refused_whatever_else_it_may() {
    let card_auth = Purpose::Other(CARD_AUTH.to_vec());
    let usages = [person().usages, vec![card_auth]].concat();
    assert_eq!(checked(&Wanted { usages, ..person() }), Err(X509Error::CardAuthentication));
}

#[test]
fn without_purposes_to_ask_for_any_is_taken() {
    let mut office = Office::root("Acme", NOW);
    let card = office.issue(Kind::P256, &Wanted { usages: Vec::new(), ..person() });
    let settings = Settings { usages: Vec::new(), ..Settings::of(&[&office]) };
    assert_eq!(settings.check(&card.certificate, &[]), Ok(()));
}

#[test]
fn a_policy_holds_all_the_way() {
    let medium = vec![1, 3, 6, 1, 4, 1, 99999, 1];
    let mut root = Office::root("Root", NOW);
    let policies = vec![oid("1.3.6.1.4.1.99999.1")];
    let settings = Settings { policies, ..Settings::of(&[&root]) };
    let with = Wanted { policies: vec![medium.clone()], ..person() };
    let direct = root.issue(Kind::P256, &person());
    assert_eq!(settings.check(&direct.certificate, &[]), Err(X509Error::Policy));
    let direct = root.issue(Kind::P256, &with);
    assert_eq!(settings.check(&direct.certificate, &[]), Ok(()));
    let any = vec![2, 5, 29, 32, 0];
    for (stated, outcome) in [
        (vec![], Err(X509Error::Policy)),
        (vec![vec![1, 3, 6, 1, 4, 1, 99999, 2]], Err(X509Error::Policy)),
        (vec![medium], Ok(())),
        (vec![any], Ok(())),
    ] {
        let extension = (!stated.is_empty()).then(|| soft_card::policies(&stated));
        let mut below = root.below("Below", NOW, |p| p.custom_extensions.extend(extension));
        let card = below.issue(Kind::P256, &with);
        assert_eq!(settings.check(&card.certificate, &[below.der()]), outcome, "{stated:?}");
    }
}

#[test]
fn the_path_may_lead_over_four_authorities_that_may_issue() {
    let mut offices = vec![Office::root("Root", NOW)];
    for depth in 1..=4 {
        let above: &mut Office = offices.last_mut().unwrap();
        let below = above.below(&format!("Below {depth}"), NOW, |_| {});
        offices.push(below);
    }
    let card = offices[4].issue(Kind::P256, &person());
    let mut chain: Vec<_> = offices[1..].iter().map(Office::der).collect();
    let settings = Settings::of(&[&offices[0]]);
    assert_eq!(settings.check(&card.certificate, &chain), Ok(()));
    chain.reverse();
    assert_eq!(settings.check(&card.certificate, &chain), Ok(()), "the order does not matter");
    chain.pop();
    assert_eq!(settings.check(&card.certificate, &chain), Err(X509Error::UnknownAuthority));
    let five = vec![offices[1].der(); 5];
    assert_eq!(settings.check(&card.certificate, &five), Err(X509Error::TooLarge));
}

#[test]
fn a_person_issues_nothing() {
    let mut root = Office::root("Root", NOW);
    let settings = Settings::of(&[&root]);
    let mut no_authority =
        root.below("Mia", NOW, |params| params.is_ca = soft_card::no_authority());
    let card = no_authority.issue(Kind::P256, &person());
    let refused = settings.check(&card.certificate, &[no_authority.der()]);
    assert_eq!(refused, Err(X509Error::Path));
    let parsed = Authority::parse(&no_authority.der()).map(|_| ());
    assert_eq!(parsed, Err(X509Error::NotAnAuthority));
    let usage = vec![KeyUsagePurpose::DigitalSignature];
    let mut signs_no_certificates = root.below("Tool", NOW, |params| params.key_usages = usage);
    let card = signs_no_certificates.issue(Kind::P256, &person());
    let refused = settings.check(&card.certificate, &[signs_no_certificates.der()]);
    assert_eq!(refused, Err(X509Error::Path));
    assert_eq!(
        Authority::parse(&signs_no_certificates.der()).map(|_| ()),
        Err(X509Error::NotAnAuthority)
    );
    assert_eq!(Authority::parse(&card.certificate).map(|_| ()), Err(X509Error::NotAnAuthority));
}

#[test]
fn an_authority_keeps_its_path_length_and_its_purposes() {
    let mut root = Office::root("Root", NOW);
    let mut short = root.below("Short", NOW, |params| params.is_ca = soft_card::no_more_below());
    let mut below = short.below("Below", NOW, |_| {});
    let card = below.issue(Kind::P256, &person());
    let chain = [below.der(), short.der()];
    assert_eq!(Settings::of(&[&root]).check(&card.certificate, &chain), Err(X509Error::Path));
    // The same when the tenant has named it.
    assert_eq!(Settings::of(&[&short]).check(&card.certificate, &chain), Err(X509Error::Path));
    let card = short.issue(Kind::P256, &person());
    assert_eq!(Settings::of(&[&short]).check(&card.certificate, &[]), Ok(()));

    let only_tls = vec![Purpose::ServerAuth, Purpose::ClientAuth];
    let mut tls = root.below("TLS", NOW, |params| params.extended_key_usages = only_tls);
    let card = tls.issue(Kind::P256, &person());
    let refused = Settings::of(&[&root]).check(&card.certificate, &[tls.der()]);
    assert_eq!(refused, Err(X509Error::ExtendedKeyUsage));
    let both = Settings {
        usages: vec![oid(Oid::SMART_CARD_LOGON), oid(Oid::CLIENT_AUTH)],
        ..Settings::of(&[&root])
    };
    let client = tls.issue(Kind::P256, &Wanted { usages: vec![Purpose::ClientAuth], ..person() });
    assert_eq!(both.check(&client.certificate, &[tls.der()]), Ok(()));
}

/// The same when the tenant has named it: what it was certified for is what it may issue.
#[test]
fn an_authority_that_is_named_keeps_its_purposes_and_policies() {
    let mut root = Office::root("Root", NOW);
    let only_tls = vec![Purpose::ServerAuth];
    let mut tls = root.below("TLS", NOW, |params| params.extended_key_usages = only_tls);
    let card = tls.issue(Kind::P256, &person());
    let refused = Settings::of(&[&tls]).check(&card.certificate, &[]);
    assert_eq!(refused, Err(X509Error::ExtendedKeyUsage));

    let (medium, low) = (vec![1, 3, 6, 1, 4, 1, 99999, 1], vec![1, 3, 6, 1, 4, 1, 99999, 2]);
    for (stated, outcome) in [(low, Err(X509Error::Policy)), (medium.clone(), Ok(()))] {
        let stated = soft_card::policies(&[stated]);
        let mut office = root.below("Cards", NOW, |params| params.custom_extensions.push(stated));
        let card = office.issue(Kind::P256, &Wanted { policies: vec![medium.clone()], ..person() });
        let policies = vec![oid("1.3.6.1.4.1.99999.1")];
        let settings = Settings { policies, ..Settings::of(&[&office]) };
        assert_eq!(settings.check(&card.certificate, &[]), outcome);
    }
}

#[test]
fn an_authority_is_pasted_one_at_a_time() {
    let office = Office::root("Acme", NOW);
    let parsed = Authority::from_pem(&office.pem()).unwrap();
    assert_eq!((parsed.der.clone(), parsed.subject.as_str()), (office.der(), "CN=Acme"));
    let two = [office.pem(), office.pem()].concat();
    for text in ["", "hello", two.as_str()] {
        assert_eq!(Authority::from_pem(text).map(|_| ()), Err(X509Error::Malformed), "{text}");
    }
}

#[test]
fn an_authority_of_version_1_or_with_a_short_key_is_not_added() {
    // Made with `openssl x509 -req -signkey`; its key is thrown away.
    let old = soft_card::certificate_pem(include_bytes!("authority-v1.der"));
    assert_eq!(Authority::from_pem(&old).map(|_| ()), Err(X509Error::Version));
    let short = include_bytes!("rsa-1024.der");
    let pem = soft_card::certificate_pem(short);
    assert_eq!(Authority::from_pem(&pem).map(|_| ()), Err(X509Error::Algorithm));
    assert!(Authority::parse(short).is_ok(), "one that is stored does not take all with it");
    let long = soft_card::certificate_pem(include_bytes!("rsa-5120.der"));
    assert!(Authority::from_pem(&long).is_ok());
}

#[test]
fn what_is_too_large_or_no_certificate_is_not_read() {
    let card = Office::root("Acme", NOW).issue(Kind::P256, &person());
    let behind = [card.certificate.as_slice(), &[0]].concat();
    assert_eq!(Certificate::parse(&behind).map(|_| ()), Err(X509Error::Malformed));
    assert_eq!(Certificate::parse(&[]).map(|_| ()), Err(X509Error::Malformed));
    assert_eq!(Certificate::parse(&[0x30; 8193]).map(|_| ()), Err(X509Error::TooLarge));
}

#[test]
fn a_renewed_certificate_keeps_its_key_and_gets_another_name() {
    let mut office = Office::root("Acme", NOW);
    let mut card = office.issue(Kind::P256, &person());
    let old = Certificate::parse(&card.certificate).unwrap();
    office.renew(&mut card, &person());
    let new = Certificate::parse(&card.certificate).unwrap();
    assert_eq!(old.credential_id(), new.credential_id());
    assert_eq!(old.issuer, new.issuer);
    assert_ne!(old.name_hash(), new.name_hash());
    let other = office.issue(Kind::P256, &person());
    let other = Certificate::parse(&other.certificate).unwrap();
    assert_ne!(other.credential_id(), new.credential_id());
}

#[test]
fn a_key_is_of_a_kind_and_size_that_we_take() {
    // Made with `openssl req -x509 -newkey rsa:BITS`; their keys are thrown away.
    for der in [include_bytes!("rsa-1024.der").as_slice(), include_bytes!("rsa-5120.der")] {
        assert_eq!(Certificate::parse(der).map(|_| ()), Err(X509Error::Algorithm));
    }
    for kind in [Kind::P521, Kind::Ed25519] {
        let card = Office::root("Acme", NOW).issue(kind, &person());
        let parsed = Certificate::parse(&card.certificate).map(|_| ());
        assert_eq!(parsed, Err(X509Error::Algorithm), "{kind:?}");
    }
}

#[test]
fn a_name_that_people_read_turns_nothing_around_and_has_an_end() {
    let mut office = Office::root("Acme", NOW);
    let mut named = |name: &str| {
        let card = office.issue(Kind::P256, &Wanted { name: name.into(), ..person() });
        Certificate::parse(&card.certificate).unwrap().subject
    };
    assert_eq!(named("Zoë 李"), "CN=Zoë 李");
    assert_eq!(named("a\0b\n\u{202e}c\u{2066}"), "CN=a\u{fffd}b\u{fffd}\u{fffd}c\u{fffd}");
    assert_eq!(named(&"a".repeat(3000)).chars().count(), 256);
}
