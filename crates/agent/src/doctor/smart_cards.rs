//! The module for smart cards with certificates, and the cards that it knows.

use authenticator::card_signer::PinTries;

use super::{Desktop, Finding};
use crate::causes::Causes;
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
    let name = words::called(&token.label);
    match card {
        Ok(card) if card.tries == PinTries::None => Finding::wrong(
            CARD,
            format!("{name} in {}: its PIN is locked", token.slot),
            "ask who issued the card to unlock it",
        ),
        Ok(card) => {
            let usable = card.certificates.iter().filter(|it| it.signs).count();
            let pin = words::tries(card.tries);
            let says = format!("{name} in {}: {usable} certificates, PIN {pin}", token.slot);
            Finding::good(CARD, says)
        }
        Err(error) => Finding::wrong(
            CARD,
            format!("{name} in {}: {}", token.slot, Causes(error)),
            "take it out, put it back, and run cardea-agent doctor again",
        ),
    }
}
