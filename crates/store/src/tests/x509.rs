use identity::Moment;
use ids::CredentialId;

use crate::tests::support::{Cast, credential, id, on_both, person, take};
use crate::{CardAuthority, CardCertificate, Credential, CredentialKind, KeptList, StoreError};

pub(super) const AUTHORITY: [u8; 32] = [7; 32];

pub(super) fn certificate(serial: u8) -> CardCertificate {
    CardCertificate {
        issuer: b"issuer".to_vec(),
        serial: vec![serial],
        name_hash: [serial; 32],
        subject: "CN=Ada".to_owned(),
        issuer_name: "CN=Acme".to_owned(),
        not_after: Moment(9_000),
    }
}

fn x509_card(person: ids::UserId, serial: u8) -> Credential {
    let kind = CredentialKind::X509Card(certificate(serial));
    Credential { kind, ..credential(person) }
}

pub(super) fn authority() -> CardAuthority {
    CardAuthority {
        fingerprint: AUTHORITY,
        name: "Acme cards".to_owned(),
        certificate: vec![0x30, 0],
        list_url: None,
        list_tried_at: None,
        list_error: None,
        created_at: Moment(5_000),
    }
}

pub(super) fn list(this_update: i64) -> KeptList {
    KeptList {
        fingerprint: AUTHORITY,
        list: vec![0x30, 1, 2],
        this_update: Moment(this_update),
        next_update: Moment(this_update.saturating_add(100)),
        fetched_at: Moment(this_update.saturating_add(1)),
        source: String::new(),
    }
}

