//! Smart cards with certificates, by a PKCS#11 module: they are on the board only while somebody
//! asks for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use link_pkcs11::{Event, Modules, TokenId, Watch};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::board::{Arrival, Board, DeviceId};
use crate::causes::Causes;
use crate::desk::lock;
use crate::plain::plain;

/// So long is waited for the cards that lie there already, before anybody is asked for one.
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// Longest name of a reader that is shown, in characters.
const NAME: usize = 80;

type Cards = Arc<Mutex<HashMap<TokenId, DeviceId>>>;

/// Whether the module has looked at all readers for the first time, or will not. Until then a card that
/// lies there may not be on the board.
#[derive(Clone, Debug)]
pub(crate) struct FirstLook(Option<watch::Receiver<bool>>);

impl FirstLook {
    /// Where no module looks.
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn is_over(&self) -> bool {
        self.0.as_ref().is_none_or(|looked| *looked.borrow() || looked.has_changed().is_err())
    }

    /// Waits until it is.
    pub(crate) async fn over(&self) {
        if let Some(looked) = &self.0 {
            // Who would tell is gone: there is no more to wait for.
            let _ = looked.clone().wait_for(|looked| *looked).await;
        }
    }
}

/// The cards are on the board until this is dropped.
pub(crate) struct Tokens {
    board: Board,
    cards: Cards,
    /// `None` once it has ended.
    watch: Option<Watch>,
    first_look: FirstLook,
}

impl Tokens {
    /// Puts the cards on `board`, and waits a little until those that lie there are on it. A module
    /// that takes longer has them come later; one that reads a card which has left may take for ever.
    pub(crate) async fn watch(modules: &Modules, board: &Board) -> Self {
        let looked = watch::Sender::new(false);
        let first_look = FirstLook(Some(looked.subscribe()));
        let cards = Cards::default();
        let (signers, to, known) = (modules.clone(), board.clone(), Arc::clone(&cards));
        let started = modules.watch(move |event| {
            on_event(event, &signers, &to, &known);
            looked.send_replace(true);
        });
        let tokens = Self {
            board: board.clone(),
            cards,
            watch: started.inspect_err(|error| tracing::warn!(%error, "no smart cards")).ok(),
            first_look,
        };
        let there: Vec<_> = board.devices().iter().map(|device| device.id).collect();
        tokio::select! {
            biased;
            looked = timeout(FIRST_LOOK, tokens.first_look.over()) => if looked.is_err() {
                tracing::warn!(module = %modules.path().display(), "the smart card module is slow");
            },
            () = board.departure_among(&there) => {}
        }
        tokens
    }

    /// Whether those that lay there are on the board.
    pub(crate) fn first_look(&self) -> FirstLook {
        self.first_look.clone()
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        // Nothing is told any more when this is gone.
        self.watch = None;
        lock(&self.cards).drain().for_each(|(_, id)| self.board.left(id));
    }
}

fn on_event(event: Event, modules: &Modules, board: &Board, cards: &Cards) {
    let arrive = |token: TokenId, arrival| {
        let (modules, of) = (modules.clone(), token.clone());
        let signer = move || -> Box<dyn authenticator::card_signer::CardSigner> {
            Box::new(modules.signer(of.clone()))
        };
        let id = board.card_arrived(plain(&token.slot, NAME), arrival, Arc::new(signer));
        lock(cards).insert(token, id);
    };
    match event {
        Event::Found(found) => found.into_iter().for_each(|it| arrive(it, Arrival::Before)),
        Event::Arrived(token) => arrive(token, Arrival::Now),
        Event::Left(token) => {
            if let Some(id) = lock(cards).remove(&token) {
                board.left(id);
            }
        }
        Event::Ended(error) => {
            tracing::warn!(
                module = %modules.path().display(),
                error = %Causes(&error),
                "the smart card module is of no use"
            );
        }
        _ => {}
    }
}
