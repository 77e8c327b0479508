use serde_json::json;

use super::*;
use crate::testing::demand;

const ALL_AMR: [&str; 13] = [
    "face", "fido", "fpt", "hwk", "iris", "otp", "pop", "retina", "sc", "sms", "swk", "tel", "vbm",
];
const KEY: Credential = Credential::Fido2(KeyStorage::Unknown);
const HARDWARE: Credential = Credential::Fido2(KeyStorage::Hardware);
const SOFTWARE: Credential = Credential::Fido2(KeyStorage::Software);
const SMART_CARD: Credential = Credential::X509Card;

fn parsed(acr: &[&str], amr: &[&str]) -> Result<Demand, MethodError> {
    let claims = json!({ "id_token": { "acr": { "values": acr }, "amr": { "values": amr } } });
    Demand::parse(Some(&claims.to_string()))
}

type Words = (&'static str, &'static str);

fn chosen(acr: &[&str], amr: &[&str], credential: Credential) -> Result<Words, MethodError> {
    let choice = parsed(acr, amr)?.choose(credential)?;
    Ok((choice.acr.as_str(), choice.amr.as_str()))
}

#[test]
fn t14_each_acr_with_each_credential() {
    let possession = [
        "possession",
        "possessionorinherence",
        "knowledgeorpossession",
        "knowledgeorpossessionorinherence",
    ];
    let others = ["inherence", "knowledge", "knowledgeorinherence"];
    for (credential, amr) in
        [(KEY, "fido"), (HARDWARE, "fido"), (SOFTWARE, "fido"), (SMART_CARD, "sc")]
    {
        for acr in possession {
            assert_eq!(chosen(&[acr], &ALL_AMR, credential), Ok((acr, amr)), "{credential:?}");
        }
        for acr in others {
            let refused = chosen(&[acr], &ALL_AMR, credential);
            assert_eq!(refused, Err(MethodError::NotByPossession), "{acr} {credential:?}");
        }
    }
}

#[test]
fn t14_each_method_with_each_credential() {
    for amr in ALL_AMR {
        for (credential, methods) in [
            (KEY, ["fido", "pop", ""]),
            (HARDWARE, ["fido", "hwk", "pop"]),
            (SOFTWARE, ["fido", "swk", "pop"]),
            (SMART_CARD, ["sc", "pop", ""]),
        ] {
            let answer = chosen(&["possession"], &[amr], credential);
            if methods.contains(&amr) {
                assert_eq!(answer, Ok(("possession", amr)), "{credential:?}");
            } else {
                let wanted = [MethodError::NoMethod, MethodError::NotByPossession];
                assert!(wanted.contains(&answer.unwrap_err()), "{amr} {credential:?}");
            }
        }
    }
}

#[test]
fn eam_23_the_best_method_and_the_narrowest_acr_are_answered() {
    let all: Vec<&str> = Acr::ALL.iter().map(|acr| acr.as_str()).collect();
    let mut reversed = all.clone();
    reversed.reverse();
    for acr in [&all, &reversed] {
        assert_eq!(chosen(acr, &ALL_AMR, KEY), Ok(("possession", "fido")));
        let rest: Vec<&str> = acr.iter().copied().filter(|acr| *acr != "possession").collect();
        assert_eq!(chosen(&rest, &ALL_AMR, KEY), Ok(("possessionorinherence", "fido")));
    }
    let two = ["knowledgeorpossessionorinherence", "knowledgeorpossession"];
    assert_eq!(chosen(&two, &ALL_AMR, KEY), Ok(("knowledgeorpossession", "fido")));
    let mixed = ["inherence", "knowledge", "knowledgeorpossessionorinherence"];
    assert_eq!(chosen(&mixed, &ALL_AMR, KEY), Ok(("knowledgeorpossessionorinherence", "fido")));
    assert_eq!(chosen(&["possession"], &["pop", "hwk"], HARDWARE), Ok(("possession", "hwk")));
    assert_eq!(chosen(&["possession"], &["pop", "swk"], SOFTWARE), Ok(("possession", "swk")));
    assert_eq!(chosen(&["possession"], &["pop", "hwk", "swk"], KEY), Ok(("possession", "pop")));
    assert_eq!(
        chosen(&["possession"], &["pop", "fido", "sc"], SMART_CARD),
        Ok(("possession", "sc"))
    );
}

