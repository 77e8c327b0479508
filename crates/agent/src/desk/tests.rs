use std::pin::pin;

use agent_protocol::{
    Ceremony, Context, Create, CredentialDescriptor, MatchCode, Outcome, ResidentKey, SigningKey,
    User, UserVerification, WhenLifted, X509_CARD,
};
use futures_util::FutureExt as _;

use super::*;
use crate::board::{Arrival, DeviceId, OpenError};
use crate::held::Credential;
use crate::http;
use crate::state::tests::{Scratch, enrolment, enrolment_and_server, scratch};

pub(crate) fn ticket(number: u8) -> Ticket {
    Ticket::from_random([number; 32])
}

/// A desk at which nobody sits.
pub(crate) fn desk() -> Arc<Desk> {
    desk_with(Locker::new("/nonexistent"), limits::TAP)
}

/// The same with what locks it, and how long a tap takes there.
pub(crate) fn desk_with(locker: Locker, tap: Duration) -> Arc<Desk> {
    let caller = Caller::new(&http::tls().unwrap()).unwrap();
    let tools = Tools {
        pinentry: Pinentry::new("/nonexistent"),
        notices: Notices::at(None),
        locker,
        modules: None,
    };
    Arc::new(Desk::new(caller, Board::new(), tools, Held::new(tap)))
}

#[test]
fn a_person_who_refuses_twice_is_left_alone_and_one_who_goes_along_is_not() {
    let (desk, enrolment) = (desk(), Arc::new(enrolment().0));
    let no = Outcome::Refused(Refused::Cancelled);
    let yes = Outcome::Assertion(serde_json::Value::Null);
    for (number, outcome) in [(1, &no), (2, &yes), (3, &no), (4, &no)] {
        let taken = desk.take(&enrolment, ticket(number)).ok().unwrap();
        taken.count(outcome);
    }
    assert_eq!(desk.take(&enrolment, ticket(5)).err(), Some(None));
}

/// A program that is run as the one that locks the desktop.
pub(crate) fn locker(name: &str, script: &str) -> (Scratch, Locker) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = scratch(name);
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("locker");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let locker = Locker::new(program);
    (folder, locker)
}

/// An enrolment whose server asks for what a test wants.
struct Asking {
    desk: Arc<Desk>,
    enrolment: Arc<Enrolment>,
    server: SigningKey,
}

impl Asking {
    fn new() -> Self {
        let (enrolment, _, server) = enrolment_and_server();
        Self { desk: desk(), enrolment: Arc::new(enrolment), server }
    }

    /// A request that passed.
    fn request(&self, number: u8, ceremony: Ceremony) -> Arc<VerifiedRequest> {
        let (record, now) = (&self.enrolment.record, clock::wall());
        let iat = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let signed = SignedRequest {
            iss: record.server.origin().into(),
            aud: self.enrolment.device.clone(),
            tenant: record.tenant.clone(),
            txn: "txn-1".into(),
            purpose: match ceremony {
                Ceremony::Get(_) => Purpose::Login,
                Ceremony::Create(_) => Purpose::Enrol,
            },
            origin: record.server.origin().into(),
            rp_id: record.rp_id.clone(),
            challenge: "AAECAwQFBgcICQoLDA0ODw".into(),
            user_verification: UserVerification::Required,
            ceremony,
            kinds: vec!["fido2".into()],
            user: record.account.clone(),
            app: "Account".into(),
            context: Context { browser: None, os: None, other_network: false },
            when_lifted: WhenLifted::EndSession,
            match_code: MatchCode::try_from("47".to_owned()).unwrap(),
            iat,
            exp: iat.saturating_add(120),
            jti: Jti::from_random([number; 16]),
        };
        let signed = signed.sign(&self.server).unwrap();
        Arc::new(self.desk.admit(&self.enrolment, &signed, now).unwrap())
    }

    /// A ticket that the server has pushed.
    fn pushed(&self, number: u8) -> Taken {
        self.desk.take(&self.enrolment, ticket(number)).ok().unwrap()
    }

