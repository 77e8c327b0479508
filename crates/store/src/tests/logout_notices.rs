//! Whatever ends a session leaves word for the applications that were granted something in it.

use std::time::Duration;

use identity::{Moment, PersonState};
use ids::{SessionId, TicketId};
use openid_provider::ClientSettings;

use crate::tests::clients::client;
use crate::tests::devices::device;
use crate::tests::eam::how_many;
use crate::tests::grants::{code, granted};
use crate::tests::support::{Bench, Cast, hash, id, new_session, on_both, take, until};
use crate::{Client, LogoutNotice, NewGrant, NewSession, Redeemed, Session};

/// An application that wants to hear of logouts.
fn listening(client_id: &str) -> Client {
    let settings = ClientSettings {
        backchannel_logout_uri: Some("https://app.example/logged-out".to_owned()),
        ..client(client_id).settings.unwrap()
    };
    Client { settings: Some(settings), ..client(client_id) }
}

/// Ada, in a tenant with an application that listens, at a computer.
async fn scene(bench: &Bench) -> Cast {
    let cast = bench.cast("acme").await;
    let mut writing = cast.write().await;
    assert!(writing.add_client(&listening("app")).await.unwrap());
    writing.commit().await.unwrap();
    cast
}

/// Signs in, at a computer if one is named, and to the application.
async fn signed_in(cast: &Cast, token: &str, at: Option<(ids::DeviceId, TicketId)>) -> Session {
    let (device, ticket) = at.unzip();
    let session =
        cast.sign_in_with(token, NewSession { device, ticket, ..new_session(token) }).await;
    granted(cast, &code(cast, &session, token).await).await;
    session
}

async fn due(cast: &Cast) -> Vec<String> {
    cast.read().await.logout_notices_due().await.unwrap()
}

async fn taken(cast: &Cast, client_id: &str) -> Vec<LogoutNotice> {
    let mut writing = cast.write().await;
    let notices = writing.take_logout_notices(client_id, 100).await.unwrap();
    writing.commit().await.unwrap();
    notices
}

async fn sids(cast: &Cast, client_id: &str) -> Vec<SessionId> {
    let mut sids: Vec<_> = taken(cast, client_id).await.iter().map(|notice| notice.sid).collect();
    sids.sort();
    sids
}

/// Lets the time come for everything that waits.
async fn later(bench: &Bench) {
    bench.raw("UPDATE logout_notice SET due_at = 0").await;
}

/// The ways in which a session ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Itself,
    AllOfPerson,
    PersonDisabled,
    CardRevoked,
    WhatRestsOnCard,
    Lifted,
    NotHeld,
    AgentLost,
    Elsewhere,
    Expired,
}

const ENDS: [End; 10] = [
    End::Itself,
    End::AllOfPerson,
    End::PersonDisabled,
    End::CardRevoked,
    End::WhatRestsOnCard,
    End::Lifted,
    End::NotHeld,
    End::AgentLost,
    End::Elsewhere,
    End::Expired,
];

async fn end(bench: &Bench, cast: &Cast, session: &Session, how: End) {
    let name = format!("elsewhere {how:?}");
    let (desk, ticket) = (session.device.unwrap(), session.ticket.unwrap());
    let elsewhere = device(cast, &name).await.id;
    let now = cast.store.now().await.unwrap();
    if matches!(how, End::Expired) {
        bench.raw(&format!("UPDATE session SET expires_at = {}", now.0)).await;
        bench.store.sweep().await.unwrap();
        return;
    }
    bench.raw("UPDATE session SET created_at = created_at - 100000000").await;
    let grace = Duration::from_secs(1);
    let lost = cast.read().await.lost_sessions(grace, Moment(0)).await.unwrap();
    let mut writing = cast.write().await;
    match how {
        End::Itself => assert!(writing.end_session(session.id).await.unwrap()),
        End::AllOfPerson => {
            assert_eq!(writing.end_sessions_of(cast.person).await.unwrap(), 1);
        }
        End::PersonDisabled => {
            let disabled = PersonState::Disabled;
            assert!(writing.set_person_state(cast.person, disabled).await.unwrap());
        }
        End::CardRevoked => assert!(writing.revoke_credential(cast.card).await.unwrap()),
        End::WhatRestsOnCard => {
            assert_eq!(writing.end_what_rests_on(cast.card).await.unwrap(), 1);
        }
        End::Lifted => assert_eq!(writing.end_lifted(desk, ticket).await.unwrap().len(), 1),
        End::NotHeld => {
            assert_eq!(writing.end_not_held(desk, &[], now).await.unwrap().len(), 1);
        }
        End::AgentLost => assert_eq!(writing.end_lost(lost, grace).await.unwrap().len(), 1),
        End::Elsewhere => {
            let ended = writing.end_elsewhere(cast.card, elsewhere).await.unwrap();
            assert_eq!(ended.len(), 1);
        }
        End::Expired => {}
    }
    writing.commit().await.unwrap();
}

