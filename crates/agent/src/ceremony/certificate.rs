//! The part of a card with certificates: which of them will do, and what its key signs.

use std::time::UNIX_EPOCH;

use agent_protocol::x509_statement::{
    Bound, StatementBytes, StatementData, StatementType, USER_PRESENT, USER_VERIFIED, algorithm,
    authenticator_data, certificate_sha256, credential_id, signed_bytes,
};
use agent_protocol::{Outcome, SignedRequest, X509_CARD, X509Statement, limits};
use authenticator::card_signer::{
    CardCertificate, CardPin, CardSigner, CardSignerError, KeyKind, PinTries, SignRequest,
    SigningCard,
};
use authenticator::{CeremonyError, Until};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};

use super::Ceremony;
use super::card::Unfit;
use super::request::{Certificates, Request};
use crate::dialogs::Dialogs;
use crate::{clock, words};

/// A card that can answer.
pub(super) struct Holding {
    signer: Box<dyn CardSigner>,
    card: SigningCard,
    /// The certificates that will do, at least one.
    usable: Vec<CardCertificate>,
}

/// Reads the card, and finds what will do. Blocks.
pub(super) fn look(
    mut signer: Box<dyn CardSigner>,
    wanted: &Certificates,
    until: Until<'_>,
) -> Result<Holding, Unfit> {
    let card = signer.look(until).map_err(|error| Unfit::Cannot(error.into()))?;
    if card.certificates.is_empty() {
        // A store of authorities, for example.
        return Err(Unfit::Strange);
    }
    let usable = usable(&card, wanted, now()).map_err(Unfit::Cannot)?;
    match card.tries {
        PinTries::None => Err(Unfit::Cannot(CeremonyError::CardLocked)),
        PinTries::NotSet => Err(Unfit::Cannot(CeremonyError::CardPinNotSet)),
        _ => Ok(Holding { signer, card, usable }),
    }
}

/// The certificates that will do: those that are asked for, of keys that may sign and can, and
/// that are good now. Of several with one key, the one that is good longest.
fn usable(
    card: &SigningCard,
    wanted: &Certificates,
    now: i64,
) -> Result<Vec<CardCertificate>, CeremonyError> {
    let id = |it: &CardCertificate| credential_id(&it.subject_public_key_info);
    let (found, otherwise): (Vec<&CardCertificate>, _) = match wanted {
        Certificates::Allowed(ids) => {
            let is_wanted = |it: &&CardCertificate| ids.is_empty() || ids.contains(&id(it));
            (card.certificates.iter().filter(is_wanted).collect(), CeremonyError::NoCredential)
        }
        Certificates::AllBut(ids) => {
            let is_new = |it: &&CardCertificate| !ids.contains(&id(it));
            (card.certificates.iter().filter(is_new).collect(), CeremonyError::Excluded)
        }
    };
    if found.is_empty() {
        return Err(otherwise);
    }
    let good = found.into_iter().filter(|it| it.signs && it.is_good_at(now));
    let mut good: Vec<_> = good.cloned().collect();
    if good.is_empty() {
        return Err(CeremonyError::NoCertificate);
    }
    good.retain(|it| it.key != KeyKind::Other);
    if good.is_empty() {
        return Err(CeremonyError::UnsupportedKey);
    }
    good.sort_by_key(|it| std::cmp::Reverse(it.not_after));
    let mut keys = Vec::new();
    good.retain(|it| {
        let is_first = !keys.contains(&it.subject_public_key_info);
        keys.push(it.subject_public_key_info.clone());
        is_first
    });
    Ok(good)
}

/// Has the key of a certificate sign the statement, after the card has checked the PIN.
pub(super) fn sign(
    ceremony: &Ceremony,
    holding: Holding,
    person: &mut Dialogs,
) -> Result<Outcome, CeremonyError> {
    let Holding { mut signer, card, usable } = holding;
    let certificate = chosen(&usable, ceremony, person)?;
    let claims = ceremony.request.claims();
    let mut statement = statement(claims, certificate, &card)?;
    let message = signed_bytes(&statement.authenticator_data, &statement.client_data_json);
    let asked = Asked { ceremony, card: &card, certificate, message: &message };
    statement.signature = asked.signature(&mut *signer, person)?;
    // What another key has signed, or nothing at all, does not leave this computer.
    let (_, verifies) = scheme(certificate.key)?;
    UnparsedPublicKey::new(verifies, &certificate.subject_public_key_info)
        .verify(&message, &statement.signature)
        .map_err(|_| CeremonyError::Changed)?;
    let statement = X509Statement::from(&statement);
    Ok(if Request::creates(claims) {
        Outcome::X509Registration(statement)
    } else {
        Outcome::X509Assertion(statement)
    })
}

/// The certificate that signs; of several the one that the person names.
fn chosen<'a>(
    usable: &'a [CardCertificate],
    ceremony: &Ceremony,
    person: &mut Dialogs,
) -> Result<&'a CardCertificate, CeremonyError> {
    let nth = if usable.len() > 1 {
        let several: Vec<_> = usable.iter().map(words::which_certificate).collect();
        person.choose(&several, words::THIS_CERTIFICATE, ceremony.deadline)
    } else {
        Some(0)
    };
    nth.and_then(|nth| usable.get(nth)).ok_or(CeremonyError::Declined)
}

