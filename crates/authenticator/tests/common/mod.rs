//! A cardholder, and a link that remembers what went over it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authenticator::{
    Account, Assertion, AuthenticateRequest, CeremonyError, CeremonyLink, Control, CtapLink, Leave,
    LinkError, NewPinPrompt, Person, Pin, PinPrompt, RegisterRequest, Registration, RelyingParty,
    ResidentKey, Unshared, Until, User, UserVerification,
};
use ciborium::Value;
use firmware_sim::{Config, SimLink, Simulator};
use p256::ecdsa::signature::Verifier;
use sha2::{Digest, Sha256};

pub(crate) const PIN: &str = "2468";
pub(crate) const RP_ID: &str = "login.example.com";
pub(crate) const ORIGIN: &str = "https://login.example.com";

/// What happened, in order: commands (`04`, `06/09`), questions, and the link's transaction.
pub(crate) type Log = Arc<Mutex<Vec<String>>>;

/// A link that writes down what goes over it, and may change what comes back.
pub(crate) struct Recorder<L> {
    pub(crate) link: L,
    pub(crate) log: Log,
    pub(crate) requests: Vec<Vec<u8>>,
    pub(crate) answers: Vec<Vec<u8>>,
    /// Rewrites the answer to getInfo.
    pub(crate) info: fn(&mut Vec<(Value, Value)>),
}

impl<L: CtapLink> CtapLink for Recorder<L> {
    fn call(&mut self, request: &[u8], control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        self.log.lock().unwrap().push(name(request));
        self.requests.push(request.to_vec());
        let mut answer = self.link.call(request, control)?;
        if request == [0x04] {
            let Value::Map(mut info) = read(&answer[1..]) else { panic!("getInfo") };
            (self.info)(&mut info);
            answer.truncate(1);
            ciborium::into_writer(&Value::Map(info), &mut answer).unwrap();
        }
        self.answers.push(answer.clone());
        Ok(answer)
    }
}

impl<L: CeremonyLink> CeremonyLink for Recorder<L> {
    fn begin(&mut self, control: &mut Control<'_>) -> Result<(), LinkError> {
        self.log.lock().unwrap().push("begin".into());
        self.link.begin(control)
    }

    fn end(&mut self, leave: Leave) {
        self.log.lock().unwrap().push(format!("end {leave:?}"));
        self.link.end(leave);
    }
}

/// `06/09` for the ninth subcommand of clientPIN, `02` for getAssertion.
fn name(request: &[u8]) -> String {
    match request {
        [0x06, parameters @ ..] => {
            let subcommand = member(&read(parameters), 0x02).as_integer().unwrap();
            format!("06/{:02X}", u8::try_from(subcommand).unwrap())
        }
        [code, ..] => format!("{code:02X}"),
        [] => "nothing".into(),
    }
}

pub(crate) fn read(bytes: &[u8]) -> Value {
    ciborium::from_reader(bytes).unwrap()
}

pub(crate) fn member(map: &Value, key: impl Into<Value>) -> Value {
    let key = key.into();
    let members = map.as_map().unwrap();
    members.iter().find(|(known, _)| *known == key).unwrap().1.clone()
}

/// A person who answers from a list, and then no more.
#[derive(Default)]
pub(crate) struct Cardholder {
    pub(crate) log: Log,
    pub(crate) pins: VecDeque<&'static str>,
    pub(crate) new_pin: Option<&'static str>,
    pub(crate) account: usize,
    pub(crate) prompts: Vec<PinPrompt>,
    pub(crate) accounts: Vec<Account>,
}

impl Cardholder {
    pub(crate) fn types(pins: impl IntoIterator<Item = &'static str>) -> Self {
        Self { pins: pins.into_iter().collect(), ..Self::default() }
    }

    fn note(&self, what: &str) {
        self.log.lock().unwrap().push(what.into());
    }
}

impl Person for Cardholder {
    fn enter_pin(&mut self, prompt: &PinPrompt, _until: Until<'_>) -> Option<Pin> {
        self.note("PIN?");
        self.prompts.push(*prompt);
        self.pins.pop_front().map(|pin| Pin::new(pin).unwrap())
    }

    fn choose_pin(&mut self, prompt: &NewPinPrompt, _until: Until<'_>) -> Option<Pin> {
        assert_eq!(prompt.min_length, 4);
        self.note("new PIN?");
        self.new_pin.map(|pin| Pin::new(pin).unwrap())
    }

    fn choose_account(&mut self, accounts: &[Account], _until: Until<'_>) -> Option<usize> {
        self.note("account?");
        self.accounts = accounts.to_vec();
        Some(self.account)
    }

    fn touch_needed(&mut self) {
        self.note("touch!");
    }
}