on_both! {
    async fn however_a_session_ends_its_applications_are_to_be_told(bench) {
        for (number, how) in ENDS.into_iter().enumerate() {
            let cast = bench.cast(&format!("tenant-{number}")).await;
            let mut writing = cast.write().await;
            assert!(writing.add_client(&listening("app")).await.unwrap());
            writing.commit().await.unwrap();
            let at = (device(&cast, &format!("desk {number}")).await.id, TicketId(id()));
            let session = signed_in(&cast, &number.to_string(), Some(at)).await;
            assert_eq!(due(&cast).await, [""; 0], "{how:?}");
            end(bench, &cast, &session, how).await;
            assert_eq!(bench.count("session").await, 0, "{how:?}");
            let notices = taken(&cast, "app").await;
            assert_eq!(notices.len(), 1, "{how:?}");
            assert_eq!((notices[0].sid, notices[0].person), (session.id, cast.person), "{how:?}");
            assert_eq!(bench.store.sessions_ended().await, [cast.tenant], "{how:?}");
        }
    }

    async fn an_application_is_told_once_of_each_session_and_of_no_others(bench) {
        let cast = scene(bench).await;
        let silent = Client { enabled: false, ..listening("disabled") };
        let mut writing = cast.write().await;
        for client in [&client("deaf"), &listening("other"), &listening("disabled")] {
            assert!(writing.add_client(client).await.unwrap());
        }
        writing.commit().await.unwrap();
        let (first, second) = (cast.sign_in("first").await, cast.sign_in("second").await);
        for (text, session, app) in [
            ("1", &first, "app"), ("2", &first, "app"), ("3", &second, "app"),
            ("4", &first, "deaf"), ("5", &first, "other"), ("6", &first, "disabled"),
        ] {
            let new = NewGrant { client_id: app.into(), ..code(&cast, session, text).await };
            granted(&cast, &new).await;
        }
        let mut writing = cast.write().await;
        assert!(writing.change_client(&silent).await.unwrap());
        assert!(writing.end_session(first.id).await.unwrap());
        writing.commit().await.unwrap();
        let mut all = due(&cast).await;
        all.sort();
        assert_eq!(all, ["app", "other"]);
        assert_eq!(sids(&cast, "app").await, [first.id]);
        assert_eq!(sids(&cast, "other").await, [first.id]);
        assert_eq!(bench.count("logout_notice").await, 2);
    }

    async fn an_application_that_gave_back_what_it_got_is_told_nevertheless(bench) {
        let cast = scene(bench).await;
        let session = cast.sign_in("token").await;
        let new = NewGrant { offline: false, ..code(&cast, &session, "code").await };
        let grant = granted(&cast, &new).await;
        let mut writing = cast.write().await;
        assert!(writing.end_grant(grant.id, "app").await.unwrap().is_some());
        writing.commit().await.unwrap();
        bench.raw("UPDATE oidc_grant SET created_at = 0, expires_at = 1").await;
        assert_eq!(bench.store.sweep().await.unwrap(), 0, "it stays as long as the session");
        let mut writing = cast.write().await;
        assert!(writing.end_session(session.id).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(sids(&cast, "app").await, [session.id]);
        assert_eq!(bench.store.sweep().await.unwrap(), 1);
    }

    async fn who_takes_a_sessions_place_takes_over_what_was_granted_and_its_name(bench) {
        let cast = scene(bench).await;
        let first = cast.sign_in("first").await;
        let grant = granted(&cast, &NewGrant { offline: false, ..code(&cast, &first, "1").await })
            .await;
        assert_eq!((grant.session, grant.sid), (first.id, first.id));
        let mut last = first.clone();
        for token in ["second", "third"] {
            let waiting = cast.waiting(token).await;
            let mut writing = cast.write().await;
            let taken = take(&mut writing, &waiting).await.unwrap();
            let proof = writing.consume_proof(taken, &cast.proof(&waiting)).await.unwrap();
            let heir = SessionId(id());
            let left = writing.end_session_for(last.id, heir).await.unwrap().unwrap();
            assert_eq!((left.sid, left.ends_by), (first.id, first.expires_at));
            let ends_by = Some(left.ends_by);
            let new = NewSession { id: heir, sid: left.sid, ends_by, ..new_session(token) };
            writing.insert_session(&proof, new).await.unwrap();
            assert_eq!(writing.end_session_for(last.id, heir).await.unwrap(), None, "once");
            writing.commit().await.unwrap();
            last = cast.session(token).await.unwrap();
            assert_eq!((last.id, last.sid), (heir, first.id));
            assert_eq!(last.expires_at, first.expires_at, "taps alone make it no longer");
        }
        assert_eq!(due(&cast).await, [""; 0], "it goes on");
        let living = cast.read().await.grant(grant.id).await.unwrap().unwrap();
        assert_eq!((living.session, living.sid), (last.id, first.id));
        let later = granted(&cast, &code(&cast, &last, "2").await).await;
        assert_eq!((later.session, later.sid), (last.id, first.id));
        let mut writing = cast.write().await;
        assert!(writing.end_session(last.id).await.unwrap());
        writing.commit().await.unwrap();
        assert!(cast.read().await.grant(grant.id).await.unwrap().is_none());
        assert_eq!(sids(&cast, "app").await, [first.id]);
    }

    async fn a_session_that_ends_waits_for_a_code_that_is_redeemed_in_it(bench) {
        let cast = scene(bench).await;
        for replaced in [false, true] {
            let session = cast.sign_in(&format!("{replaced}")).await;
            let new = code(&cast, &session, &format!("code {replaced}")).await;
            let mut redeeming = cast.write().await;
            let redeemed = redeeming.redeem_code(&new).await.unwrap();
            assert!(matches!(redeemed, Redeemed::Granted(_)), "{redeemed:?}");
            let (late, id, heir) = (cast.clone(), session.id, SessionId(id()));
            let ending = tokio::spawn(async move {
                let mut writing = late.write().await;
                if replaced {
                    assert!(writing.end_session_for(id, heir).await.unwrap().is_some());
                } else {
                    assert!(writing.end_session(id).await.unwrap());
                }
                writing.commit().await.unwrap();
            });
            until(async || ending.is_finished() || bench.waiting().await > 0).await;
            assert!(!ending.is_finished());
            redeeming.commit().await.unwrap();
            ending.await.unwrap();
            let told = sids(&cast, "app").await;
            assert_eq!(told, if replaced { vec![] } else { vec![session.id] });
            let of_heir = format!("oidc_grant WHERE session_id = {}", literal(bench, heir));
            assert_eq!(bench.count(&of_heir).await, i64::from(replaced));
        }
    }

    async fn a_notice_is_one_takers_until_its_time_is_over(bench) {
        let cast = scene(bench).await;
        let session = signed_in(&cast, "token", None).await;
        let mut writing = cast.write().await;
        assert!(writing.end_session(session.id).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(cast.read().await.next_logout_notice().await.unwrap(), Some(Duration::ZERO));
        let first = taken(&cast, "app").await.remove(0);
        assert_eq!((first.tries, first.client_id.as_str()), (1, "app"));
        assert_eq!(taken(&cast, "app").await, []);
        let wait = cast.read().await.next_logout_notice().await.unwrap().unwrap();
        assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(30), "{wait:?}");
        later(bench).await;
        let second = taken(&cast, "app").await.remove(0);
        assert_eq!(second, LogoutNotice { tries: 2, ..first.clone() });
        let mut writing = cast.write().await;
        let minute = Duration::from_secs(60);
        assert!(!writing.put_off_logout_notice(&first, minute).await.unwrap(), "it is another's");
        assert!(!writing.end_logout_notice(&first).await.unwrap());
        assert!(writing.put_off_logout_notice(&second, minute).await.unwrap());
        writing.commit().await.unwrap();
        let wait = cast.read().await.next_logout_notice().await.unwrap().unwrap();
        assert!(wait > Duration::from_secs(50), "{wait:?}");
        let mut writing = cast.write().await;
        assert!(writing.end_logout_notice(&second).await.unwrap());
        assert!(!writing.end_logout_notice(&second).await.unwrap());
        assert_eq!(writing.next_logout_notice().await.unwrap(), None);
    }

    async fn of_many_who_take_a_notice_at_once_one_has_it(bench) {
        let cast = scene(bench).await;
        let session = signed_in(&cast, "token", None).await;
        let mut writing = cast.write().await;
        assert!(writing.end_session(session.id).await.unwrap());
        writing.commit().await.unwrap();
        let tasks = (0..32).map(|_| {
            let cast = cast.clone();
            tokio::spawn(async move { !taken(&cast, "app").await.is_empty() })
        });
        assert_eq!(how_many(tasks.collect()).await, 1);
    }

    async fn an_application_that_rests_is_told_nothing_meanwhile(bench) {
        let cast = scene(bench).await;
        let mut all = Vec::new();
        for number in 0..3 {
            all.push(signed_in(&cast, &number.to_string(), None).await.id);
        }
        let mut writing = cast.write().await;
        assert_eq!(writing.end_sessions_of(cast.person).await.unwrap(), 3);
        writing.commit().await.unwrap();
        let mut writing = cast.write().await;
        assert_eq!(writing.take_logout_notices("app", 2).await.unwrap().len(), 2);
        writing.rest_logout_notices("app", Duration::from_secs(60)).await.unwrap();
        assert!(writing.take_logout_notices("app", 2).await.unwrap().is_empty());
        writing.commit().await.unwrap();
        assert_eq!(due(&cast).await, [""; 0]);
        later(bench).await;
        all.sort();
        assert_eq!(sids(&cast, "app").await, all);
    }

    async fn what_one_application_is_to_be_told_is_no_matter_of_anothers_nor_due_any_sooner(bench) {
        let cast = scene(bench).await;
        let mut writing = cast.write().await;
        assert!(writing.add_client(&listening("other")).await.unwrap());
        writing.commit().await.unwrap();
        for number in ["1", "2"] {
            let session = signed_in(&cast, number, None).await;
            let text = format!("other {number}");
            let new = code(&cast, &session, &text).await;
            granted(&cast, &NewGrant { client_id: "other".into(), ..new }).await;
        }
        let mut writing = cast.write().await;
        assert_eq!(writing.end_sessions_of(cast.person).await.unwrap(), 2);
        writing.commit().await.unwrap();
        let mut writing = cast.write().await;
        let failed = writing.take_logout_notices("app", 1).await.unwrap().remove(0);
        let hour = Duration::from_secs(3600);
        assert!(writing.put_off_logout_notice(&failed, hour).await.unwrap());
        writing.rest_logout_notices("app", Duration::from_secs(60)).await.unwrap();
        writing.commit().await.unwrap();
        assert_eq!(due(&cast).await, ["other"], "it does not rest");
        // The one that was put off for an hour still is, and the other for a minute.
        let later = "logout_notice WHERE client_id = 'app' AND due_at > 1800000000 + \
                     (SELECT MIN(due_at) FROM logout_notice WHERE client_id = 'app')";
        assert_eq!(bench.count(later).await, 1);
        let mut writing = cast.write().await;
        assert_eq!(writing.forget_logout_notices("app").await.unwrap(), 2);
        writing.commit().await.unwrap();
        assert_eq!(sids(&cast, "other").await.len(), 2);
    }

    async fn who_is_removed_or_wants_to_hear_nothing_is_told_nothing_more(bench) {
        let cast = scene(bench).await;
        let deaf = client("app");
        let disabled = Client { enabled: false, ..listening("app") };
        let changes = [None, Some(disabled), Some(deaf), Some(listening("app"))];
        for (number, change) in changes.into_iter().enumerate() {
            let session = signed_in(&cast, &number.to_string(), None).await;
            let mut writing = cast.write().await;
            assert!(writing.end_session(session.id).await.unwrap());
            writing.commit().await.unwrap();
            assert_eq!(bench.count("logout_notice").await, 1);
            let mut writing = cast.write().await;
            match &change {
                None => assert!(writing.remove_client("app").await.unwrap()),
                Some(client) => assert!(writing.change_client(client).await.unwrap()),
            }
            writing.commit().await.unwrap();
            let stays = change.as_ref().is_some_and(|client| *client == listening("app"));
            assert_eq!(bench.count("logout_notice").await, i64::from(stays), "{change:?}");
            let mut writing = cast.write().await;
            writing.remove_client("app").await.unwrap();
            assert!(writing.add_client(&listening("app")).await.unwrap());
            writing.commit().await.unwrap();
        }
    }

    async fn what_is_not_kept_wakes_nobody(bench) {
        let cast = scene(bench).await;
        let session = signed_in(&cast, "token", None).await;
        let mut writing = cast.write().await;
        assert!(writing.end_session(session.id).await.unwrap());
        drop(writing);
        assert!(cast.session("token").await.is_some());
        let woken = bench.store.sessions_ended();
        let woken = tokio::time::timeout(Duration::from_millis(50), woken).await;
        assert!(woken.is_err(), "{woken:?}");
        assert_eq!(due(&cast).await, [""; 0]);
        let mut writing = cast.write().await;
        assert!(!writing.end_session(SessionId(id())).await.unwrap());
        assert!(writing.session_by_claim(&hash("handle of token")).await.unwrap().is_some());
        writing.commit().await.unwrap();
    }
}

/// The id of a session as the engine writes it.
fn literal(bench: &Bench, id: SessionId) -> String {
    match bench.location {
        crate::Location::Sqlite(_) => format!("X'{}'", id.0.simple()),
        crate::Location::Postgres(_) => format!("'{}'", id.0),
    }
}
