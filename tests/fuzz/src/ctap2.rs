use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use authenticator::management::{Management, ManagementError};
use authenticator::{
    AuthenticateRequest, Control, CtapLink, LinkError, RegisterRequest, RelyingParty, ResidentKey,
    Unshared, User, UserVerification, authenticate, register,
};

use crate::frames::frames;
use crate::person::Patient;

/// More commands than anything that a device says may cause: eight PINs of three commands, and 64
/// accounts.
const MOST_COMMANDS: usize = 100;
/// The same of an errand: 1,024 parties and entries, and what comes before them.
const MOST_IN_ERRAND: usize = 3_200;
/// The bit of the first byte that asks for an errand.
const ERRAND: u8 = 8;

/// An authenticator that gives each frame as an answer (status byte, CBOR), and is gone after the
/// last. The first byte: see [`ceremony`]; with bit 3 see [`errand`].
pub fn ctap2(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    let answers = frames(rest);
    let most = if *how & ERRAND == 0 { MOST_COMMANDS } else { MOST_IN_ERRAND };
    let mut link = Device { answers: answers.clone().into_iter(), commands: 0, most };
    for passed_on in what_is_passed_on(*how, &mut link) {
        let length = passed_on.len().max(1);
        let said = |answer: &&[u8]| answer.windows(length).any(|part| part == passed_on);
        assert!(passed_on.is_empty() || answers.iter().any(said), "nobody said this");
    }
}

/// Does what `how` names, over `link`. Gives what is passed on as the device has said it.
pub fn what_is_passed_on(how: u8, link: &mut impl CtapLink) -> Vec<Vec<u8>> {
    if how & ERRAND == 0 { ceremony(how, link) } else { errand(how, link).unwrap_or_default() }
}

/// The ceremony that `how` names, over `link`: bit 0, a new credential rather than an assertion;
/// bit 1, any discoverable credential; bit 2, without user verification. Gives what an assertion
/// passes on as it is; nothing if it fails.
pub fn ceremony(how: u8, link: &mut impl CtapLink) -> Vec<Vec<u8>> {
    let mut link = Unshared(link);
    let cancel = AtomicBool::new(false);
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
    let mut entropy = entropy();
    let verification = match how & 4 {
        0 => UserVerification::Required,
        _ => UserVerification::Discouraged,
    };
    let person = &mut Patient;
    if how & 1 == 0 {
        let allow = if how & 2 == 0 { vec![vec![0x11; 32]] } else { Vec::new() };
        let request = assertion_of(allow, verification);
        let result = authenticate(&mut link, &request, person, &mut control, &mut entropy);
        result.map_or_else(
            |_| Vec::new(),
            |given| vec![given.response.authenticator_data.0, given.response.signature.0],
        )
    } else {
        let request = credential(verification);
        // Its object is packed anew: there is nothing to compare.
        let _ = register(&mut link, &request, person, &mut control, &mut entropy);
        Vec::new()
    }
}

/// The errand of a holder that `how` names, over `link`: bit 0, fingerprints rather than credentials;
/// bit 1, one is enrolled or deleted rather than all listed. Gives the IDs that are read.
///
/// # Errors
///
/// When it fails.
pub fn errand(how: u8, link: &mut impl CtapLink) -> Result<Vec<Vec<u8>>, ManagementError> {
    let mut link = Unshared(link);
    let cancel = AtomicBool::new(false);
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut control = Control { deadline, cancel: &cancel, on_keepalive: &mut |_| {} };
    let mut entropy = entropy();
    let mut person = Patient;
    let mut management = Management::new(&mut link, &mut person, &mut control, &mut entropy);
    match how & 3 {
        0 => {
            let stored = management.credentials()?.credentials;
            Ok(stored.into_iter().flat_map(|entry| [entry.id, entry.user_id]).collect())
        }
        1 => Ok(management.fingerprints()?.into_iter().map(|finger| finger.id).collect()),
        2 => management.delete_credential(&[0x11; 32]).map(|()| Vec::new()),
        _ => Ok(vec![management.enrol_fingerprint("thumb", &mut |_| {})?.id]),
    }
}

/// Always the same bytes: so the secret is the one of the recorded answers.
fn entropy() -> impl FnMut(&mut [u8]) {
    let mut ours = 1_u8;
    move |buffer: &mut [u8]| {
        ours = ours.wrapping_mul(5).wrapping_add(3);
        buffer.fill(ours);
    }
}

fn relying_party() -> RelyingParty {
    RelyingParty { id: "login.example.com".into(), name: "Example".into() }
}

fn assertion_of(allow: Vec<Vec<u8>>, user_verification: UserVerification) -> AuthenticateRequest {
    AuthenticateRequest {
        rp_id: relying_party().id,
        origin: "https://login.example.com".into(),
        challenge: vec![7; 32],
        allow,
        user_verification,
    }
}

fn credential(user_verification: UserVerification) -> RegisterRequest {
    RegisterRequest {
        rp: relying_party(),
        origin: "https://login.example.com".into(),
        challenge: vec![7; 32],
        user: User { id: vec![1; 16], name: "ada".into(), display_name: "Ada".into() },
        exclude: Vec::new(),
        transports: Vec::new(),
        resident_key: ResidentKey::Preferred,
        user_verification,
    }
}

struct Device<'a> {
    answers: std::vec::IntoIter<&'a [u8]>,
    commands: usize,
    most: usize,
}

impl CtapLink for Device<'_> {
    fn call(&mut self, _request: &[u8], _control: &mut Control<'_>) -> Result<Vec<u8>, LinkError> {
        self.commands += 1;
        assert!(self.commands <= self.most, "asked without end");
        let gone = || LinkError::Removed(std::io::ErrorKind::NotConnected.into());
        self.answers.next().map(<[u8]>::to_vec).ok_or_else(gone)
    }
}
