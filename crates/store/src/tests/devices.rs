use std::time::Duration;

use agent_protocol::MatchCode;
use identity::PersonState;
use ids::{ChallengeId, DeviceId, LoginId, TicketId, UserId};
use login::{Purpose, Waiting};

use crate::tests::lifted::colleague;
use crate::tests::support::{Cast, hash, id, on_both, take};
use crate::{Device, DeviceState, HeldAnswer, Pairing, StoreError, Ticket, TicketState};

pub(super) async fn device(cast: &Cast, thumbprint: &str) -> Device {
    let device = Device {
        id: DeviceId(id()),
        thumbprint: thumbprint.to_owned(),
        jwk: "{}".to_owned(),
        name: "desk".to_owned(),
        os: "Debian 12".to_owned(),
        person: cast.person,
        state: DeviceState::Pending,
        login: Some(LoginId(id())),
        created_at: cast.store.now().await.unwrap(),
        last_seen_at: None,
    };
    let mut writing = cast.write().await;
    writing.insert_device(&device).await.unwrap();
    writing.commit().await.unwrap();
    device
}

/// A pairing with this agent, that lives so many seconds.
pub(super) async fn pairing(cast: &Cast, device: &Device, seconds: u64) -> Pairing {
    let rotated_at = cast.store.now().await.unwrap();
    let expires_at = rotated_at.plus(Duration::from_secs(seconds));
    Pairing { device: device.id, person: cast.person, rotated_at, used_at: None, expires_at }
}

/// An agent that is confirmed, and paired with the browser that holds the token of this name.
async fn paired(cast: &Cast, name: &str) -> Device {
    let desk = device(cast, name).await;
    let pairing = pairing(cast, &desk, 60).await;
    let mut writing = cast.write().await;
    writing.confirm_device(desk.id).await.unwrap();
    writing.insert_pairing(&hash(name), &pairing).await.unwrap();
    writing.commit().await.unwrap();
    desk
}

/// Whether the browser that holds this token is paired.
async fn is_paired(cast: &Cast, name: &str) -> bool {
    cast.read().await.pairing(&hash(name)).await.unwrap().is_some()
}

pub(super) async fn ticket(cast: &Cast, device: &Device, waiting: &Waiting) -> Ticket {
    let now = cast.store.now().await.unwrap();
    let ticket = Ticket {
        id: TicketId(id()),
        login: waiting.started.id,
        device: Some(device.id),
        challenge: waiting.challenge.as_ref().unwrap().id,
        purpose: Purpose::Authenticate,
        match_code: MatchCode::from_random([0, 0, 0, 17]),
        state: TicketState::Waiting,
        created_at: now,
        claimed_at: None,
        expires_at: now.plus(Duration::from_secs(600)),
        held: None,
    };
    let mut writing = cast.write().await;
    writing.insert_ticket(&ticket).await.unwrap();
    writing.commit().await.unwrap();
    ticket
}

