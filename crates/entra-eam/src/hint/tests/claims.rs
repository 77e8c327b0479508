use super::*;

fn refused(name: &str, value: Value) -> HintError {
    check_claims(&with(&crate::testing::claims(), name, value)).unwrap_err()
}

fn accepted(name: &str, value: Value) -> Hint {
    check_claims(&with(&crate::testing::claims(), name, value)).unwrap()
}

#[test]
fn eam_10_payloads_that_are_no_claims_are_refused() {
    let good = crate::testing::claims().to_string();
    let with_front = |front: &str| good.replacen('{', front, 1);
    for (name, payload) in [
        ("no JSON", "claims".to_owned()),
        ("a list", "[]".to_owned()),
        ("nothing", String::new()),
        ("two", format!("{good}{good}")),
        ("a claim twice", with_front(r#"{"oid":"x","#)),
        ("a claim twice, in another writing", with_front(r#"{"\u006fid":"x","#)),
        ("a name twice inside of a claim", with_front(r#"{"x":{"a":1,"a":2},"#)),
        ("nested too deep", with_front(&format!(r#"{{"x":{}{},"#, "[".repeat(8), "]".repeat(8)))),
    ] {
        let hint = compact(&header().to_string(), &payload, &ENTRA);
        assert_eq!(check(&hint).unwrap_err(), HintError::Payload, "{name}");
    }
    let nested = with_front(&format!(r#"{{"x":{}{},"#, "[".repeat(7), "]".repeat(7)));
    assert!(check(&compact(&header().to_string(), &nested, &ENTRA)).is_ok());
}

#[test]
fn eam_10_claims_that_are_missing_or_of_another_type_are_named() {
    for name in ["iss", "aud", "sub", "tid", "oid", "ver", "iat"] {
        for value in [Value::Null, json!(7.5e300), json!(""), json!({}), json!(true)] {
            assert_eq!(refused(name, value.clone()), HintError::Claim(name), "{value}");
        }
    }
    for name in ["name", "preferred_username", "given_name", "family_name", "upn"] {
        for value in [json!(1), json!([]), json!(""), json!("x".repeat(1025))] {
            assert_eq!(refused(name, value.clone()), HintError::Claim(name), "{value}");
        }
        accepted(name, Value::Null);
        accepted(name, json!("x".repeat(1024)));
    }
    assert_eq!(refused("nbf", json!("soon")), HintError::Claim("nbf"));
    for name in ["iss", "aud", "tid", "oid", "ver"] {
        assert_eq!(refused(name, json!("x".repeat(513))), HintError::Claim(name));
    }
}

#[test]
fn eam_10_sub_is_of_1_to_255_ascii_characters() {
    for bad in ["é".to_owned(), "x".repeat(256)] {
        assert_eq!(refused("sub", json!(bad)), HintError::Claim("sub"), "{bad}");
    }
    assert_eq!(accepted("sub", json!("x".repeat(255))).sub.len(), 255);
}

#[test]
fn eam_10_the_version_is_2_0() {
    for bad in ["1.0", "2", "2.0 ", "3.0"] {
        assert_eq!(refused("ver", json!(bad)), HintError::Version, "{bad}");
    }
    assert_eq!(refused("ver", json!(2.0)), HintError::Claim("ver"));
}

#[test]
fn t07_eam_11_the_issuer_is_that_of_the_directory_to_the_letter() {
    for (name, iss) in [
        ("another directory", issuer_of(OTHER_TID)),
        ("another allowed directory", issuer_of(SECOND_TID)),
        ("the template", issuer_of("{tenantid}")),
        ("v1.0", format!("https://sts.windows.net/{TID}/")),
        ("a slash more", format!("{}/", issuer_of(TID))),
        ("capitals", issuer_of(&TID.to_uppercase())),
        ("another cloud", format!("https://login.microsoftonline.us/{TID}/v2.0")),
        ("http", issuer_of(TID).replace("https", "http")),
        ("without version", format!("{AUTHORITY}/{TID}")),
    ] {
        assert_eq!(refused("iss", json!(iss)), HintError::Issuer, "{name}");
    }
}

#[test]
fn t07_eam_16_a_guest_of_another_directory_is_refused() {
    // Microsoft's example: `iss` of the one directory, `tid` of the other.
    assert_eq!(refused("tid", json!(SECOND_TID)), HintError::Issuer);
    for bad in ["contoso.example", "common", &format!("{TID}x"), &TID.replace('-', "")] {
        assert_eq!(refused("tid", json!(bad)), HintError::Directory, "{bad}");
    }
}

#[test]
fn t07_eam_11_only_directories_of_the_connection_are_served() {
    let of = |tid: &str| {
        let claims = with(&crate::testing::claims(), "tid", json!(tid));
        check_claims(&with(&claims, "iss", json!(issuer_of(tid))))
    };
    assert_eq!(of(OTHER_TID).unwrap_err(), HintError::Directory);
    assert_eq!(of(SECOND_TID).unwrap().tid, SECOND_TID);
    // The canonical form is what counts, and what the issuer has.
    assert_eq!(accepted("tid", json!(TID.to_uppercase())).tid, TID);
}

#[test]
fn t07_eam_12_the_audience_is_the_app_id_or_the_client_id() {
    for good in [json!(APP_ID), json!(CLIENT_ID), json!([APP_ID]), json!([CLIENT_ID])] {
        accepted("aud", good);
    }
    for bad in [
        json!("other"),
        json!(OID),
        json!(APP_ID.to_uppercase()),
        json!(format!("{APP_ID} ")),
        json!(format!("api://{APP_ID}")),
        json!([]),
        json!([APP_ID, CLIENT_ID]),
        json!([APP_ID, APP_ID]),
        json!([APP_ID, "other"]),
    ] {
        assert_eq!(refused("aud", bad.clone()), HintError::Audience, "{bad}");
    }
    for bad in [json!([1]), json!([[APP_ID]]), json!({ "0": APP_ID })] {
        assert_eq!(refused("aud", bad.clone()), HintError::Claim("aud"), "{bad}");
    }
}

#[test]
fn t05_eam_13_exp_is_never_judged() {
    for exp in [json!(NOW - 1), json!(0), json!(NOW + 9_999), Value::Null, json!("never")] {
        accepted("exp", exp);
    }
}

#[test]
fn t06_eam_13_a_hint_is_of_the_last_ten_minutes() {
    let at = |now| check_at(&hint(), now).map(|_| ());
    assert_eq!(at(NOW + 600), Ok(()));
    assert_eq!(at(NOW + 601), Err(HintError::TooOld));
    assert_eq!(at(NOW + 660), Err(HintError::TooOld));
    assert_eq!(at(NOW - 120), Ok(()));
    assert_eq!(at(NOW - 121), Err(HintError::IssuedInFuture));
    assert_eq!(at(NOW - 180), Err(HintError::IssuedInFuture));
    for (iat, error) in [
        (0, HintError::TooOld),
        (i64::MIN, HintError::TooOld),
        (i64::MAX, HintError::IssuedInFuture),
    ] {
        assert_eq!(refused("iat", json!(iat)), error, "{iat}");
    }
}

#[test]
fn t06_eam_13_a_hint_does_not_count_before_nbf() {
    accepted("nbf", json!(NOW + 120));
    accepted("nbf", Value::Null);
    assert_eq!(refused("nbf", json!(NOW + 121)), HintError::NotYetValid);
}

#[test]
fn eam_15_the_person_is_named_by_a_guid() {
    for bad in ["ann", "ann@contoso.example", &format!("{{{OID}}}"), &OID[1..]] {
        assert_eq!(refused("oid", json!(bad)), HintError::Oid, "{bad}");
    }
    assert_eq!(accepted("oid", json!(OID.to_uppercase())).oid, OID);
}

#[test]
fn t20_names_are_handed_on_as_they_are() {
    let name = "<script>alert(1)</script> \u{202E}é";
    assert_eq!(accepted("name", json!(name)).name.as_deref(), Some(name));
    let hint = accepted("upn", json!("ann@contoso.example"));
    assert_eq!(hint.upn.as_deref(), Some("ann@contoso.example"));
    assert_eq!(accepted("given_name", json!("Ann")).given_name.as_deref(), Some("Ann"));
    assert_eq!(accepted("family_name", json!("Lee")).family_name.as_deref(), Some("Lee"));
}
