//! The card that answers in another's place.

use std::sync::{Mutex, PoisonError};

use crate::firmware::Input;
use crate::{Config, Simulator};

/// SELECT of the FIDO application (CTAP 2.1 §11.3.3): the other card was asked nothing yet.
const SELECT_FIDO: [u8; 14] =
    [0x00, 0xA4, 0x04, 0x00, 0x08, 0xA0, 0x00, 0x00, 0x06, 0x47, 0x2F, 0x00, 0x01, 0x00];
/// INS of SELECT.
const SELECT: u8 = 0xA4;
/// What is answered when the firmware has ended: `CTAP1_ERR_OTHER`, or no precise diagnosis.
const OTHER: [u8; 1] = [0x7F];
const NO_DIAGNOSIS: [u8; 2] = [0x6F, 0x00];

/// A card of the same make, which is switched on when it is first needed.
pub(crate) struct Another {
    config: Config,
    card: Mutex<Option<Simulator>>,
}

impl Another {
    pub(crate) fn beside(config: &Config) -> Self {
        let config = Config { piv: config.piv, ..Config::seeded(config.seed.wrapping_add(1)) };
        Self { config, card: Mutex::new(None) }
    }

    pub(crate) fn answers(&self, input: &Input) -> Vec<u8> {
        let refusal = match input {
            Input::Ctap(_) => OTHER.to_vec(),
            Input::U2f(_) | Input::Apdu(_) => NO_DIAGNOSIS.to_vec(),
        };
        let mut card = self.card.lock().unwrap_or_else(PoisonError::into_inner);
        if card.is_none() {
            *card = Simulator::start(self.config.clone()).ok();
        }
        let Some(card) = &*card else { return refusal };
        if let Input::Apdu(apdu) = input
            && apdu.get(1) != Some(&SELECT)
        {
            card.ask(Input::Apdu(SELECT_FIDO.to_vec()));
        }
        card.ask(input.clone()).unwrap_or(refusal)
    }
}
