//! What the person is asked while the device is being found.

use authenticator::race::Standing;

use super::{Able, Misfit, Selection};
use crate::board::{DeviceId, Kind, Way};
use crate::ceremony::card::Unfit;
use crate::pinentry::Dialog;
use crate::words;

/// A question, and what "yes" means.
#[derive(Debug)]
pub(super) struct Question {
    description: String,
    error: Option<String>,
    ok: &'static str,
    pub(super) not_ok: Option<&'static str>,
    pub(super) offer: Offer,
}

/// What "yes" means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Offer {
    /// Use this device.
    Device(DeviceId),
    /// Put the dialog away; the keys go on blinking.
    Hide,
    /// Look once more at what is there.
    LookAgain,
}

impl Question {
    pub(super) fn dialog(&self) -> Dialog<'_> {
        Dialog {
            title: words::TITLE,
            description: &self.description,
            error: self.error.as_deref(),
            prompt: "",
            ok: self.ok,
            not_ok: self.not_ok,
        }
    }
}

impl Selection<'_> {
    /// The question that fits to what is there.
    pub(super) fn question(&self) -> Question {
        match &self.pool()[..] {
            [] => self.where_is_it(),
            [only] if only.standing == Standing::CanAnswer => self.is_it_this(only),
            several => self.which_of(several),
        }
    }

    fn where_is_it(&self) -> Question {
        let why = self.reasons(|_| true);
        let not_yet = self.asked.then(|| words::NO_CARD_YET.to_owned());
        Question {
            description: format!("{}\n\n{}", self.who_asks, words::PUT_CARD),
            error: why.or(not_yet),
            ok: words::CHECK_AGAIN,
            not_ok: None,
            offer: Offer::LookAgain,
        }
    }

    fn is_it_this(&self, only: &Able) -> Question {
        Question {
            description: format!(
                "{}\n\n{}",
                self.who_asks,
                words::device(only.device.kind, &only.device.name)
            ),
            error: self.reasons(|misfit| !misfit.lies),
            ok: words::use_this(only.device.kind),
            not_ok: None,
            offer: Offer::Device(only.device.id),
        }
    }

    /// Keys are touched; a card that lies there is named, one after the other.
    fn which_of(&self, pool: &[&Able]) -> Question {
        let is_card = |able: &&&Able| able.device.kind == Kind::Card;
        let cards: Vec<_> = pool.iter().filter(is_card).collect();
        let nth = self.offered.checked_rem(cards.len()).unwrap_or_default();
        let card = cards.get(nth).map(|able| &able.device);
        let mut choose = words::TOUCH_OR_LAY.to_owned();
        if let Some(card) = card {
            choose.push('\n');
            choose.push_str(&match card.way {
                Way::Ctap(_) => words::or_use_the_card_in(&card.name),
                Way::Certificates(_) => words::or_use_the_certificate_in(&card.name),
            });
        }
        Question {
            description: format!("{}\n\n{choose}", self.who_asks),
            error: doubts(pool).or_else(|| self.reasons(|misfit| !misfit.lies)),
            ok: if card.is_some() { words::USE_THIS_CARD } else { words::HIDE },
            not_ok: (cards.len() > 1).then_some(words::ANOTHER),
            offer: card.map_or(Offer::Hide, |card| Offer::Device(card.id)),
        }
    }

    /// Why devices are not asked. Those that are no FIDO devices are spoken of only where there
    /// are no others: a key may show up as a card that is none, too.
    fn reasons(&self, which: impl Fn(&Misfit) -> bool) -> Option<String> {
        let misfits =
            || self.misfits.iter().filter(|misfit| which(misfit) && !self.is_known(misfit));
        let said = misfits().filter_map(|misfit| match &misfit.why {
            Unfit::Cannot(error) => {
                Some(words::cannot(misfit.device.kind, &misfit.device.name, error))
            }
            Unfit::Strange => None,
        });
        let strange = || misfits().next().map(|_| words::OTHER_CARD.to_owned());
        lines_of(said).or_else(strange)
    }

    /// Whether a card that is no FIDO card can answer with a certificate.
    fn is_known(&self, misfit: &Misfit) -> bool {
        self.able.iter().any(|able| misfit.device.is_in_reader_of(&able.device))
    }
}

/// That those of which one cannot be sure may be the wrong ones.
fn doubts(pool: &[&Able]) -> Option<String> {
    let unsure = pool.iter().filter(|able| able.standing == Standing::MayHideIt);
    lines_of(unsure.map(|able| words::may_hide_it(able.device.kind, &able.device.name)))
}

/// So many devices are spoken of at a time.
const MOST_LINES: usize = 3;

fn lines_of(lines: impl Iterator<Item = String>) -> Option<String> {
    let lines: Vec<_> = lines.take(MOST_LINES).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
