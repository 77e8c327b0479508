use std::path::PathBuf;
use std::time::Duration;

/// What the authenticator is made of. Two simulators with the same configuration, asked the same
/// questions, give the same answers.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where all randomness comes from. Two cards with one seed are one card: give each its own.
    pub seed: u64,
    /// File that keeps the flash memory (256 KiB); without one the memory dies with the simulator.
    pub state: Option<PathBuf>,
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
            touch_timeout: Duration::from_secs(30),
            max_credentials: None,
            presence_by_power_up: None,
            piv: false,
            attestation: None,
        }
    }
}