on_both! {
    async fn an_x509_card_comes_back_as_one_and_as_no_passkey(bench) {
        let cast = bench.cast("acme").await;
        let card = x509_card(cast.person, 1);
        let mut writing = cast.write().await;
        writing.insert_credential(&card).await.unwrap();
        assert!(writing.swap_counter(card.id, 0).await.unwrap(), "it keeps no counter");
        let found = writing.credential_by_id(&card.webauthn_id).await.unwrap().unwrap();
        assert!(found.last_used_at.is_some());
        assert_eq!(Credential { last_used_at: None, ..found.clone() }, card);
        assert_eq!((found.passkey(), found.certificate()), (None, Some(&certificate(1))));
        let fido = writing.credential(cast.card).await.unwrap().unwrap();
        assert!(fido.passkey().is_some() && fido.certificate().is_none());
    }

    async fn a_certificate_is_one_persons_in_its_tenant(bench) {
        let (cast, rival) = (bench.cast("acme").await, bench.cast("rival").await);
        let mut writing = cast.write().await;
        let eve = person("eve");
        writing.write_person(&eve).await.unwrap();
        let card = x509_card(cast.person, 1);
        writing.insert_credential(&card).await.unwrap();
        writing.commit().await.unwrap();
        let same_key = Credential { id: CredentialId(id()), person: eve.id, ..card.clone() };
        let kind = CredentialKind::X509Card(certificate(2));
        let same_key = Credential { kind, ..same_key };
        for second in [same_key, x509_card(eve.id, 1)] {
            let refused = cast.write().await.insert_credential(&second).await;
            assert!(matches!(refused, Err(StoreError::Conflict("card"))), "{refused:?}");
        }
        let elsewhere = Credential { person: rival.person, ..card };
        rival.write().await.insert_credential(&elsewhere).await.unwrap();
    }

    async fn a_card_gets_a_new_certificate_unless_it_is_revoked_or_none(bench) {
        let cast = bench.cast("acme").await;
        let (card, other) = (x509_card(cast.person, 1), x509_card(cast.person, 2));
        let mut writing = cast.write().await;
        writing.insert_credential(&card).await.unwrap();
        writing.insert_credential(&other).await.unwrap();
        let renewed = CardCertificate { not_after: Moment(99_000), ..certificate(3) };
        assert!(writing.renew_certificate(card.id, &renewed).await.unwrap());
        let found = writing.credential(card.id).await.unwrap().unwrap();
        assert_eq!(found.certificate(), Some(&renewed));
        assert!(!writing.renew_certificate(cast.card, &certificate(4)).await.unwrap(), "FIDO2");
        writing.revoke_credential(card.id).await.unwrap();
        assert!(!writing.renew_certificate(card.id, &certificate(4)).await.unwrap(), "revoked");
        writing.commit().await.unwrap();
        let taken = cast.write().await.renew_certificate(other.id, &renewed).await;
        assert!(matches!(taken, Err(StoreError::Conflict("card"))), "{taken:?}");
    }

    async fn what_rests_on_a_card_ends_and_nothing_else(bench) {
        let cast = bench.cast("acme").await;
        let card = x509_card(cast.person, 1);
        let mut writing = cast.write().await;
        writing.insert_credential(&card).await.unwrap();
        writing.insert_credential(&x509_card(cast.person, 2)).await.unwrap();
        writing.commit().await.unwrap();
        let smart = Cast { store: cast.store.clone(), card: card.id, ..cast };
        cast.sign_in("fido").await;
        smart.sign_in("smart").await;
        // It has confirmed a change that is under way; another one is confirmed by nothing yet.
        let (change, other) = (smart.waiting("change").await, smart.waiting("other").await);
        let mut writing = smart.write().await;
        let taken = take(&mut writing, &change).await.unwrap();
        let _proof = writing.consume_proof(taken, &smart.proof(&change)).await.unwrap();
        assert!(writing.write_login(&change).await.unwrap());
        let in_use = writing.x509_cards_in_use().await.unwrap();
        assert_eq!(in_use.iter().map(|card| card.id).collect::<Vec<_>>(), [card.id]);
        assert_eq!(writing.end_what_rests_on(card.id).await.unwrap(), 2);
        assert!(writing.x509_cards_in_use().await.unwrap().is_empty());
        assert!(writing.login(change.started.id).await.unwrap().is_none());
        assert!(writing.login(other.started.id).await.unwrap().is_some());
        let still = writing.credential(card.id).await.unwrap().unwrap();
        assert_eq!(still.revoked_at, None);
        writing.commit().await.unwrap();
        assert!(cast.session("fido").await.is_some());
        assert!(cast.session("smart").await.is_none());
    }

    async fn authorities_come_and_go_with_their_lists(bench) {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        writing.put_card_authority(&authority()).await.unwrap();
        assert!(writing.set_list_url(&AUTHORITY, Some("http://pki.example/a.crl")).await.unwrap());
        assert!(writing.note_list_fetch(&AUTHORITY, Some("unreachable")).await.unwrap());
        let renamed = CardAuthority { name: "Cards".to_owned(), ..authority() };
        writing.put_card_authority(&renamed).await.unwrap();
        let found = writing.card_authorities().await.unwrap();
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(found.name, "Cards");
        assert_eq!(found.list_url.as_deref(), Some("http://pki.example/a.crl"));
        assert_eq!(found.list_error.as_deref(), Some("unreachable"));
        assert!(found.list_tried_at.is_some());
        assert!(writing.put_revocation_list(&list(10)).await.unwrap());
        assert_eq!(writing.revocation_lists().await.unwrap(), [list(10)]);
        assert!(writing.delete_card_authority(&AUTHORITY).await.unwrap());
        assert!(!writing.delete_card_authority(&AUTHORITY).await.unwrap());
        assert!(writing.revocation_lists().await.unwrap().is_empty());
        let orphan = writing.put_revocation_list(&list(10)).await;
        assert!(matches!(orphan, Err(StoreError::Reference)), "{orphan:?}");
    }

    async fn an_older_list_does_not_replace_a_newer_one(bench) {
        let cast = bench.cast("acme").await;
        let mut writing = cast.write().await;
        writing.put_card_authority(&authority()).await.unwrap();
        assert!(writing.put_revocation_list(&list(10)).await.unwrap());
        assert!(!writing.put_revocation_list(&list(9)).await.unwrap());
        assert_eq!(writing.revocation_lists().await.unwrap(), [list(10)]);
        assert!(writing.put_revocation_list(&list(11)).await.unwrap());
        assert_eq!(writing.revocation_lists().await.unwrap(), [list(11)]);
    }
}
