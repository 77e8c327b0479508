//! Strangers cannot use up what others need: calls to a provider, connections, time, rows.

mod limits;
mod sockets;
mod states;

use std::time::Duration;

use agent_protocol::{EnrolmentCode, PROOF_HEADER, paths};
use cardea_agent::{CallError, PairError};
use e2e::{Desktop, World};
use identity::Moment;
use reqwest::Method;
use secrets::TokenHash;
use server::Bounds;
use store::{Code, CodePurpose};

use crate::device::Device;
use crate::support::{ACME, assert_clear, mia};

#[tokio::test]
async fn wrong_codes_of_agents_are_answered_so_often_a_minute_and_a_right_one_always() {
    let world = World::limited(Bounds { agent_codes_per_minute: 3, ..Bounds::default() }).await;
    let server = world.origin.parse().unwrap();
    let mut answers = Vec::new();
    for number in 0..5 {
        // A desktop of its own for each: it does not help.
        let code = EnrolmentCode::from_random([number; 16]);
        match Desktop::start().agent.pair(&server, &code).await {
            Err(PairError::Call(CallError::Refused { status, .. })) => answers.push(status),
            other => panic!("{:?}", other.err()),
        }
    }
    assert_eq!(answers, [403, 403, 403, 429, 429]);
    // Whoever guesses, from however many addresses, keeps nobody from setting up their agent.
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    Device::of(ACME).pair(&world, &mut browser).await;
}

/// Each call is signed well, with a key and a code of its own.
#[tokio::test]
async fn a_stranger_does_not_stop_others_from_setting_up_their_agents() {
    let world = World::limited(Bounds {
        logins_per_minute: 3,
        agent_codes_per_minute: 5,
        ..Bounds::default()
    })
    .await;
    let mut answers = Vec::new();
    for (number, address) in [7, 7, 7, 7, 7, 7, 8].into_iter().enumerate() {
        let code = EnrolmentCode::from_random([u8::try_from(number).unwrap(); 16]);
        let device = Device::of(ACME);
        let offer = device.offer(code.as_str());
        let call = device.sign(&device.call(&world, paths::ENROL, &offer));
        let mut peer = world.browser().at(&format!("198.51.100.{address}"));
        let headers = [("content-type", call.kind), (PROOF_HEADER, call.proof.as_str())];
        let answer = peer.send_bytes(Method::POST, call.path, Some(call.body), &headers).await;
        assert_clear("no page shows this code", &answer);
        answers.push(answer.status);
    }
    assert_eq!(answers, [403, 403, 403, 429, 429, 429, 403]);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_pages_of_one_login_listen_and_no_more() {
    let world = World::start().await;
    let mut browser = world.browser();
    ACME.to_card(&mut browser, &mut mia()).await;
    let path = ACME.path("login/card/events");
    let mut pages = Vec::new();
    for _ in 0..8 {
        pages.push(browser.events(&path).await);
    }
    let refused = browser.get(&path).await;
    assert_eq!((refused.status, refused.title().as_str()), (429, "Too many requests"));
    let mut other = world.browser();
    ACME.to_card(&mut other, &mut mia()).await;
    assert_eq!(other.get(&path).await.status, 200, "another login has eight of its own");
    pages.pop();
    let again = async { while browser.get(&path).await.status != 200 {} };
    tokio::time::timeout(Duration::from_secs(10), again).await.expect("a place that is free again");
}

#[tokio::test]
async fn a_round_of_sweeping_deletes_all_that_has_expired() {
    let world = World::start().await;
    let tenant = world.tenant("acme").await;
    let code = |expires_at| Code {
        person: None,
        purpose: CodePurpose::Invitation,
        expires_at,
        issued_by: None,
    };
    let mut tx = world.app.store().write(tenant.id).await.unwrap();
    // More than one call to the store deletes.
    for number in 0..1_300_u32 {
        tx.put_code(&TokenHash::of(&number.to_be_bytes()), &code(Moment(1))).await.unwrap();
    }
    let alive = world.app.store().now().await.unwrap().plus(Duration::from_secs(60));
    tx.put_code(&TokenHash::of(b"alive"), &code(alive)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.dump().await.rows("code").len(), 1_301);
    server::sweep_all(&world.app).await;
    assert_eq!(world.dump().await.rows("code").len(), 1);
}