on_both! {
    async fn an_agent_is_found_by_its_key_until_it_is_revoked(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "thumb").await;
        let found = bench.store.device_by_thumbprint("thumb").await.unwrap();
        assert_eq!(found, Some((cast.tenant, desk.clone())));
        assert_eq!(bench.store.device_by_thumbprint("other").await.unwrap(), None);
        let mut writing = cast.write().await;
        assert!(writing.confirm_device(desk.id).await.unwrap());
        assert!(!writing.confirm_device(desk.id).await.unwrap(), "once");
        assert!(writing.connect_device(desk.id, id()).await.unwrap().is_some());
        assert!(writing.revoke_device(desk.id).await.unwrap());
        assert!(!writing.revoke_device(desk.id).await.unwrap(), "once");
        assert!(!writing.confirm_device(desk.id).await.unwrap(), "not after it was revoked");
        writing.commit().await.unwrap();
        assert_eq!(bench.store.device_by_thumbprint("thumb").await.unwrap(), None);
        assert_eq!(bench.count("device_directory").await, 0, "its key may be enrolled anew");
        let devices = cast.read().await.devices(cast.person).await.unwrap();
        assert_eq!(devices[0].state, DeviceState::Revoked);
        assert!(devices[0].last_seen_at.is_some());
        assert_eq!(cast.read().await.device_of_login(desk.login.unwrap()).await.unwrap(), None);
    }

    async fn a_key_is_enrolled_once_on_the_whole_installation(bench) {
        let (cast, rival) = (bench.cast("acme").await, bench.cast("rival").await);
        let desk = device(&cast, "thumb").await;
        let copy = Device { id: DeviceId(id()), person: rival.person, ..desk };
        let refused = rival.write().await.insert_device(&copy).await;
        assert!(matches!(refused, Err(StoreError::Conflict("key of the device"))), "{refused:?}");
    }

    async fn a_login_has_one_offer_at_a_time(bench) {
        let cast = bench.cast("acme").await;
        let first = device(&cast, "first").await;
        let other = device(&cast, "of another login").await;
        let offer = |thumb: &str| Device {
            id: DeviceId(id()), thumbprint: thumb.to_owned(), ..first.clone()
        };
        let (second, third) = (offer("second"), offer("third"));
        let mut writing = cast.write().await;
        assert_eq!(writing.offer_device(&second).await.unwrap(), [first.id]);
        assert!(writing.confirm_device(second.id).await.unwrap());
        assert_eq!(writing.offer_device(&third).await.unwrap(), [], "confirmed is no offer");
        writing.commit().await.unwrap();
        assert_eq!(bench.store.device_by_thumbprint("first").await.unwrap(), None);
        let mut reading = cast.read().await;
        for (device, state) in [
            (first, DeviceState::Revoked),
            (second, DeviceState::Confirmed),
            (third, DeviceState::Pending),
            (other, DeviceState::Pending),
        ] {
            let kept = reading.device(device.id).await.unwrap().unwrap();
            assert_eq!(kept.state, state, "{}", device.thumbprint);
        }
    }

    async fn a_pairing_holds_with_a_confirmed_agent_alone(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "thumb").await;
        let pairing = pairing(&cast, &desk, 60).await;
        let mut writing = cast.write().await;
        writing.insert_pairing(&hash("dev"), &pairing).await.unwrap();
        assert_eq!(writing.pairing(&hash("dev")).await.unwrap(), None, "not confirmed yet");
        writing.confirm_device(desk.id).await.unwrap();
        assert_eq!(writing.pairing(&hash("dev")).await.unwrap(), Some(pairing.clone()));
        assert!(writing.rotate_pairing(&hash("dev"), &hash("next")).await.unwrap());
        assert!(!writing.rotate_pairing(&hash("dev"), &hash("last")).await.unwrap(), "once");
        assert_eq!(writing.pairing(&hash("dev")).await.unwrap(), None);
        let rotated = writing.pairing(&hash("next")).await.unwrap().unwrap();
        assert!(rotated.rotated_at >= pairing.rotated_at);
        assert_eq!(Pairing { rotated_at: pairing.rotated_at, ..rotated }, pairing);
        writing.revoke_device(desk.id).await.unwrap();
        assert_eq!(writing.pairing(&hash("next")).await.unwrap(), None);
        writing.commit().await.unwrap();
        assert_eq!(bench.count("pairing").await, 0);
    }

    async fn a_pairing_lives_on_with_the_answers_that_come_through_it_and_not_with_its_token(bench) {
        let cast = bench.cast("acme").await;
        let (desk, other) = (paired(&cast, "desk").await, paired(&cast, "other").await);
        let before = cast.read().await.pairing(&hash("desk")).await.unwrap().unwrap();
        let mut writing = cast.write().await;
        assert!(writing.rotate_pairing(&hash("desk"), &hash("next")).await.unwrap());
        let rotated = writing.pairing(&hash("next")).await.unwrap().unwrap();
        assert_eq!((rotated.expires_at, rotated.used_at), (before.expires_at, None));
        assert!(writing.renew_pairings(desk.id, cast.person, Duration::from_secs(600)).await.unwrap());
        let renewed = writing.pairing(&hash("next")).await.unwrap().unwrap();
        let nobody = UserId(id());
        assert!(!writing.renew_pairings(desk.id, nobody, Duration::from_secs(1)).await.unwrap());
        let used_at = renewed.used_at.unwrap();
        assert_eq!(renewed.expires_at, used_at.plus(Duration::from_secs(600)));
        let kept = writing.pairing(&hash("other")).await.unwrap().unwrap();
        assert_eq!((kept.device, kept.used_at), (other.id, None), "of this agent alone");
        assert_eq!(writing.pairings(cast.person).await.unwrap().len(), 2);
    }

    async fn pairings_end_with_all_sessions_of_their_person(bench) {
        let cast = bench.cast("acme").await;
        let desk = paired(&cast, "desk").await;
        cast.sign_in("session").await;
        let mut writing = cast.write().await;
        assert_eq!(writing.end_sessions_of(cast.person).await.unwrap(), 1);
        writing.commit().await.unwrap();
        assert!(!is_paired(&cast, "desk").await);
        let revoked = cast.read().await.device(desk.id).await.unwrap().unwrap();
        assert_eq!(revoked.state, DeviceState::Revoked);
        assert_eq!(bench.count("device_directory").await, 0, "its key opens nothing");
    }

    async fn pairings_end_when_their_person_is_disabled(bench) {
        let cast = bench.cast("acme").await;
        paired(&cast, "desk").await;
        let mut writing = cast.write().await;
        assert!(writing.set_person_state(cast.person, PersonState::Disabled).await.unwrap());
        assert!(writing.set_person_state(cast.person, PersonState::Enabled).await.unwrap());
        writing.commit().await.unwrap();
        assert!(!is_paired(&cast, "desk").await, "nor do they come back");
    }

    async fn all_agents_of_a_person_but_one_are_revoked_at_once(bench) {
        let (cast, rival) = (bench.cast("acme").await, bench.cast("rival").await);
        let (desk, lap) = (paired(&cast, "desk").await, paired(&cast, "lap").await);
        paired(&rival, "theirs").await;
        let mut writing = cast.write().await;
        let here = hash("desk");
        let keep = Some((desk.id, &here));
        let revoked = writing.revoke_devices_of(cast.person, keep).await.unwrap();
        assert_eq!(revoked, [lap.id]);
        assert_eq!(writing.revoke_devices_of(cast.person, keep).await.unwrap(), []);
        writing.commit().await.unwrap();
        assert!(is_paired(&cast, "desk").await && !is_paired(&cast, "lap").await);
        assert!(is_paired(&rival, "theirs").await);
    }

    async fn pairings_with_other_peoples_agents_end_too_and_theirs_stay(bench) {
        let cast = bench.cast("acme").await;
        let bert = colleague(&cast).await;
        let desk = paired(&cast, "desk").await;
        for (who, name) in [(&bert, "of bert"), (&cast, "stolen")] {
            let pairing = pairing(who, &desk, 60).await;
            let mut writing = cast.write().await;
            writing.insert_pairing(&hash(name), &pairing).await.unwrap();
            writing.commit().await.unwrap();
        }
        let mut writing = cast.write().await;
        let here = hash("desk");
        writing.revoke_devices_of(cast.person, Some((desk.id, &here))).await.unwrap();
        writing.commit().await.unwrap();
        assert!(!is_paired(&cast, "stolen").await, "at the same agent");
        assert!(is_paired(&cast, "desk").await && is_paired(&cast, "of bert").await);
        let mut writing = cast.write().await;
        writing.end_sessions_of(bert.person).await.unwrap();
        writing.commit().await.unwrap();
        assert!(is_paired(&cast, "desk").await && !is_paired(&cast, "of bert").await);
    }

    async fn a_revoked_agent_does_not_connect(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await;
        let mut writing = cast.write().await;
        assert!(writing.connect_device(desk.id, id()).await.unwrap().is_some());
        assert!(writing.revoke_device(desk.id).await.unwrap());
        assert!(writing.connect_device(desk.id, id()).await.unwrap().is_none(), "revoked");
    }

    async fn a_card_that_its_person_removes_leaves_the_agents(bench) {
        let cast = bench.cast("acme").await;
        paired(&cast, "desk").await;
        let mut writing = cast.write().await;
        assert!(writing.revoke_credential(cast.card).await.unwrap());
        writing.commit().await.unwrap();
        assert!(is_paired(&cast, "desk").await);
    }

    async fn an_agents_code_finds_its_login_and_is_taken_once(bench) {
        let cast = bench.cast("acme").await;
        let login = cast.waiting("handle").await.started.id;
        let until = cast.store.now().await.unwrap().plus(Duration::from_secs(60));
        let mut writing = cast.write().await;
        writing.put_agent_code(login, &hash("old"), until).await.unwrap();
        writing.put_agent_code(login, &hash("code"), until).await.unwrap();
        writing.commit().await.unwrap();
        let store = &bench.store;
        assert_eq!(store.login_by_agent_code(&hash("old")).await.unwrap(), None);
        let found = store.login_by_agent_code(&hash("code")).await.unwrap();
        assert_eq!(found, Some((cast.tenant, login)));
        let mut writing = cast.write().await;
        assert!(!writing.take_agent_code(LoginId(id()), &hash("code")).await.unwrap());
        assert!(writing.take_agent_code(login, &hash("code")).await.unwrap());
        assert!(!writing.take_agent_code(login, &hash("code")).await.unwrap());
    }

    async fn a_ticket_is_claimed_once_by_its_agent(bench) {
        let cast = bench.cast("acme").await;
        let (desk, lap) = (device(&cast, "desk").await, device(&cast, "lap").await);
        let waiting = cast.waiting("handle").await;
        let ticket = ticket(&cast, &desk, &waiting).await;
        let mut writing = cast.write().await;
        assert_eq!(writing.ticket(ticket.id).await.unwrap(), Some(ticket.clone()));
        assert!(!writing.claim_ticket(ticket.id, lap.id).await.unwrap());
        assert!(writing.claim_ticket(ticket.id, desk.id).await.unwrap());
        assert!(!writing.claim_ticket(ticket.id, desk.id).await.unwrap());
        let claimed = writing.ticket_of_login(ticket.login).await.unwrap().unwrap();
        assert_eq!(claimed.state, TicketState::Claimed);
        assert!(claimed.claimed_at.is_some());
    }

    async fn a_claim_gives_the_challenge_its_life_from_then_on(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await;
        let waiting = cast.waiting("handle").await;
        let ticket = ticket(&cast, &desk, &waiting).await;
        bench.raw(
            "UPDATE login SET challenge_at = challenge_at - 100000000, \
             challenge_expires_at = challenge_expires_at - 100000000"
        ).await;
        let mut writing = cast.write().await;
        assert!(writing.claim_ticket(ticket.id, desk.id).await.unwrap());
        let moved = writing.login(ticket.login).await.unwrap().unwrap();
        let challenge = moved.challenge.clone().unwrap();
        let now = cast.store.now().await.unwrap();
        assert!(now.since(challenge.issued_at) < Duration::from_secs(50));
        assert_eq!(challenge.expires_at.since(challenge.issued_at), login::CHALLENGE_LIFE);
        let taken = take(&mut writing, &moved).await.unwrap();
        let _proof = writing.consume_proof(taken, &cast.proof(&moved)).await.unwrap();
    }

    async fn a_ticket_is_not_claimed_after_a_minute(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await;
        let ticket = ticket(&cast, &desk, &cast.waiting("handle").await).await;
        bench.raw("UPDATE ticket SET created_at = created_at - 61000000").await;
        assert!(!cast.write().await.claim_ticket(ticket.id, desk.id).await.unwrap());
    }

    async fn a_ticket_for_a_challenge_that_is_not_out_any_more_is_refused(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await;
        let waiting = cast.waiting("handle").await;
        let ticket = ticket(&cast, &desk, &waiting).await;
        let mut writing = cast.write().await;
        let spent = writing.spend_challenge(ticket.login, ticket.challenge).await.unwrap();
        assert!(spent);
        writing.commit().await.unwrap();
        assert!(!cast.write().await.claim_ticket(ticket.id, desk.id).await.unwrap());
        // Who is refused drops the transaction: the ticket is as it was.
        assert_eq!(cast.read().await.ticket(ticket.id).await.unwrap(), Some(ticket));
    }

    async fn a_ticket_does_not_prolong_the_challenge_that_replaced_its_own(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await;
        let mut waiting = cast.waiting("handle").await;
        let ticket = ticket(&cast, &desk, &waiting).await;
        waiting.challenge.as_mut().unwrap().id = ChallengeId(id());
        let mut writing = cast.write().await;
        assert!(writing.write_login(&waiting).await.unwrap());
        assert!(!writing.claim_ticket(ticket.id, desk.id).await.unwrap());
        let kept = writing.login(ticket.login).await.unwrap().unwrap();
        assert_eq!(kept.challenge, waiting.challenge);
    }

    async fn a_ticket_ends_once(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await;
        let ticket = ticket(&cast, &desk, &cast.waiting("handle").await).await;
        let refused = TicketState::Refused { reason: "cancelled".to_owned() };
        let mut writing = cast.write().await;
        assert!(writing.finish_ticket(ticket.id, &refused).await.unwrap());
        assert!(!writing.finish_ticket(ticket.id, &refused).await.unwrap());
        assert_eq!(writing.ticket(ticket.id).await.unwrap().unwrap().state, refused);
        assert!(!writing.claim_ticket(ticket.id, desk.id).await.unwrap());
    }

    async fn a_ticket_that_nobody_has_claimed_ends_and_a_claimed_one_goes_on(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await;
        let waiting = cast.waiting("handle").await;
        let first = ticket(&cast, &desk, &waiting).await;
        let second = ticket(&cast, &desk, &waiting).await;
        let mut writing = cast.write().await;
        assert!(writing.refuse_unclaimed(first.id, "timeout").await.unwrap());
        assert!(!writing.refuse_unclaimed(first.id, "busy").await.unwrap(), "once");
        let state = TicketState::Refused { reason: "timeout".to_owned() };
        assert_eq!(writing.ticket(first.id).await.unwrap().unwrap().state, state);
        assert!(writing.claim_ticket(second.id, desk.id).await.unwrap());
        assert!(!writing.refuse_unclaimed(second.id, "timeout").await.unwrap());
    }

    async fn a_ticket_ends_with_its_card_where_it_was_claimed_and_not_answered(bench) {
        let cast = bench.cast("acme").await;
        let (desk, lap) = (device(&cast, "desk").await, device(&cast, "lap").await);
        let waiting = cast.waiting("handle").await;
        let asked = ticket(&cast, &desk, &waiting).await;
        let proved = ticket(&cast, &desk, &waiting).await;
        let mut writing = cast.write().await;
        assert!(!writing.refuse_claimed(asked.id, desk.id, "removed").await.unwrap(), "too early");
        assert!(writing.claim_ticket(asked.id, desk.id).await.unwrap());
        assert!(!writing.refuse_claimed(asked.id, lap.id, "removed").await.unwrap(), "elsewhere");
        assert!(writing.refuse_claimed(asked.id, desk.id, "removed").await.unwrap());
        assert!(!writing.refuse_claimed(asked.id, desk.id, "removed").await.unwrap(), "once");
        let state = TicketState::Refused { reason: "removed".to_owned() };
        assert_eq!(writing.ticket(asked.id).await.unwrap().unwrap().state, state);
        assert!(writing.claim_ticket(proved.id, desk.id).await.unwrap());
        assert!(writing.finish_ticket(proved.id, &TicketState::Proved).await.unwrap());
        assert!(!writing.refuse_claimed(proved.id, desk.id, "removed").await.unwrap(), "answered");
    }

    async fn what_is_asked_of_an_agent_ends_when_its_last_connection_has(bench) {
        let cast = bench.cast("acme").await;
        let (desk, lap) = (device(&cast, "desk").await, device(&cast, "lap").await);
        let waiting = cast.waiting("handle").await;
        let mut tickets = Vec::new();
        for _ in 0..3 {
            tickets.push(ticket(&cast, &desk, &waiting).await.id);
        }
        let (first, newer, held) = (id(), id(), HeldAnswer {
            token: hash("return"), answer: "{}".to_owned(), tapped: false,
        });
        let mut writing = cast.write().await;
        writing.connect_device(desk.id, first).await.unwrap();
        assert!(writing.claim_ticket(tickets[1], desk.id).await.unwrap());
        assert!(writing.claim_ticket(tickets[2], desk.id).await.unwrap());
        assert_eq!(writing.tickets_open_at(desk.id).await.unwrap().len(), 3);
        assert!(writing.tickets_open_at(lap.id).await.unwrap().is_empty());
        assert!(writing.hold_ticket(tickets[2], &held).await.unwrap());
        assert_eq!(writing.tickets_open_at(desk.id).await.unwrap().len(), 2, "one is answered");
        writing.connect_device(desk.id, newer).await.unwrap();
        for ticket in &tickets {
            assert!(!writing.abandon_ticket(*ticket, first, "agent-offline").await.unwrap());
        }
        let mut ended = Vec::new();
        for ticket in &tickets {
            ended.push(writing.abandon_ticket(*ticket, newer, "agent-offline").await.unwrap());
        }
        assert_eq!(ended, [true, true, false], "what waits for the browser goes on");
        assert!(writing.tickets_open_at(desk.id).await.unwrap().is_empty());
    }

    async fn an_agent_has_another_name_until_it_is_revoked(bench) {
        let cast = bench.cast("acme").await;
        let (desk, lap) = (device(&cast, "desk").await, device(&cast, "lap").await);
        let mut writing = cast.write().await;
        assert!(writing.rename_device(desk.id, "ward\x003").await.unwrap());
        let name = writing.device(desk.id).await.unwrap().unwrap().name;
        assert_eq!(name, "ward\u{fffd}3", "U+0000 fits neither engine");
        assert_eq!(writing.device(lap.id).await.unwrap().unwrap().name, "desk");
        writing.revoke_device(desk.id).await.unwrap();
        assert!(!writing.rename_device(desk.id, "x").await.unwrap());
        assert!(!writing.rename_device(DeviceId(id()), "x").await.unwrap());
    }

    async fn a_ticket_whose_card_has_proved_is_not_taken_back(bench) {
        let cast = bench.cast("acme").await;
        let desk = device(&cast, "desk").await;
        let ticket = ticket(&cast, &desk, &cast.waiting("handle").await).await;
        let refused = TicketState::Refused { reason: "cancelled".to_owned() };
        let mut writing = cast.write().await;
        assert!(writing.claim_ticket(ticket.id, desk.id).await.unwrap());
        assert!(writing.finish_ticket(ticket.id, &TicketState::Proved).await.unwrap());
        assert!(!writing.finish_ticket(ticket.id, &refused).await.unwrap());
        let kept = writing.ticket_of_login(ticket.login).await.unwrap().unwrap();
        assert_eq!(kept.state, TicketState::Proved);
    }
}