#[test]
fn eam_20_the_answer_is_always_among_what_is_demanded_and_a_possession() {
    // Every demand of one or two words of each kind, with every credential.
    let words = |all: &[&'static str]| -> Vec<Vec<&'static str>> {
        let from = |at: usize| all[at..].iter().map(move |two| vec![all[at], *two]);
        (0..all.len()).flat_map(from).collect()
    };
    let acr: Vec<&str> = Acr::ALL.iter().map(|acr| acr.as_str()).collect();
    let mut answered = 0;
    for acr in words(&acr) {
        for amr in words(&ALL_AMR) {
            let Ok(demand) = parsed(&acr, &amr) else { continue };
            for credential in [KEY, HARDWARE, SOFTWARE, SMART_CARD] {
                let Ok(choice) = demand.choose(credential) else { continue };
                answered += 1;
                assert!(acr.contains(&choice.acr.as_str()) && amr.contains(&choice.amr.as_str()));
                assert!(choice.acr.as_str().contains("possession"), "{choice:?}");
                let ours = ["fido", "hwk", "pop", "sc", "swk"].contains(&choice.amr.as_str());
                assert!(ours, "{choice:?}");
            }
        }
    }
    assert!(answered > 1_000, "{answered}");
}

#[test]
fn t12_eam_22_what_no_card_can_prove_is_refused_before_any_tap() {
    let refused = Err(MethodError::NotByPossession);
    assert_eq!(parsed(&["inherence"], &ALL_AMR), refused);
    assert_eq!(parsed(&["inherence", "knowledgeorinherence", "knowledge"], &ALL_AMR), refused);
    assert_eq!(
        parsed(&["possessionorinherence"], &["fpt", "face", "iris", "retina", "vbm"]),
        refused
    );
    assert_eq!(parsed(&["possessionorinherence"], &["otp", "sms", "tel"]), refused);
    assert_eq!(parsed(&["phishingresistant"], &ALL_AMR), refused);
    assert_eq!(parsed(&["possession"], &["mfa", "FIDO"]), refused);
}

#[test]
fn a_demand_that_another_credential_meets_is_told_apart() {
    assert_eq!(chosen(&["possession"], &["sc"], KEY), Err(MethodError::NoMethod));
    assert_eq!(chosen(&["possession"], &["fido"], SMART_CARD), Err(MethodError::NoMethod));
    assert_eq!(chosen(&["possession"], &["swk"], HARDWARE), Err(MethodError::NoMethod));
}

#[test]
fn t02_what_entra_demands_after_a_password_is_met() {
    let demand = Demand::parse(Some(&demand())).unwrap();
    let choice = demand.choose(KEY).unwrap();
    assert_eq!(choice, Choice { acr: Acr::PossessionOrInherence, amr: Amr::Fido });
    assert_eq!(demand.choose(SMART_CARD).unwrap().amr, Amr::Sc);
}

#[test]
fn t13_eam_24_claims_that_are_missing_or_broken_are_refused() {
    assert_eq!(Demand::parse(None), Err(MethodError::Claims));
    let good = demand();
    let long = format!("{good}{}", " ".repeat(8 * 1024));
    let deep = good.replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(8), "]".repeat(8)), 1);
    for bad in [
        "",
        "{",
        "[]",
        "null",
        "possession",
        "{} {}",
        &good[1..],
        &good[..good.len() - 1],
        &long,
        &deep,
        r#"{"id_token":{},"id_token":{}}"#,
        r#"{"id_token":{"acr":{"values":["possession"]},"acr":{"values":["possession"]},"amr":{"values":["fido"]}}}"#,
        r#"{"id_token":{"acr":{"values":["possession"],"values":["knowledge"]},"amr":{"values":["fido"]}}}"#,
    ] {
        assert_eq!(Demand::parse(Some(bad)), Err(MethodError::Claims), "{bad}");
    }
}

#[test]
fn t13_eam_24_a_demand_without_values_is_refused() {
    let amr = r#""amr":{"values":["fido"]}"#;
    for acr in [
        "",
        r#""acr":null,"#,
        r#""acr":{},"#,
        r#""acr":[],"#,
        r#""acr":{"values":[]},"#,
        r#""acr":{"values":"possession"},"#,
        r#""acr":{"value":"possession"},"#,
        r#""acr":{"values":[1,null]},"#,
        r#""ACR":{"values":["possession"]},"#,
    ] {
        let claims = format!(r#"{{"id_token":{{{acr}{amr}}}}}"#);
        assert_eq!(Demand::parse(Some(&claims)), Err(MethodError::NoValues("acr")), "{acr}");
    }
    let claims = r#"{"id_token":{"acr":{"values":["possession"]}}}"#;
    assert_eq!(Demand::parse(Some(claims)), Err(MethodError::NoValues("amr")));
    for claims in ["{}", r#"{"userinfo":{}}"#, r#"{"id_token":[]}"#, r#"{"id_token":null}"#] {
        assert_eq!(Demand::parse(Some(claims)), Err(MethodError::NoValues("acr")), "{claims}");
    }
}

#[test]
fn t13_eam_24_entries_that_are_no_words_of_the_table_are_dropped() {
    let claims = json!({
        "id_token": {
            "acr": { "essential": "maybe", "values": [7, "possession", null, ["x"], "new"] },
            "amr": { "values": [{}, "new", true, "fido", 1.5] },
            "auth_time": { "essential": true },
        },
        "userinfo": { "acr": { "values": ["knowledge"] } },
    });
    let demand = Demand::parse(Some(&claims.to_string())).unwrap();
    assert_eq!(demand.choose(KEY).unwrap(), Choice { acr: Acr::Possession, amr: Amr::Fido });
}

#[test]
fn a_demand_is_kept_as_claims_that_say_the_same() {
    let claims = json!({ "id_token": {
        "acr": { "values": ["possession", "new", "possession", "knowledge"] },
        "amr": { "values": ["fido", 1, "fido", "sc"] },
    } });
    let demand = Demand::parse(Some(&claims.to_string())).unwrap();
    let kept = demand.to_claims();
    assert_eq!(
        kept,
        r#"{"id_token":{"acr":{"values":["possession","knowledge"]},"amr":{"values":["fido","sc"]}}}"#
    );
    assert_eq!(Demand::parse(Some(&kept)), Ok(demand));
}

#[test]
fn every_word_is_read_as_it_is_written() {
    for acr in Acr::ALL {
        assert_eq!(Acr::parse(acr.as_str()), Some(*acr));
    }
    let words: Vec<&str> = Amr::ALL.iter().map(|amr| amr.as_str()).collect();
    assert_eq!(words, ALL_AMR);
    assert_eq!((Amr::parse("FIDO"), Acr::parse(""), Amr::parse("kba")), (None, None, None));
}
