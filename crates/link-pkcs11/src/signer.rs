use authenticator::Until;
use authenticator::card_signer::{
    CardCertificate, CardSigner, CardSignerError, KeyKind, SignRequest, SigningCard,
};

use crate::der;
use crate::message::{
    Algorithm, Answer, Bytes, Card, MAX_CERTIFICATE, MAX_CERTIFICATES, Question, Sign, TokenId,
};
use crate::module::Modules;
use crate::process::{Child, ChildError};

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

    /// Asks the child. One that gave no answer is ended; one that says why not goes on.
    fn call(
        &mut self,
        question: &Question,
        pin: Option<&[u8]>,
        until: Until<'_>,
    ) -> Result<Answer, ChildError> {
        let mut child = match self.child.take() {
            Some(child) => child,
            None => self.modules.start(until)?.0,
        };
        let answer = child.call(question, pin, until)?;
        self.child = Some(child);
        Ok(answer)
    }
}

impl CardSigner for TokenSigner {
    fn look(&mut self, until: Until<'_>) -> Result<SigningCard, CardSignerError> {
        match self.call(&Question::Look(self.token.clone()), None, until)? {
            Answer::Card(card) => Ok(contents(&self.token, card)),
            other => Err(ChildError::from(other).into()),
        }
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
        match self.call(&question, pin, until)? {
            Answer::Signature(Bytes(raw)) => {
                signature(key, raw).ok_or_else(|| ChildError::Protocol.into())
            }
            other => Err(ChildError::from(other).into()),
        }
    }
}

/// What is not a certificate, or more than is told of, is left out.
fn contents(token: &TokenId, card: Card) -> SigningCard {
    let fits = |Bytes(der): &Bytes| der.len() <= MAX_CERTIFICATE;
    let ders = card.certificates.into_iter().take(MAX_CERTIFICATES).filter(fits);
    let parsed = ders.filter_map(|Bytes(der)| CardCertificate::parse(&der).ok());
    let (authorities, certificates): (Vec<_>, Vec<_>) = parsed.partition(|it| it.is_authority);
    SigningCard {
        label: token.label.clone(),
        certificates,
        authorities,
        tries: card.tries.into(),
        pin_at_reader: card.pin_at_reader,
    }
}

/// The signature in its form, if it is one of such a key.
fn signature(key: KeyKind, raw: Vec<u8>) -> Option<Vec<u8>> {
    match key {
        KeyKind::P256 => der::ecdsa(&raw, 32),
        KeyKind::P384 => der::ecdsa(&raw, 48),
        KeyKind::Rsa => (256..=512).contains(&raw.len()).then_some(raw),
        KeyKind::Other => None,
    }
}
