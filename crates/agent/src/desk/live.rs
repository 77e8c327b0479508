//! A ticket on the desk, and how far it has come.

use std::sync::Arc;

use agent_protocol::{
    Ceremony, CredentialDescriptor, Thumbprint, Ticket, VerifiedRequest, X509_CARD,
};

use crate::cancel::Cancel;
use crate::held::Credential;
use crate::prompts::Came;

/// A ticket that has not come to its end.
pub(super) struct Live {
    pub(super) device: Thumbprint,
    pub(super) ticket: Ticket,
    pub(super) came: Came,
    pub(super) cancel: Cancel,
    pub(super) stage: Stage,
}

/// How far a ticket has come.
pub(super) enum Stage {
    /// It is being claimed: what is asked for is not known.
    Claiming,
    /// The request passed, and waits for its turn.
    Claimed(Arc<VerifiedRequest>),
    /// The request is before the person.
    Shown(Arc<VerifiedRequest>),
}

impl Live {
    /// Whether it is this one.
    pub(super) fn is(&self, device: &Thumbprint, ticket: &Ticket) -> bool {
        self.device == *device && self.ticket == *ticket
    }

    /// Whether a card that is away may be put back for it.
    pub(super) fn can_be_answered(&self, by: Option<&Credential>) -> bool {
        if self.came == Came::ByLink || self.cancel.is_cancelled() {
            return false;
        }
        match &self.stage {
            Stage::Claiming => true,
            Stage::Claimed(request) | Stage::Shown(request) => match &request.claims().ceremony {
                Ceremony::Get(allow) => allow.is_empty() || allow.iter().any(|it| names(it, by)),
                // Where there is one reader, the card that is added takes the place of the one that the
                // person has.
                Ceremony::Create(_) => true,
            },
        }
    }
}

/// Whether an allow-list names this credential. Of a certificate it has no more than the hash of its key:
/// one will do that names any.
fn names(listed: &CredentialDescriptor, credential: Option<&Credential>) -> bool {
    match credential {
        Some(Credential::Fido(id)) => listed.id == *id,
        Some(Credential::Certificate(_)) => listed.kind == X509_CARD,
        None => false,
    }
}