    /// Whether a card with this credential that is away now is waited for.
    fn waits_for(&self, credential: Option<Credential>) -> bool {
        let away = Away { credential, seen: self.desk.board.latest() };
        self.desk.idle(&self.enrolment.device, away).now_or_never().is_none()
    }

    /// Whether it is when this is what is asked for.
    fn waits_at(&self, number: u8, ceremony: Ceremony, credential: Option<Credential>) -> bool {
        let (taken, request) = (self.pushed(number), self.request(number, ceremony));
        self.desk.claimed(&taken.enrolment.device, &taken.ticket, &request);
        let waits = self.waits_for(credential.clone());
        self.desk.shown(&taken.enrolment.device, &taken.ticket, &request);
        assert_eq!(self.waits_for(credential), waits, "before its turn and at it");
        waits
    }
}

fn fido(id: &str) -> Credential {
    Credential::Fido(id.into())
}

fn listed(id: &str, kind: &str) -> Ceremony {
    let (id, kind, transports) = (id.into(), kind.into(), Vec::new());
    Ceremony::Get(vec![CredentialDescriptor { id, kind, transports }])
}

#[tokio::test]
async fn a_card_that_has_left_is_waited_for_where_it_can_answer_what_the_server_has_asked() {
    let asking = Asking::new();
    assert!(!asking.waits_for(Some(fido("mine"))), "nothing is asked");
    let taken = asking.pushed(1);
    assert!(asking.waits_for(Some(fido("mine"))), "nobody knows yet what is asked");
    drop(taken);
    assert!(!asking.waits_for(Some(fido("mine"))), "that is over");
    let create = Ceremony::Create(Create {
        user: User { id: "AQIDBA".into(), name: "ada".into(), display_name: "Ada".into() },
        exclude_credentials: Vec::new(),
        pub_key_cred_params: Vec::new(),
        resident_key: ResidentKey::Required,
        attestation: None,
    });
    let certificate = || Some(Credential::Certificate("MIIB".into()));
    for (number, (ceremony, credential, waits)) in (2..).zip([
        (listed("mine", "public-key"), Some(fido("mine")), true),
        (listed("another", "public-key"), Some(fido("mine")), false),
        (listed("mine", "public-key"), None, false),
        (Ceremony::Get(Vec::new()), Some(fido("mine")), true),
        (listed("hash", X509_CARD), certificate(), true),
        (listed("MIIB", "public-key"), certificate(), false),
        (create, Some(fido("mine")), true),
    ]) {
        assert_eq!(asking.waits_at(number, ceremony, credential), waits, "case {number}");
    }
}

#[tokio::test]
async fn a_card_that_has_left_waits_for_no_link_that_somebody_had_opened() {
    let asking = Asking::new();
    let record = &asking.enrolment.record;
    let selector = agent_protocol::Selector::of(record.server.origin(), &record.tenant);
    let link = Link::new(selector, [1; 32]);
    let taken = asking.desk.take_link(&asking.enrolment, &link).ok().unwrap();
    assert!(!asking.waits_for(Some(fido("mine"))), "it is being claimed");
    let request = asking.request(1, listed("mine", "public-key"));
    asking.desk.shown(&taken.enrolment.device, &taken.ticket, &request);
    assert!(!asking.waits_for(Some(fido("mine"))), "it stands on the screen");
}

#[tokio::test]
async fn a_card_that_has_left_waits_for_no_request_that_comes_after_it() {
    let asking = Asking::new();
    let first = asking.pushed(1);
    let away = Away { credential: Some(fido("mine")), seen: DeviceId::default() };
    let mut idle = pin!(asking.desk.idle(&asking.enrolment.device, away));
    assert!(idle.as_mut().now_or_never().is_none(), "the first is worked on");
    // The page asks again before the first is gone: there is always one on the desk.
    first.cancel.cancel();
    let second = asking.pushed(2);
    drop(first);
    assert!(idle.now_or_never().is_some());
    drop(second);
}