/// What is signed, without the signature. The card verifies its holder in any case.
fn statement(
    claims: &SignedRequest,
    certificate: &CardCertificate,
    card: &SigningCard,
) -> Result<StatementBytes, CeremonyError> {
    let creates = Request::creates(claims);
    let data = StatementData {
        statement_type: if creates { StatementType::Create } else { StatementType::Get },
        challenge: claims.challenge.clone(),
        origin: claims.origin.clone(),
        cross_origin: false,
        cardea: Bound {
            v: 1,
            kind: X509_CARD.to_owned(),
            tenant: claims.tenant.clone(),
            txn: claims.txn.clone(),
            cert_sha256: certificate_sha256(&certificate.der),
        },
    };
    Ok(StatementBytes {
        alg: scheme(certificate.key)?.0,
        certificate: certificate.der.clone(),
        chain: chain(certificate, &card.authorities),
        authenticator_data: authenticator_data(&claims.rp_id, USER_PRESENT | USER_VERIFIED),
        client_data_json: data.to_json(),
        signature: Vec::new(),
    })
}

/// The intermediate certificates on the card, from the certificate upwards. Which of them the
/// server believes is its own business; a root it has itself.
fn chain(certificate: &CardCertificate, authorities: &[CardCertificate]) -> Vec<Vec<u8>> {
    let mut chain: Vec<Vec<u8>> = Vec::new();
    let mut issuer = &certificate.issuer;
    while chain.len() < limits::MAX_CHAIN {
        let above = authorities.iter().find(|it| {
            it.subject == *issuer && it.subject != it.issuer && !chain.contains(&it.der)
        });
        let Some(above) = above else { break };
        chain.push(above.der.clone());
        issuer = &above.issuer;
    }
    chain
}

/// How a key signs: for COSE, and for who verifies it.
fn scheme(key: KeyKind) -> Result<(i64, &'static dyn VerificationAlgorithm), CeremonyError> {
    match key {
        KeyKind::P256 => Ok((algorithm::ES256, &ECDSA_P256_SHA256_ASN1)),
        KeyKind::P384 => Ok((algorithm::ES384, &ECDSA_P384_SHA384_ASN1)),
        KeyKind::Rsa => Ok((algorithm::RS256, &RSA_PKCS1_2048_8192_SHA256)),
        KeyKind::Other => Err(CeremonyError::UnsupportedKey),
    }
}

/// What is asked of person and card.
struct Asked<'a> {
    ceremony: &'a Ceremony,
    card: &'a SigningCard,
    certificate: &'a CardCertificate,
    message: &'a [u8],
}

impl Asked<'_> {
    /// Asks for the PIN, and has the card sign with it. Each PIN that is entered is tried once, and
    /// the last try is used only at the person's word.
    fn signature(
        &self,
        signer: &mut dyn CardSigner,
        person: &mut Dialogs,
    ) -> Result<Vec<u8>, CeremonyError> {
        let deadline = self.ceremony.deadline;
        let (mut tries, mut error) = (self.card.tries, words::card_tries(self.card.tries, false));
        loop {
            let dares_last_try = tries == PinTries::Last;
            if dares_last_try && !person.agrees(words::LAST_CARD_TRY, words::TRY_ANYWAY, deadline) {
                return Err(CeremonyError::Declined);
            }
            let pin = self.pin(error.take(), person)?;
            let request = SignRequest {
                certificate: self.certificate,
                message: self.message,
                pin: pin.as_ref(),
                dares_last_try,
            };
            let until = Until { deadline, cancel: self.ceremony.cancel.flag() };
            let answer = signer.sign(&request, until);
            person.waiting.is_over();
            match answer {
                // At the reader, nobody has seen when it was entered.
                Ok(signature) if person.entry.enter() => return Ok(signature),
                Ok(_) => return Err(CeremonyError::Cancelled),
                Err(CardSignerError::WrongPin(left)) => {
                    tries = left;
                    error = words::card_tries(left, true);
                }
                Err(CardSignerError::PinForm) => error = Some(words::OTHER_PIN_FORM.to_owned()),
                // It has become so since the card was read; nothing was tried.
                Err(CardSignerError::LastTry) if !dares_last_try => tries = PinTries::Last,
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// The PIN that the person types here; `None`: they type it at the reader.
    fn pin(
        &self,
        error: Option<String>,
        person: &mut Dialogs,
    ) -> Result<Option<CardPin>, CeremonyError> {
        let deadline = self.ceremony.deadline;
        if !self.card.pin_at_reader {
            let about = words::certificate(&self.card.label, self.certificate);
            let pin = person.enter_card_pin(&about, error, deadline);
            return pin.map(Some).ok_or(CeremonyError::Declined);
        }
        // The reader would ask again by itself.
        if error.is_some_and(|error| !person.agrees(&error, words::TRY_AGAIN, deadline)) {
            return Err(CeremonyError::Declined);
        }
        person.waiting.for_pin_at_reader();
        Ok(None)
    }
}

/// In seconds since 1970.
fn now() -> i64 {
    let since = clock::wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
