//! What a trace of the simulator tells, what it does not tell, and how far it can be replayed.

use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;

use authenticator::{CeremonyLink, Control, CtapLink, Leave, LinkError};
use ciborium::Value;
use firmware_sim::{Config, Difference, Recording, Simulator};

use crate::Body;
use crate::conformance::{Link, SOON, call, within};
use crate::requests::{Cardholder, GET_INFO, PIN, enrol, sign_in_as, sign_in_by_chance};

/// A recorded registration and sign-in keeps PIN and token to itself, and is replayed to the first
/// request that is another.
pub fn a_sign_in_is_recorded_and_replayed<B: Body>(seed: u64, place: impl Fn(Simulator) -> B) {
    let folder = tempfile::tempdir().unwrap();
    let [enrolment, login] = ["enrolment", "login"].map(|name| folder.path().join(name));
    let state = folder.path().join("state");
    let config = |trace: &Path| Config {
        state: Some(state.clone()),
        trace: Some(trace.to_owned()),
        ..Config::seeded(seed)
    };
    let body = place(Simulator::start(config(&enrolment)).unwrap());
    let mut link = Listening::to(body.link());
    within(SOON, |control| enrol(&mut link, control)).unwrap();
    drop(link.link);
    is_kept(&enrolment, &link.secrets);
    drop(body);

    let body = place(Simulator::start(config(&login)).unwrap());
    let mut link = Listening::to(body.link());
    let info = call(&mut link.link, GET_INFO).unwrap();
    within(SOON, |control| sign_in_as(&mut Cardholder::once(), &mut link, control)).unwrap();
    drop(link.link);
    is_kept(&login, &link.secrets);
    drop(body);

    // The same randomness: up to the signature, which wants a token that the trace does not have.
    let (asked, difference) = replay(&login, &place, 7, &info);
    assert_eq!(asked.last().map(|last| last[0]), Some(GET_ASSERTION), "{difference}");
    assert!(asked.iter().any(|request| has_pin(request)), "with the PIN before it");
    // Other randomness, as of any real client: up to the PIN.
    let (asked, difference) = replay(&login, &place, 8, &info);
    assert!(asked.last().is_some_and(|last| has_pin(last)), "{difference}");
    let text = difference.to_string();
    assert!(text.contains("is not in the recording; it differs from request"), "{text}");
}

/// Replays it to a client with this randomness: what it asked, and what differed first.
fn replay<B: Body>(
    trace: &Path,
    place: &impl Fn(Simulator) -> B,
    chance: u8,
    info: &[u8],
) -> (Vec<Vec<u8>>, Difference) {
    let (differences, heard) = channel();
    let body = place(Simulator::replay(Recording::open(trace).unwrap(), differences).unwrap());
    let mut link = Listening::to(body.link());
    assert_eq!(call(&mut link.link, GET_INFO).unwrap(), info);
    let mut person = Cardholder::once();
    within(SOON, |control| sign_in_by_chance(chance, &mut person, &mut link, control)).unwrap_err();
    (link.requests, heard.recv_timeout(SOON).unwrap())
}

const GET_ASSERTION: u8 = 0x02;
const CLIENT_PIN: u8 = 0x06;

/// Whether a request carries a PIN: it has newPinEnc or pinHashEnc.
fn has_pin(request: &[u8]) -> bool {
    request[0] == CLIENT_PIN && !members(&request[1..], &[5, 6]).is_empty()
}

/// The byte strings of these members of a map.
fn members(map: &[u8], names: &[i64]) -> Vec<Vec<u8>> {
    let Ok(Value::Map(members)) = ciborium::from_reader(map) else { return Vec::new() };
    let names: Vec<Value> = names.iter().map(|name| (*name).into()).collect();
    let wanted = members.into_iter().filter(|(name, _)| names.contains(name));
    wanted.filter_map(|(_, value)| value.into_bytes().ok()).collect()
}

/// No secret is in the file; and something stands in their place.
fn is_kept(trace: &Path, secrets: &[Vec<u8>]) {
    let text = fs::read_to_string(trace).unwrap();
    assert!(secrets.len() >= 2, "a PIN and a token");
    for secret in secrets.iter().map(Vec::as_slice).chain([PIN.as_bytes()]) {
        let hex = secret.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"));
        // Also not a part of it, in case that it was sent in parts.
        for part in [&hex[..16], &hex[hex.len() - 16..]] {
            assert!(!text.contains(part), "{part} in\n{text}");
        }
        assert!(text.contains("{16}") || text.contains("{32}"), "{text}");
    }
    assert!(!text.contains(PIN), "{text}");
}

/// Hears the requests, and which secrets are in them and in the answers.
struct Listening {
    link: Link,
    requests: Vec<Vec<u8>>,
    secrets: Vec<Vec<u8>>,
}

impl Listening {
    fn to(link: Link) -> Self {
        Self { link, requests: Vec::new(), secrets: Vec::new() }
    }
}

impl CtapLink for Listening {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        self.requests.push(request.to_vec());
        let answer = self.link.call(request, control)?;
        if request[0] == CLIENT_PIN {
            self.secrets.extend(members(&request[1..], &[5, 6]));
            self.secrets.extend(members(&answer[1..], &[2]));
        }
        Ok(answer)
    }
}

impl CeremonyLink for Listening {
    fn begin(&mut self, control: &mut Control<'_>) -> Result<(), LinkError> {
        self.link.begin(control)
    }

    fn end(&mut self, leave: Leave) {
        self.link.end(leave);
    }
}
