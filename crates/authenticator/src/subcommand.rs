//! What `authenticatorBioEnrollment` and `authenticatorCredentialManagement` (CTAP 2.1 §6.7, §6.8) share:
//! each has subcommands, a prototype with another code, and wants a token for most of what it does.

use crate::pin_uv::PinUvAuthToken;

/// Which of the two commands the authenticator has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// That of the standard.
    Standard,
    /// The prototype of `FIDO_2_1_PRE`.
    Preview,
}

impl Dialect {
    /// What is offered, the standard first.
    pub(crate) fn choose(standard: bool, preview: bool) -> Option<Self> {
        if standard { Some(Self::Standard) } else { preview.then_some(Self::Preview) }
    }

    /// The code of the command in this dialect.
    pub(crate) fn code(self, standard: u8, preview: u8) -> u8 {
        match self {
            Self::Standard => standard,
            Self::Preview => preview,
        }
    }
}

/// Speaks to one authenticator for the person who gave it a token.
#[derive(Clone, Copy)]
pub(crate) struct Authority<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) token: &'a PinUvAuthToken,
}