/// A simulated authenticator, and what one needs for a ceremony with it.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) cancel: Arc<AtomicBool>,
    pub(crate) log: Log,
    pub(crate) requests: Vec<Vec<u8>>,
    pub(crate) answers: Vec<Vec<u8>>,
    pub(crate) info: fn(&mut Vec<(Value, Value)>),
    seed: u8,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            simulator: Simulator::start(config).unwrap(),
            cancel: Arc::default(),
            log: Log::default(),
            requests: Vec::new(),
            answers: Vec::new(),
            info: |_| {},
            seed: 0,
        }
    }

    /// An authenticator with the usual PIN and one credential, whose registration is returned.
    pub(crate) fn registered(config: Config) -> (Self, Registration) {
        let mut world = Self::new(config);
        let mut person = Cardholder { new_pin: Some(PIN), ..Cardholder::default() };
        let registration = world.register(&register_request(), &mut person).unwrap();
        (world, registration)
    }

    pub(crate) fn register(
        &mut self,
        request: &RegisterRequest,
        person: &mut Cardholder,
    ) -> Result<Registration, CeremonyError> {
        self.run(person, |link, person, control, entropy| {
            authenticator::register(link, request, person, control, entropy)
        })
    }

    pub(crate) fn authenticate(
        &mut self,
        request: &AuthenticateRequest,
        person: &mut Cardholder,
    ) -> Result<Assertion, CeremonyError> {
        self.run(person, |link, person, control, entropy| {
            authenticator::authenticate(link, request, person, control, entropy)
        })
    }

    pub(crate) fn run<T>(
        &mut self,
        person: &mut Cardholder,
        ceremony: impl FnOnce(
            &mut Recorder<Unshared<SimLink>>,
            &mut Cardholder,
            &mut Control<'_>,
            &mut authenticator::Entropy<'_>,
        ) -> T,
    ) -> T {
        self.log = Log::default();
        person.log = Arc::clone(&self.log);
        let mut link = Recorder {
            link: Unshared(self.simulator.link()),
            log: Arc::clone(&self.log),
            requests: Vec::new(),
            answers: Vec::new(),
            info: self.info,
        };
        let mut control = Control {
            deadline: Instant::now() + Duration::from_secs(20),
            cancel: &self.cancel,
            on_keepalive: &mut |_| {},
        };
        self.seed += 1;
        let mut seed = self.seed;
        let mut entropy = move |buffer: &mut [u8]| {
            seed = seed.wrapping_mul(5).wrapping_add(3);
            buffer.fill(seed);
        };
        let result = ceremony(&mut link, person, &mut control, &mut entropy);
        self.requests = link.requests;
        self.answers = link.answers;
        self.cancel.store(false, Ordering::Release);
        result
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join(" ")
    }
}

pub(crate) fn register_request() -> RegisterRequest {
    RegisterRequest {
        origin: ORIGIN.into(),
        rp: RelyingParty { id: RP_ID.into(), name: "Example".into() },
        challenge: vec![0xC1; 32],
        user: User { id: vec![1; 16], name: "anna".into(), display_name: "Anna".into() },
        exclude: Vec::new(),
        resident_key: ResidentKey::Required,
        user_verification: UserVerification::Required,
        transports: vec!["smart-card".into()],
    }
}

pub(crate) fn authenticate_request(allow: Vec<Vec<u8>>) -> AuthenticateRequest {
    AuthenticateRequest {
        origin: ORIGIN.into(),
        rp_id: RP_ID.into(),
        challenge: vec![0xC2; 32],
        allow,
        user_verification: UserVerification::Required,
    }
}

/// The public key of a new credential, and whether it signed its own attestation.
pub(crate) fn verify_registration(registration: &Registration) -> p256::ecdsa::VerifyingKey {
    let object = read(&registration.response.attestation_object.0);
    assert_eq!(member(&object, "fmt"), "packed".into());
    let auth_data = member(&object, "authData").into_bytes().unwrap();
    let id_length = usize::from(u16::from_be_bytes([auth_data[53], auth_data[54]]));
    assert_eq!(auth_data[55..55 + id_length], registration.id.0);
    let cose: Value = ciborium::from_reader(&auth_data[55 + id_length..]).unwrap();
    let coordinate = |key: i32| member(&cose, key).into_bytes().unwrap();
    let sec1 = [vec![0x04], coordinate(-2), coordinate(-3)].concat();
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&sec1).unwrap();
    let signature = member(&member(&object, "attStmt"), "sig").into_bytes().unwrap();
    verify(&key, &auth_data, &registration.response.client_data_json.0, &signature);
    key
}

pub(crate) fn verify_assertion(assertion: &Assertion, key: &p256::ecdsa::VerifyingKey) {
    let response = &assertion.response;
    let auth_data = &response.authenticator_data.0;
    assert_eq!(auth_data[..32], <[u8; 32]>::from(Sha256::digest(RP_ID)));
    verify(key, auth_data, &response.client_data_json.0, &response.signature.0);
}

fn verify(key: &p256::ecdsa::VerifyingKey, auth_data: &[u8], client_data: &[u8], signature: &[u8]) {
    let signed = [auth_data, &Sha256::digest(client_data)].concat();
    let signature = p256::ecdsa::Signature::from_der(signature).unwrap();
    key.verify(&signed, &signature).unwrap();
}
