use super::*;
use crate::authorization::ResponseMode;
use crate::testing::issuer;

fn target(redirect_uri: &str, state: Option<&str>) -> Target {
    Target {
        client_id: "shop".to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        mode: ResponseMode::Query,
        state: state.map(str::to_owned),
    }
}

fn url(target: &Target, outcome: Outcome) -> String {
    Answer { target, issuer: issuer(), outcome }.redirect_url()
}

#[test]
fn a_code_goes_back_with_state_and_issuer() {
    let target = target("https://shop.example/callback", Some("af0&ifj=s \"<"));
    let outcome = || Outcome::Code(Secret::from("c0de".to_owned()));
    assert_eq!(
        url(&target, outcome()),
        "https://shop.example/callback?code=c0de&state=af0%26ifj%3Ds+%22%3C\
         &iss=https%3A%2F%2Fcardea.example%2Frealms%2Facme"
    );
    let answer = Answer { target: &target, issuer: issuer(), outcome: outcome() };
    assert_eq!(
        answer.fields(),
        [
            ("code", "c0de"),
            ("state", "af0&ifj=s \"<"),
            ("iss", "https://cardea.example/realms/acme"),
        ]
    );
}

#[test]
fn an_error_goes_back_in_the_words_of_the_standard_and_without_a_state_that_never_came() {
    let outcome = Outcome::error(ErrorCode::LoginRequired, "nobody is signed in");
    assert_eq!(
        url(&target("https://shop.example/callback", None), outcome),
        "https://shop.example/callback?error=login_required&error_description=nobody+is+signed+in\
         &iss=https%3A%2F%2Fcardea.example%2Frealms%2Facme"
    );
}

#[test]
fn the_query_of_an_address_stays() {
    let error = || Outcome::error(ErrorCode::AccessDenied, "");
    for (uri, begins) in [
        ("https://shop.example/other?a=b", "https://shop.example/other?a=b&error=access_denied&"),
        ("https://shop.example/other?", "https://shop.example/other?error=access_denied&"),
        ("https://shop.example/other?a=b&", "https://shop.example/other?a=b&error=access_denied&"),
        ("https://SHOP.example", "https://SHOP.example?error=access_denied&"),
        ("com.example.app:/cb", "com.example.app:/cb?error=access_denied&"),
        ("http://127.0.0.1:51004", "http://127.0.0.1:51004?error=access_denied&"),
    ] {
        let url = url(&target(uri, None), error());
        assert!(url.starts_with(begins), "{url}");
    }
}
