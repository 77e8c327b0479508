use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::factory;

/// What the authenticator is made of. Two simulators with the same configuration, asked the same
/// questions, give the same answers.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where all randomness comes from. Two cards with one seed are one card: give each its own.
    pub seed: u64,
    /// File that keeps the flash memory (256 KiB); without one the memory dies with the simulator.
    pub state: Option<PathBuf>,
    /// File that all is written to that is said, without PINs: see `cardea-sim card --help`.
    pub trace: Option<PathBuf>,
    /// How long the firmware waits for a touch before it answers 0x2F (CTAP 2.1 §6 asks for at
    /// least 10 s; tests may not want to wait that long).
    pub touch_timeout: Duration,
    /// At most so many discoverable credentials; `None` leaves it to the size of the memory.
    pub max_credentials: Option<u32>,
    /// The first ceremony this soon after power-up needs no touch, as with a card that is held
    /// against a reader. `None`: every ceremony asks the person.
    pub presence_by_power_up: Option<Duration>,
    /// Has the PIV application (NIST SP 800-73) beside FIDO: a smart card with certificates. New,
    /// its PIN is 123456, its PUK 12345678 and its management key 0102030405060708 three times.
    pub piv: bool,
    /// Signs attestations with this; without it the firmware attests itself.
    pub attestation: Option<Attestation>,
    /// The AAGUID, of a new memory: by an attestation certificate that is made for it, so not
    /// together with [`Config::attestation`], which has its own.
    pub aaguid: Option<[u8; 16]>,
    /// What getInfo says that it is reached by. It changes nothing else, and the firmware always
    /// names USB.
    pub transports: Vec<Transport>,
    /// Which keys it makes. The firmware always makes ES256 ones.
    pub algorithms: Vec<Algorithm>,
    /// The PIN and its rules, of a new memory.
    pub pin_policy: PinPolicy,
}

/// The PIN with which a new authenticator is handed out, and the rules for it. The firmware keeps
/// to them; whoever has the PIN may change them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PinPolicy {
    /// The PIN; `None`: nobody has chosen one.
    pub pin: Option<String>,
    /// PINs have at least so many characters: 4 to 63.
    pub min_length: Option<u32>,
    /// It verifies the person each time (`alwaysUv`), and is no U2F key.
    pub always_uv: bool,
    /// The PIN must be changed before it is good for anything (`forcePINChange`).
    pub force_change: bool,
    /// So many wrong PINs and it is blocked: 0 to 8.
    pub tries_left: Option<u8>,
}

impl std::fmt::Debug for PinPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PinPolicy").finish_non_exhaustive()
    }
}

/// How an authenticator says that it is reached (CTAP 2.1 §6.4, `transports`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `usb`.
    Usb,
    /// `nfc`.
    Nfc,
    /// `smart-card`.
    SmartCard,
}

/// What kind of key a credential has (COSE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256, -7.
    Es256,
    /// Ed25519, -8.
    EdDsa,
}

/// A batch key and its certificate, installed when the memory is formatted.
#[derive(Clone)]
pub struct Attestation {
    /// X.509 in DER. Its extension 1.3.6.1.4.1.45724.1.1.4 becomes the AAGUID.
    pub certificate: Vec<u8>,
    /// The P-256 private key that belongs to it, 32 bytes big-endian.
    pub private_key: [u8; 32],
}

impl std::fmt::Debug for Attestation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attestation").finish_non_exhaustive()
    }
}

impl Config {
    /// A factory-fresh authenticator in memory: no PIN, no credential, a touch for each ceremony.
    pub fn seeded(seed: u64) -> Self {
        Self {
            seed,
            state: None,
            trace: None,
            touch_timeout: Duration::from_secs(30),
            max_credentials: None,
            presence_by_power_up: None,
            piv: false,
            attestation: None,
            aaguid: None,
            transports: vec![Transport::Nfc, Transport::Usb],
            algorithms: vec![Algorithm::Es256, Algorithm::EdDsa],
            pin_policy: PinPolicy::default(),
        }
    }

    /// Whether the firmware can be this.
    pub(crate) fn check(&self) -> io::Result<()> {
        let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        if self.aaguid.is_some() && self.attestation.is_some() {
            return refuse("the AAGUID stands in the attestation certificate: give one of them");
        }
        if !self.transports.contains(&Transport::Usb) {
            return refuse("the firmware always names usb among its transports");
        }
        if !self.algorithms.contains(&Algorithm::Es256) {
            return refuse("the firmware always makes ES256 keys, as a U2F key does");
        }
        factory::check(&self.pin_policy)
    }
}
