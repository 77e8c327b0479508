//! What counts once counts once, of however many.

use std::collections::BTreeSet;

use crate::exits::oidc::testing::{Answer, Place, settings};

/// The answers of so many who do the same at once.
async fn all(
    count: usize,
    place: &Place,
    form: &std::collections::BTreeMap<&'static str, String>,
) -> Vec<Answer> {
    let calls = (0..count).map(|_| place.post("token", form, None));
    futures_util::future::join_all(calls).await
}

/// Whether somebody is to ask again: somebody else does the same just now, or many do anything.
fn is_busy(answer: &Answer) -> bool {
    answer.refusal() == (503, "temporarily_unavailable".into())
        && answer.headers.contains_key("retry-after")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sixty_four_who_bring_one_code_one_gets_tokens_and_they_are_worth_nothing() {
    let place = Place::with(settings()).await;
    let form = place.form(&place.code("openid offline_access").await);
    let answers = all(64, &place, &form).await;
    let got: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(got.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        let refusal = answer.refusal();
        assert!(refusal == (400, "invalid_grant".into()) || is_busy(answer), "{refusal:?}");
    }
    assert!(!place.is_good(&got[0].text("access_token")).await);
    let refreshed = place.refresh(&got[0].text("refresh_token")).await;
    assert_eq!(refreshed.refusal(), (400, "invalid_grant".into()));
    assert_eq!(place.audited("oidc.code-reused").await, 1);
    assert_eq!(place.audited("oidc.signed-in").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sixty_four_who_bring_one_refresh_token_all_get_the_same_or_are_to_ask_again() {
    let place = Place::with(settings()).await;
    let token = place.tokens("openid offline_access").await.text("refresh_token");
    let form = place.code("openid").await;
    let mut form = place.form(&form);
    form.insert("grant_type", "refresh_token".into());
    form.insert("refresh_token", token.clone());
    let answers = all(64, &place, &form).await;
    let next: BTreeSet<String> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| answer.text("refresh_token"))
        .collect();
    assert_eq!(next.len(), 1, "one successor");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert!(is_busy(answer), "{:?}", answer.refusal());
    }
    // Nothing is lost by it.
    let next = next.into_iter().next().unwrap();
    assert_eq!(place.refresh(&next).await.status, 200);
    assert_eq!(place.audited("oidc.refresh-reused").await, 0);
}

#[tokio::test]
async fn a_code_that_comes_again_takes_back_all_that_came_of_it() {
    let place = Place::with(settings()).await;
    let form = place.form(&place.code("openid offline_access").await);
    let tokens = place.post("token", &form, None).await;
    let access = tokens.text("access_token");
    assert!(place.is_good(&access).await);
    for _ in 0..3 {
        let again = place.post("token", &form, None).await;
        assert_eq!(again.refusal(), (400, "invalid_grant".into()));
    }
    assert!(!place.is_good(&access).await);
    let refreshed = place.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.refusal(), (400, "invalid_grant".into()));
    assert_eq!(place.audited("oidc.code-reused").await, 1, "told once");
}

#[tokio::test]
async fn who_repeats_a_refresh_in_the_same_second_is_to_ask_again_and_loses_nothing() {
    let place = Place::with(settings()).await;
    let first = place.tokens("openid offline_access").await.text("refresh_token");
    let second = place.refresh(&first).await.text("refresh_token");
    let again = place.refresh(&first).await;
    // Where this takes longer than a second, it is the same one.
    if again.status == 200 {
        assert_eq!(again.text("refresh_token"), second);
    } else {
        assert_eq!(again.refusal(), (503, "temporarily_unavailable".into()));
        assert_eq!(again.headers["retry-after"], "1");
    }
    assert_eq!(place.refresh(&second).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_after_its_successor_takes_back_all() {
    let place = Place::with(settings()).await;
    let first = place.tokens("openid offline_access").await.text("refresh_token");
    let second = place.refresh(&first).await;
    let third = place.refresh(&second.text("refresh_token")).await;
    assert_eq!(third.status, 200);
    let again = place.refresh(&first).await;
    assert_eq!(again.refusal(), (400, "invalid_grant".into()));
    assert_eq!(place.audited("oidc.refresh-reused").await, 1);
    assert!(!place.is_good(&third.text("access_token")).await);
    let last = place.refresh(&third.text("refresh_token")).await;
    assert_eq!(last.refusal(), (400, "invalid_grant".into()));
}
