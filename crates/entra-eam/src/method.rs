//! `acr` and `amr`: what Entra demands, and what is said of a tap (EAM-20 to EAM-24).

mod demand;
mod words;

pub use demand::Demand;
pub use words::{Acr, Amr};

/// What a person has proven possession of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A FIDO2 card, security key or passkey.
    Fido2(KeyStorage),
    /// A smart card with a certificate: PIV and the like.
    X509Card,
}

/// Where a FIDO2 credential keeps its key, as its attestation shows (EAM-21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStorage {
    /// In hardware that does not give it away.
    Hardware,
    /// In software.
    Software,
    /// Nothing shows it. The default of whoever is not sure.
    Unknown,
}

impl Credential {
    /// One of each kind.
    pub const ALL: [Self; 4] = [
        Self::Fido2(KeyStorage::Hardware),
        Self::Fido2(KeyStorage::Software),
        Self::Fido2(KeyStorage::Unknown),
        Self::X509Card,
    ];

    /// What may be said of it, best first (EAM-21). Never an inherence: the user-verified bit does
    /// not tell a finger from a PIN (EAM-22).
    fn methods(self) -> &'static [Amr] {
        match self {
            Self::Fido2(KeyStorage::Hardware) => &[Amr::Fido, Amr::Hwk, Amr::Pop],
            Self::Fido2(KeyStorage::Software) => &[Amr::Fido, Amr::Swk, Amr::Pop],
            Self::Fido2(KeyStorage::Unknown) => &[Amr::Fido, Amr::Pop],
            Self::X509Card => &[Amr::Sc, Amr::Pop],
        }
    }
}

/// What an answer says: exactly one of each (EAM-20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which kinds of factor were satisfied.
    pub acr: Acr,
    /// With which method.
    pub amr: Amr,
}

/// Entra demands what cannot be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MethodError {
    /// EAM-24: `claims` is missing, not a JSON object, too deep, or names one thing twice.
    #[error("claims is missing or not a JSON object")]
    Claims,
    /// EAM-24: no list of values for `acr` or for `amr`.
    #[error("claims demands no values for {0}")]
    NoValues(&'static str),
    /// EAM-22: nothing that possession would satisfy, and we prove nothing else.
    #[error("only factors are demanded that a card does not prove")]
    NotByPossession,
    /// EAM-23: no method that this credential has.
    #[error("no method is demanded that this credential proves")]
    NoMethod,
}

impl MethodError {
    /// The rule that is broken.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Claims | Self::NoValues(_) => "EAM-24",
            Self::NotByPossession => "EAM-22",
            Self::NoMethod => "EAM-23",
        }
    }
}

#[cfg(test)]
mod tests;
