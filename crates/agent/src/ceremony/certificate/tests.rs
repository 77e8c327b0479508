use super::*;

fn certificate(key: u8, name: &str) -> CardCertificate {
    CardCertificate {
        der: vec![key, u8::try_from(name.len()).unwrap()],
        subject_public_key_info: vec![key],
        key: KeyKind::P256,
        subject: name.to_owned(),
        issuer: "Issuer".to_owned(),
        not_before: 100,
        not_after: 200,
        is_authority: false,
        signs: true,
    }
}

fn names(certificates: &[CardCertificate], wanted: &Certificates) -> Result<Vec<String>, String> {
    let card = SigningCard {
        label: String::new(),
        certificates: certificates.to_vec(),
        authorities: Vec::new(),
        tries: PinTries::Fine,
        pin_at_reader: false,
    };
    let usable = usable(&card, wanted, 150).map_err(|error| error.to_string())?;
    Ok(usable.into_iter().map(|it| it.subject).collect())
}

#[test]
fn a_certificate_counts_only_while_it_is_good_and_of_a_key_that_signs() {
    let any = Certificates::Allowed(Vec::new());
    let good = certificate(1, "good");
    for (other, why) in [
        (CardCertificate { not_after: 149, ..good.clone() }, CeremonyError::NoCertificate),
        (CardCertificate { not_before: 151, ..good.clone() }, CeremonyError::NoCertificate),
        (CardCertificate { signs: false, ..good.clone() }, CeremonyError::NoCertificate),
        (CardCertificate { key: KeyKind::Other, ..good.clone() }, CeremonyError::UnsupportedKey),
    ] {
        assert_eq!(names(std::slice::from_ref(&other), &any), Err(why.to_string()));
        let other = CardCertificate { subject_public_key_info: vec![2], ..other };
        assert_eq!(names(&[other, good.clone()], &any), Ok(vec!["good".to_owned()]));
    }
}

#[test]
fn a_renewed_certificate_takes_the_place_of_the_old_one() {
    let old = certificate(1, "old");
    let new = CardCertificate { not_after: 300, ..certificate(1, "new") };
    let wanted = Certificates::Allowed(vec![credential_id(&[1])]);
    assert_eq!(names(&[old, new], &wanted), Ok(vec!["new".to_owned()]));
}

#[test]
fn what_is_not_asked_for_is_not_used_and_what_is_enrolled_is_not_enrolled_again() {
    let both = [certificate(1, "a"), certificate(2, "b")];
    let id = |key: u8| credential_id(&[key]);
    let allowed = |ids| names(&both, &Certificates::Allowed(ids));
    let all_but = |ids| names(&both, &Certificates::AllBut(ids));
    assert_eq!(allowed(vec![id(2)]), Ok(vec!["b".to_owned()]));
    assert_eq!(allowed(vec![id(3)]), Err(CeremonyError::NoCredential.to_string()));
    assert_eq!(all_but(vec![id(2)]), Ok(vec!["a".to_owned()]));
    assert_eq!(all_but(vec![id(1), id(2)]), Err(CeremonyError::Excluded.to_string()));
}

#[test]
fn intermediate_certificates_go_along_in_order_and_a_root_does_not() {
    let above = |subject: &str, issuer: &str, number| CardCertificate {
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        is_authority: true,
        ..certificate(number, subject)
    };
    let authorities =
        [above("Root", "Root", 9), above("Other", "Root", 8), above("Upper", "Root", 7)];
    let issuing = above("Issuer", "Upper", 6);
    let all = [&authorities[..], std::slice::from_ref(&issuing)].concat();
    let leaf = certificate(1, "leaf");
    assert_eq!(chain(&leaf, &all), [issuing.der, authorities[2].der.clone()]);
    // Two that vouch for each other come to an end.
    let circle = [above("Issuer", "Upper", 6), above("Upper", "Issuer", 7)];
    assert_eq!(chain(&leaf, &circle).len(), 2);
}
