//! The module for smart cards with certificates, and the cards that it knows.

use authenticator::card_signer::{CardCertificate, PinTries};

use super::{Desktop, Finding};
use crate::causes::Causes;
use crate::plain::called;
use crate::smart_cards::{Looked, library, look};
use crate::words;

const MODULE: &str = "Smart card module";
const CARD: &str = "Smart card";

/// What OpenSC's module is installed by.
const INSTALL: &str = "only if you have smart cards with certificates: as root: \
     apt-get install opensc-pkcs11";

pub(super) async fn examine(desktop: &Desktop) -> Vec<Finding> {
    let Some(modules) = &desktop.modules else {
        let says = "there is none: cards with certificates are not asked";
        return vec![Finding::absent(MODULE, says, Some(INSTALL))];
    };
    let path = modules.path().display();
    let mut findings = Vec::new();
    let looked = match library(modules).await {
        Ok(name) => {
            findings.push(Finding::good(MODULE, format!("{path} loads: {name}")));
            look(modules).await
        }
        Err(error) => Err(error),
    };
    match looked {
        Ok(cards) => findings.extend(cards.iter().map(of_card)),
        Err(error) => {
            let mend = "install it again, or name another in /etc/cardea/agent.toml: \
                 pkcs11-module = \"/…\"; \"none\" for none";
            let says = format!("{path} cannot be used: {}", Causes(&error));
            findings.push(Finding::wrong(MODULE, says, mend));
        }
    }
    findings
}

fn of_card(Looked { token, card }: &Looked) -> Finding {
    let name = called(&token.label);
    match card {
        Ok(card) if card.tries == PinTries::None => Finding::wrong(
            CARD,
            format!("{name} in {}: its PIN is locked", token.slot),
            "ask who issued the card to unlock it",
        ),
        Ok(card) => {
            let certificates = certificates(&card.certificates);
            let pin = words::tries(card.tries);
            Finding::good(CARD, format!("{name} in {}: {certificates}, PIN {pin}", token.slot))
        }
        Err(error) => Finding::wrong(
            CARD,
            format!("{name} in {}: {}", token.slot, Causes(error)),
            "take it out, put it back, and run cardea-agent doctor again",
        ),
    }
}

/// How many of them can be used here.
fn certificates(all: &[CardCertificate]) -> String {
    match all.iter().filter(|it| it.can_sign()).count() {
        0 => "no certificate for signing in".to_owned(),
        1 => "1 certificate".to_owned(),
        several => format!("{several} certificates"),
    }
}

#[cfg(test)]
mod tests {
    use authenticator::card_signer::KeyKind;

    use super::*;

    #[test]
    fn a_certificate_that_can_never_sign_does_not_count() {
        let certificate = |key, signs| CardCertificate {
            der: Vec::new(),
            subject_public_key_info: Vec::new(),
            key,
            subject: String::new(),
            issuer: String::new(),
            not_before: 0,
            not_after: 0,
            is_authority: false,
            signs,
        };
        let (other, doors) = (certificate(KeyKind::Other, true), certificate(KeyKind::P256, false));
        let good = certificate(KeyKind::P256, true);
        for (all, says) in [
            (vec![other.clone(), doors.clone()], "no certificate for signing in"),
            (vec![other, good.clone(), doors], "1 certificate"),
            (vec![good.clone(), good], "2 certificates"),
        ] {
            assert_eq!(certificates(&all), says);
        }
    }
}