#[tokio::test]
async fn a_card_that_does_not_come_back_in_time_is_not_waited_for_any_longer() {
    let (left, changed) = (Asking::new(), Asking::new());
    let lying = changed.desk.board.arrived("reader".into(), Arrival::Now, nothing());
    let idle_at = |asking: &Asking| {
        let away = Away { credential: Some(fido("mine")), seen: asking.desk.board.latest() };
        let (desk, device) = (Arc::clone(&asking.desk), asking.enrolment.device.clone());
        async move { desk.idle(&device, away).await }
    };
    let taken = [left.pushed(1), changed.pushed(1)];
    let mut waits = pin!(idle_at(&changed));
    assert!(waits.as_mut().now_or_never().is_none());
    // A contact that was lost for a moment is nobody's deed; a card that is laid down is.
    changed.desk.board.left(lying);
    changed.desk.board.returned(lying, "reader".into(), Arrival::Now, nothing());
    changed.desk.board.arrived("reader".into(), Arrival::Now, nothing());
    let gives_up = tokio::time::timeout(AWAY * 4, idle_at(&left));
    assert!(gives_up.await.is_ok(), "nobody comes");
    assert!(waits.as_mut().now_or_never().is_none(), "it is read");
    drop(taken);
    assert!(waits.now_or_never().is_some());
}

fn nothing() -> crate::board::Open {
    Arc::new(|| Err(OpenError("no device".into())))
}

#[test]
fn what_another_server_has_only_sent_leaves_room_and_what_stands_there_does_not() {
    let (first, other) = (Asking::new(), Arc::new(enrolment().0));
    let sent = first.pushed(1);
    assert_eq!(first.desk.take(&first.enrolment, ticket(2)).err(), Some(Some(Refused::Busy)));
    assert!(first.desk.take(&other, ticket(3)).is_ok());
    let request = first.request(1, listed("mine", "public-key"));
    first.desk.claimed(&sent.enrolment.device, &sent.ticket, &request);
    assert!(first.desk.take(&other, ticket(4)).is_ok());
    first.desk.shown(&sent.enrolment.device, &sent.ticket, &request);
    assert_eq!(first.desk.take(&other, ticket(5)).err(), Some(Some(Refused::Busy)));
    drop(sent);
    assert!(first.desk.take(&other, ticket(6)).is_ok());
}

#[test]
fn a_link_on_the_screen_is_not_replaced_by_what_is_pushed() {
    let asking = Asking::new();
    let record = &asking.enrolment.record;
    let selector = agent_protocol::Selector::of(record.server.origin(), &record.tenant);
    let link = Link::new(selector, [1; 32]);
    let opened = asking.desk.take_link(&asking.enrolment, &link).ok().unwrap();
    let request = asking.request(1, listed("mine", "public-key"));
    asking.desk.shown(&opened.enrolment.device, &opened.ticket, &request);
    let pushed = asking.desk.take(&asking.enrolment, ticket(2));
    assert_eq!(pushed.err(), Some(Some(Refused::Busy)));
    drop(opened);
    assert!(asking.desk.take(&asking.enrolment, ticket(3)).is_ok());
}

#[test]
fn a_server_whose_tickets_come_to_nothing_is_refused_and_no_other() {
    let (desk, flood, other) = (desk(), Arc::new(enrolment().0), Arc::new(enrolment().0));
    let taken = (0..100).take_while(|number| desk.take(&flood, ticket(*number)).is_ok()).count();
    assert_eq!(taken, 12);
    assert_eq!(desk.take(&flood, ticket(100)).err(), Some(Some(Refused::TooMany)));
    assert!(desk.take(&other, ticket(101)).is_ok());
}

#[tokio::test]
async fn one_program_at_a_time_locks_the_desktop() {
    let (_folder, endless) = locker("locks-once", "exec sleep 60");
    let desk = desk_with(endless, limits::TAP);
    let mut first = pin!(desk.lock());
    assert!(first.as_mut().now_or_never().is_none(), "it runs");
    assert!(desk.lock().now_or_never().is_some(), "one is enough");
}
