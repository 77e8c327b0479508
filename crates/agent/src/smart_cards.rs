//! Smart cards with certificates for the commands, and which module knows them.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use authenticator::Until;
use authenticator::card_signer::{CardSigner as _, CardSignerError, SigningCard};
use link_pkcs11::{ChildError, Modules, Program, TokenId};

use crate::cli::CHILD;
use crate::clock;
use crate::settings::{SettingsError, smart_card_module};

/// How long a module may take to read all cards.
const LOOK: Duration = Duration::from_secs(20);

/// What knows smart cards on this computer; `files`: where `agent.toml` may be.
pub(crate) fn smart_cards(files: &[PathBuf]) -> Result<Option<Modules>, SettingsError> {
    // The program itself, also when a newer one has taken its place.
    let program = Program { path: "/proc/self/exe".into(), arguments: vec![CHILD.into()] };
    Ok(smart_card_module(files)?.map(|module| Modules::new(module, program)))
}

/// A card with certificates, and what is on it.
pub(crate) struct Looked {
    /// The reader.
    pub(crate) token: TokenId,
    /// What is on it, or why that is not known.
    pub(crate) card: Result<SigningCard, CardSignerError>,
}

/// Looks at all cards that have certificates of people. Nobody is asked for a PIN.
pub(crate) async fn look(modules: &Modules) -> Result<Vec<Looked>, ChildError> {
    ask(modules, |modules, until| {
        let tokens = modules.tokens(until)?;
        let looked = tokens.into_iter().map(|token| {
            let card = modules.signer(token.clone()).look(until);
            Looked { token, card }
        });
        // A store of authorities is nobody's card.
        let is_card =
            |it: &Looked| it.card.as_ref().is_ok_and(|card| !card.certificates.is_empty());
        Ok(looked.filter(|it| it.card.is_err() || is_card(it)).collect())
    })
    .await
}

/// What the module calls itself, if it loads.
pub(crate) async fn library(modules: &Modules) -> Result<String, ChildError> {
    ask(modules, Modules::library).await
}

/// Asks the module on a thread where it may take its time.
async fn ask<T: Send + 'static>(
    modules: &Modules,
    question: impl FnOnce(&Modules, Until<'_>) -> Result<T, ChildError> + Send + 'static,
) -> Result<T, ChildError> {
    let modules = modules.clone();
    let asked = tokio::task::spawn_blocking(move || {
        let never = AtomicBool::new(false);
        let now = clock::now();
        let until = Until { deadline: now.checked_add(LOOK).unwrap_or(now), cancel: &never };
        question(&modules, until)
    });
    asked.await.unwrap_or(Err(ChildError::Crashed))
}
