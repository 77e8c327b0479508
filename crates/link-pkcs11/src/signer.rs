use authenticator::Until;
use authenticator::card_signer::{CardSigner, CardSignerError, SignRequest, SigningCard};

use crate::message::{Algorithm, Bytes, Question, Sign, TokenId};
use crate::module::Modules;
use crate::process::{Child, ChildError};
use crate::wire;

/// A card that is a token of a PKCS#11 module. Its child is started when it is asked first, and
/// again after one that failed.
pub struct TokenSigner {
    modules: Modules,
    token: TokenId,
    child: Option<Child>,
}

impl TokenSigner {
    pub(crate) fn new(modules: Modules, token: TokenId) -> Self {
        Self { modules, token, child: None }
    }

    /// Asks the child, and reads its answer. A child that gave none that makes sense is ended; one
    /// that says why not goes on.
    fn call<T>(
        &mut self,
        question: &Question,
        pin: Option<&[u8]>,
        until: Until<'_>,
        read: impl FnOnce(&[u8]) -> Result<T, ChildError>,
    ) -> Result<T, CardSignerError> {
        let mut child = match self.child.take() {
            Some(child) => child,
            None => self.modules.start(until)?.0,
        };
        let answer = read(&child.call(question, pin, until)?);
        if matches!(answer, Ok(_) | Err(ChildError::Module(_))) {
            self.child = Some(child);
        }
        Ok(answer?)
    }
}

impl CardSigner for TokenSigner {
    fn look(&mut self, until: Until<'_>) -> Result<SigningCard, CardSignerError> {
        let token = self.token.clone();
        let question = Question::Look(token.clone());
        self.call(&question, None, until, |answer| wire::card(answer, &token))
    }

    fn sign(
        &mut self,
        request: &SignRequest<'_>,
        until: Until<'_>,
    ) -> Result<Vec<u8>, CardSignerError> {
        let key = request.certificate.key;
        let question = Question::Sign(Sign {
            token: self.token.clone(),
            certificate: Bytes(request.certificate.der.clone()),
            with: Algorithm::of(key).ok_or(CardSignerError::Unsupported)?,
            message: Bytes(request.message.to_vec()),
            pin_follows: request.pin.is_some(),
            dares_last_try: request.dares_last_try,
        });
        let pin = request.pin.map(authenticator::card_signer::CardPin::bytes);
        self.call(&question, pin, until, |answer| wire::signature(answer, key))
    }
}
