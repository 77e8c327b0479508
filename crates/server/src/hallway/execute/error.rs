use crate::http::problem::Problem;

/// What was spent when a hint of Entra's came before.
pub(crate) const HINT: &str = "hint";

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecuteError {
    /// Something that counts once was used before, or its time is over.
    #[error("{0} was used before or has expired")]
    Spent(&'static str),
    /// The counter of the card went back: it may have been copied.
    #[error("signature counter went back")]
    Counter,
    /// The card was revoked between the decision and the write.
    #[error("card is revoked")]
    Revoked,
    /// The new card's credential id is known in this tenant (WebAuthn Level 3, §7.1).
    #[error("credential id is known already")]
    KnownCredential,
    /// The person was disabled between the decision and the write.
    #[error("person is disabled")]
    Disabled,
    /// The same call of an agent came before.
    #[error("call was made before")]
    Replay,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// An effect came without what it needs: a fault of ours.
    #[error("an effect lacks its material")]
    Incomplete,
}

impl ExecuteError {
    /// The reason as a stable name: what the audit trail says, and the page's words go by.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Spent(_) => "already-used",
            Self::Counter => "counter-went-back",
            Self::Revoked => login::Refusal::Revoked.code(),
            Self::KnownCredential => "card-known",
            Self::Disabled => login::Refusal::Disabled.code(),
            Self::Replay => "call-replayed",
            Self::Store(_) | Self::Incomplete => "internal",
        }
    }
}

impl From<ExecuteError> for Problem {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Spent(_) => Self::AlreadyUsed,
            ExecuteError::Counter | ExecuteError::Revoked | ExecuteError::KnownCredential => {
                Self::CardRefused(error.code())
            }
            ExecuteError::Disabled => Self::Refused(login::Refusal::Disabled),
            ExecuteError::Replay => {
                tracing::warn!(reason = %error, "agent's call refused");
                Self::Unauthenticated
            }
            ExecuteError::Store(error) => error.into(),
            ExecuteError::Incomplete => Self::internal(error),
        }
    }
}

/// Refuses unless what counts once did count.
pub(super) fn hit(hit: bool, what: &'static str) -> Result<(), ExecuteError> {
    if hit { Ok(()) } else { Err(ExecuteError::Spent(what)) }
}
