//! What the claims ask of an authenticator.

use authenticator::{
    Account, Assertion, AuthenticateRequest, CeremonyError, CeremonyLink, Control, NewPinPrompt,
    Person, Pin, PinPrompt, RegisterRequest, Registration, RelyingParty, ResidentKey, Until, User,
    UserVerification, authenticate, register,
};
use ciborium::Value;

pub(crate) const GET_INFO: &[u8] = &[0x04];
/// authenticatorSelection: asks for a touch, and for nothing else.
pub(crate) const SELECTION: &[u8] = &[0x0B];

pub(crate) const PIN: &str = "canary 2468";
const RP_ID: &str = "login.example.com";
const ORIGIN: &str = "https://login.example.com";

/// A getAssertion of exactly so many bytes, which ends with a list of names that nobody has. A
/// byte that is lost or changed shows as malformed CBOR, or as another answer.
pub(crate) fn get_assertion_of(length: usize) -> Vec<u8> {
    let with_hash = |padding: usize| {
        let request = Value::Map(vec![
            (1.into(), RP_ID.into()),
            (2.into(), Value::Bytes(vec![0xA5; 32])),
            (
                3.into(),
                Value::Array(vec![Value::Map(vec![
                    ("id".into(), Value::Bytes((0..=255).cycle().take(padding).collect())),
                    ("type".into(), "public-key".into()),
                ])]),
            ),
        ]);
        let mut bytes = vec![0x02];
        ciborium::into_writer(&request, &mut bytes).unwrap();
        bytes
    };
    let overhead = with_hash(0).len();
    let near = length.saturating_sub(overhead + 2);
    let fits = |padding: &usize| with_hash(*padding).len() >= length;
    let request = with_hash((near..=length).find(fits).unwrap());
    // One length in each size of CBOR head cannot be had.
    assert!(request.len().abs_diff(length) <= 1, "{} {length}", request.len());
    request
}

/// Enters the same PIN, so often and then no more.
pub(crate) struct Cardholder(u32);

impl Cardholder {
    fn patient() -> Self {
        Self(u32::MAX)
    }

    pub(crate) fn once() -> Self {
        Self(1)
    }
}

impl Person for Cardholder {
    fn enter_pin(&mut self, _prompt: &PinPrompt, _until: Until<'_>) -> Option<Pin> {
        self.0 = self.0.checked_sub(1)?;
        Pin::new(PIN).ok()
    }

    fn choose_pin(&mut self, _prompt: &NewPinPrompt, _until: Until<'_>) -> Option<Pin> {
        Pin::new(PIN).ok()
    }

    fn choose_account(&mut self, _accounts: &[Account], _until: Until<'_>) -> Option<usize> {
        None
    }

    fn touch_needed(&mut self) {}
}

/// The same randomness each time.
fn entropy() -> impl FnMut(&mut [u8]) {
    entropy_from(7)
}

fn entropy_from(mut state: u8) -> impl FnMut(&mut [u8]) {
    move |buffer| {
        state = state.wrapping_mul(5).wrapping_add(3);
        buffer.fill(state);
    }
}

pub(crate) fn enrol(
    link: &mut dyn CeremonyLink,
    control: &mut Control<'_>,
) -> Result<Registration, CeremonyError> {
    let request = RegisterRequest {
        origin: ORIGIN.into(),
        rp: RelyingParty { id: RP_ID.into(), name: "Example".into() },
        challenge: vec![1; 32],
        user: User { id: vec![1; 16], name: "anna".into(), display_name: "Anna".into() },
        exclude: strangers(),
        resident_key: ResidentKey::Required,
        user_verification: UserVerification::Required,
        transports: Vec::new(),
    };
    register(link, &request, &mut Cardholder::patient(), control, &mut entropy())
}

/// Signs in with a long list, of which the last is ours.
pub(crate) fn sign_in(
    link: &mut dyn CeremonyLink,
    credential: &[u8],
    control: &mut Control<'_>,
) -> Result<Assertion, CeremonyError> {
    let mut allow = strangers();
    allow.push(credential.to_vec());
    let request = AuthenticateRequest {
        origin: ORIGIN.into(),
        rp_id: RP_ID.into(),
        challenge: vec![2; 32],
        allow,
        user_verification: UserVerification::Required,
    };
    authenticate(link, &request, &mut Cardholder::patient(), control, &mut entropy())
}

/// Signs in with whatever credential there is, as this person.
pub(crate) fn sign_in_as(
    person: &mut Cardholder,
    link: &mut dyn CeremonyLink,
    control: &mut Control<'_>,
) -> Result<Assertion, CeremonyError> {
    sign_in_by_chance(7, person, link, control)
}

/// The same, with randomness that is this.
pub(crate) fn sign_in_by_chance(
    chance: u8,
    person: &mut Cardholder,
    link: &mut dyn CeremonyLink,
    control: &mut Control<'_>,
) -> Result<Assertion, CeremonyError> {
    let request = AuthenticateRequest {
        origin: ORIGIN.into(),
        rp_id: RP_ID.into(),
        challenge: vec![2; 32],
        allow: Vec::new(),
        user_verification: UserVerification::Required,
    };
    authenticate(link, &request, person, control, &mut entropy_from(chance))
}

fn strangers() -> Vec<Vec<u8>> {
    (0..20).map(|n| vec![n; 120]).collect()
}
