use soft_card::{DAY, Office};

use super::*;

const NOW: i64 = 1_796_000_000;

fn now() -> Moment {
    Moment::from_unix_seconds(NOW)
}

fn row(office: &Office) -> CardAuthority {
    let authority = Authority::parse(&office.der()).unwrap();
    CardAuthority {
        fingerprint: authority.fingerprint(),
        name: "Cards".into(),
        certificate: office.der(),
        list_url: Some("http://pki.example/cards.crl".into()),
        list_tried_at: Some(now()),
        list_error: None,
        created_at: Moment(0),
    }
}

#[test]
fn a_list_is_due_each_hour_and_sooner_when_it_ends_or_failed() {
    let office = Office::root("Acme", NOW);
    let authority = row(&office);
    let list = office.list(&[], NOW - 10, NOW + DAY);
    let list = read(&list, &authority, "", now()).unwrap();
    assert!(!is_due(&authority, Some(&list), now()));
    assert!(is_due(&authority, None, now()), "there is none");
    assert!(is_due(&authority, Some(&list), now().plus(EACH)), "an hour has passed");
    let ends = KeptList { next_update: now().plus(EACH), ..list.clone() };
    assert!(is_due(&authority, Some(&ends), now()), "it ends");
    let failed = CardAuthority { list_error: Some("status 404".into()), ..authority.clone() };
    assert!(is_due(&failed, Some(&list), now()), "the last try failed");
    let never = CardAuthority { list_tried_at: None, ..authority };
    assert!(is_due(&never, Some(&list), now()), "nobody has tried");
}

#[test]
fn a_list_is_read_in_either_form_and_for_its_own_authority() {
    let (office, other) = (Office::root("Acme", NOW), Office::root("Acme", NOW));
    let authority = row(&office);
    let der = office.list(&[7], NOW - 10, NOW + DAY);
    let kept = read(&der, &authority, "http://pki.example/cards.crl", now()).unwrap();
    assert_eq!(kept.list, der);
    assert_eq!(kept.next_update, Moment::from_unix_seconds(NOW + DAY));
    let pem = soft_card::list_pem(&der);
    assert_eq!(read(pem.as_bytes(), &authority, "", now()).unwrap().list, der);
    let foreign = other.list(&[], NOW - 10, NOW + DAY);
    let refused = read(&foreign, &authority, "", now()).unwrap_err();
    assert!(matches!(refused, ListError::List(X509Error::ForeignList)), "{refused}");
    let junk = read(b"<html>", &authority, "", now()).unwrap_err();
    assert_eq!(junk.to_string(), "it is no list of revoked certificates (X.509 CRL)");
}
