//! What a signature costs on the server's core, and what it costs to verify a card's by the library that the
//! server has for it: what nobody can do without.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};

use ids::UserId;
use passkeys::{Passkeys, StoredPasskey};
use soft_authenticator::SoftAuthenticator;
use url::Url;

use crate::{Failure, pin_to, process};

/// How long each algorithm signs, in CPU time.
const LONG: Duration = Duration::from_secs(1);

/// Signatures between two looks at the clock.
const BETWEEN: u32 = 64;

/// As long as a token is.
const MESSAGE: [u8; 700] = [b'a'; 700];

/// How many of each for a second of CPU time of one core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signatures {
    pub(crate) es256: f64,
    pub(crate) rs256: f64,
    /// Assertions with P-256 that are verified.
    pub(crate) assertions: f64,
}

/// Signs on the server's core; the server has nothing to do meanwhile.
pub(crate) async fn measure(cores: usize) -> Result<Signatures, Failure> {
    let measured = tokio::task::spawn_blocking(move || {
        // A thread of the pool: it goes back to the driver's core.
        if cores > 1 {
            pin_to(0);
        }
        let measured = all();
        if cores > 1 {
            pin_to(1);
        }
        measured
    });
    measured.await?
}

fn all() -> Result<Signatures, Failure> {
    let random = SystemRandom::new();
    let refused = "the engine refuses";
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| refused)?;
    let es256 = per_second(|| p256.sign(&random, &MESSAGE).is_ok())?;
    let made = KeyPair::generate(KeySize::Rsa2048).map_err(|_| refused)?;
    let der: Pkcs8V1Der<'_> = made.as_der().map_err(|_| refused)?;
    let rsa = RsaKeyPair::from_pkcs8(der.as_ref()).map_err(|_| refused)?;
    let mut signature = vec![0; rsa.public_modulus_len()];
    let rs256 =
        per_second(|| rsa.sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature).is_ok())?;
    Ok(Signatures { es256, rs256, assertions: assertions()? })
}

/// Assertions of one card, as the server gets them.
fn assertions() -> Result<f64, Failure> {
    let origin = "https://login.example";
    let passkeys = Passkeys::new("login.example", &Url::parse(origin)?, "bench")?;
    let (mut card, person) = (SoftAuthenticator::new(1), UserId(uuid::Uuid::new_v4()));
    let begun = passkeys.start_registration(person, "person", "Person", &[])?;
    let registered = card.register(&begun.options, origin)?.to_string();
    let new = passkeys.finish_registration(&begun.state, registered.as_bytes())?;
    let stored =
        StoredPasskey { passkey: new.passkey, counter: new.counter, transports: Vec::new() };
    let begun = passkeys.start_authentication(&[stored])?;
    let response = card.authenticate(&begun.options, origin)?.to_string();
    let verify = || passkeys.finish_authentication(&begun.state, response.as_bytes(), person);
    per_second(|| verify().is_ok())
}

fn per_second(mut once: impl FnMut() -> bool) -> Result<f64, Failure> {
    let used = || process::cpu_of_this_thread().ok_or("no cpu time");
    let (began, mut count) = (used()?, 0_u32);
    loop {
        if !(0..BETWEEN).all(|_| once()) {
            return Err("the engine refuses".into());
        }
        count = count.saturating_add(BETWEEN);
        let used = used()?.saturating_sub(began);
        if used >= LONG {
            return Ok(f64::from(count) / used.as_secs_f64());
        }
    }
}
