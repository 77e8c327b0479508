//! Why a call of an agent is refused. The operator reads which check it was; whoever calls learns
//! no more than what to do now.

use agent_protocol::ProofError;

use crate::app::App;
use crate::http::problem::Problem;

/// Why a call of an agent is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// No proof in the header.
    #[error("call carries no proof")]
    NoProof,
    /// No agent of ours has this key, or it was revoked.
    #[error("proof names no device")]
    NoDevice,
    /// The proof does not hold for this call.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The nonce of the proof is none of ours, or too old.
    #[error("nonce is not ours or too old")]
    Nonce,
    /// The nonce of the proof was used before.
    #[error("nonce was used before")]
    NonceSpent,
    /// The same call came before.
    #[error("call was made before")]
    Replay,
    /// The page has not confirmed the device.
    #[error("device is not confirmed")]
    NotConfirmed,
    /// What the call says is not what the protocol says.
    #[error("body is malformed")]
    Body,
    /// There is no such ticket.
    #[error("ticket is unknown or too old")]
    NoTicket,
    /// The ticket was made for another device.
    #[error("ticket is for another device")]
    OtherDevice,
    /// The ticket was claimed before, or a minute has passed.
    #[error("ticket was claimed before or waited too long")]
    Claimed,
    /// A result for a ticket that nobody has claimed.
    #[error("ticket was not claimed")]
    NotClaimed,
    /// The ticket has its result, or the page has taken it back.
    #[error("ticket is over")]
    TicketOver,
    /// The login that waited for the answer is over.
    #[error("login is over")]
    LoginOver,
    /// Another challenge is out by now.
    #[error("challenge is over")]
    ChallengeOver,
    /// No page shows this code any more.
    #[error("code is shown by no page")]
    Code,
    /// The key is enrolled already.
    #[error("key is enrolled already")]
    KeyTaken,
}

impl CallError {
    /// Refuses a call of a known device: tells the operator, and gives what the caller is told.
    pub(crate) fn refuse(self, device: &store::Device) -> Problem {
        tracing::warn!(device = %device.id, reason = %self, "agent's call refused");
        self.problem()
    }

    /// Refuses a call that anybody could have made: the same once a minute.
    pub(crate) fn refuse_stranger(self, app: &App) -> Problem {
        app.quiet.once(self.to_string(), None, || {
            tracing::warn!(reason = %self, "agent's call refused");
        });
        self.problem()
    }

    /// Everything about who calls looks alike outside, and so does a ticket of another device and
    /// none.
    fn problem(self) -> Problem {
        match self {
            Self::NoProof
            | Self::NoDevice
            | Self::Proof(_)
            | Self::Nonce
            | Self::NonceSpent
            | Self::Replay
            | Self::NotConfirmed => Problem::Unauthenticated,
            Self::Body => Problem::Malformed("body"),
            Self::NoTicket | Self::OtherDevice => Problem::NotFound,
            Self::Claimed | Self::TicketOver => Problem::AlreadyUsed,
            Self::NotClaimed => Problem::Conflict("ticket was not claimed"),
            Self::LoginOver | Self::ChallengeOver => Problem::ChallengeGone,
            Self::Code => Problem::CodeRefused,
            Self::KeyTaken => Problem::Conflict("key is enrolled already"),
        }
    }
}
