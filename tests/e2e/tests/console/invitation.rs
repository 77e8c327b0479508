//! The invitation of an administrator: ten minutes, and once.

use e2e::{Answer, Browser, World};

async fn token(world: &World) -> String {
    let invitation = server::invite(&world.config).await.unwrap();
    invitation.split_once('#').unwrap().1.to_owned()
}

async fn take(browser: &mut Browser, token: &str, name: &str) -> Answer {
    browser.post_form("/admin/invite", &[("token", token), ("name", name)]).await
}

fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, 422, "{answer:?}");
    assert!(answer.body.contains("This invitation is not valid"), "{}", answer.body);
    assert!(answer.body.contains("cardea admin invite"), "{}", answer.body);
}

/// Lets seconds pass for all codes and invitations that are out.
async fn seconds_pass(world: &World, seconds: u64) {
    let changed = format!("UPDATE code SET expires_at = expires_at - {seconds} * 1000000");
    assert_eq!(world.sql(&changed).await, 1);
}

#[tokio::test]
async fn an_invitation_lives_ten_minutes() {
    let world = World::start().await;
    let of_nine_minutes = token(&world).await;
    seconds_pass(&world, 9 * 60).await;
    let taken = take(&mut world.browser(), &of_nine_minutes, "Olivia Bauer").await;
    assert_eq!(taken.status, 303, "{taken:?}");
    let of_ten_minutes = token(&world).await;
    seconds_pass(&world, 10 * 60).await;
    let before = world.dump().await;
    assert_refused(&take(&mut world.browser(), &of_ten_minutes, "Olivia Bauer").await);
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn an_invitation_that_was_used_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let token = token(&world).await;
    assert_eq!(take(&mut world.browser(), &token, "Olivia Bauer").await.status, 303);
    let before = world.dump().await;
    assert_refused(&take(&mut world.browser(), &token, "Mallory").await);
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

#[tokio::test]
async fn a_name_that_cannot_be_one_costs_no_invitation() {
    let world = World::start().await;
    let token = token(&world).await;
    let mut browser = world.browser();
    for bad in ["", " \u{200b}", &"x".repeat(81)] {
        let answer = take(&mut browser, &token, bad).await;
        assert_eq!(answer.status, 422, "{bad}");
        assert!(answer.body.contains("Your name is missing"), "{}", answer.body);
        assert!(answer.body.contains(&token), "the invitation must be typed again");
    }
    assert_eq!(take(&mut browser, &token, &"x".repeat(80)).await.status, 303);
}
