//! What a new card is made to be.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use p256::SecretKey;
use p256::pkcs8::DecodePrivateKey as _;

use crate::{Algorithm, Attestation, Config, PinPolicy, Transport};

/// The firmware cannot be told everything: what it cannot be is said here.
#[derive(Args, Debug)]
#[command(next_help_heading = "What the authenticator is")]
pub(crate) struct MakeArguments {
    /// Its model, as 32 hexadecimal digits, with hyphens or without. It stands in an attestation
    /// certificate that is made for it. Of a new card only.
    #[arg(long, value_name = "UUID", value_parser = aaguid, conflicts_with = "attestation_key")]
    aaguid: Option<[u8; 16]>,
    /// Attests with this certificate (X.509 in DER), whose extension 1.3.6.1.4.1.45724.1.1.4 is the
    /// model. Of a new card only.
    #[arg(long, value_name = "FILE", requires = "attestation_key")]
    attestation_certificate: Option<PathBuf>,
    /// The P-256 key of that certificate (PKCS #8 in PEM, as "openssl genpkey" writes it).
    #[arg(long, value_name = "FILE", requires = "attestation_certificate")]
    attestation_key: Option<PathBuf>,
    /// What getInfo says that it is reached by; it changes nothing else. The firmware always names
    /// usb.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["nfc", "usb"])]
    transports: Vec<TransportArgument>,
    /// What keys it makes. The firmware always makes ES256 ones.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["es256", "eddsa"])]
    algorithms: Vec<AlgorithmArgument>,
    /// At most so many discoverable credentials; without it, as many as it has room for. Then
    /// getInfo does not say how many more there may be, credential management does.
    #[arg(long, value_name = "N")]
    max_credentials: Option<u32>,
    /// It has this PIN already. Other users of this machine can see it: use no PIN of yours. Of a
    /// new card only, as all that follows.
    #[arg(long, value_name = "PIN")]
    pin: Option<String>,
    /// PINs have at least so many characters, 4 to 63.
    #[arg(long, value_name = "N")]
    min_pin_length: Option<u32>,
    /// It asks for the PIN each time, also when the program does not (alwaysUv).
    #[arg(long)]
    always_uv: bool,
    /// The PIN must be changed before anything else (forcePINChange).
    #[arg(long, requires = "pin")]
    force_pin_change: bool,
    /// So many wrong PINs are left before it is blocked, 0 to 8.
    #[arg(long, value_name = "N", requires = "pin")]
    pin_tries: Option<u8>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TransportArgument {
    Usb,
    Nfc,
    SmartCard,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AlgorithmArgument {
    Es256,
    Eddsa,
}

impl MakeArguments {
    /// The configuration with what was asked for.
    pub(crate) fn make(&self, config: Config) -> io::Result<Config> {
        Ok(Config {
            aaguid: self.aaguid,
            attestation: self.attestation()?,
            transports: self.transports.iter().map(|transport| (*transport).into()).collect(),
            algorithms: self.algorithms.iter().map(|algorithm| (*algorithm).into()).collect(),
            max_credentials: self.max_credentials,
            pin_policy: PinPolicy {
                pin: self.pin.clone(),
                min_length: self.min_pin_length,
                always_uv: self.always_uv,
                force_change: self.force_pin_change,
                tries_left: self.pin_tries,
            },
            ..config
        })
    }

    fn attestation(&self) -> io::Result<Option<Attestation>> {
        let (Some(certificate), Some(key)) = (&self.attestation_certificate, &self.attestation_key)
        else {
            return Ok(None);
        };
        let named = |path: &PathBuf| {
            let name = path.display().to_string();
            move |error: io::Error| io::Error::new(error.kind(), format!("{name}: {error}"))
        };
        let certificate = fs::read(certificate).map_err(named(certificate))?;
        let text = fs::read_to_string(key).map_err(named(key))?;
        let private_key = SecretKey::from_pkcs8_pem(&text).map_err(|_| {
            io::Error::other(format!("{}: no P-256 key as PKCS #8 in PEM", key.display()))
        })?;
        Ok(Some(Attestation { certificate, private_key: private_key.to_bytes().into() }))
    }
}

fn aaguid(text: &str) -> Result<[u8; 16], String> {
    let digits = text.replace('-', "");
    let wrong = || format!("{text:?} is no UUID: 32 hexadecimal digits are wanted");
    if digits.len() != 32 || !digits.is_ascii() {
        return Err(wrong());
    }
    u128::from_str_radix(&digits, 16).map(u128::to_be_bytes).map_err(|_| wrong())
}

impl From<TransportArgument> for Transport {
    fn from(transport: TransportArgument) -> Self {
        match transport {
            TransportArgument::Usb => Self::Usb,
            TransportArgument::Nfc => Self::Nfc,
            TransportArgument::SmartCard => Self::SmartCard,
        }
    }
}

impl From<AlgorithmArgument> for Algorithm {
    fn from(algorithm: AlgorithmArgument) -> Self {
        match algorithm {
            AlgorithmArgument::Es256 => Self::Es256,
            AlgorithmArgument::Eddsa => Self::EdDsa,
        }
    }
}
