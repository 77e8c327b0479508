//! The card that is laid down although another device is asked already: the person means that one.

use std::sync::Arc;

use authenticator::race::Standing;

use super::Ceremony;
use super::card::{self, Card};
use super::request::Request;
use crate::board::DeviceId;

/// Waits for a device that somebody puts there after `since` was the latest, and that can answer.
/// One that only might does not displace the one that can: it would get its PIN.
pub(super) async fn newcomer(ceremony: &Ceremony, request: &Arc<Request>, since: DeviceId) -> Card {
    let mut seen = since;
    loop {
        for device in ceremony.board.arrivals_after(seen).await {
            seen = seen.max(device.id);
            if !device.was_put_there_after(since) {
                continue;
            }
            let (request, cancel, end) =
                (Arc::clone(request), ceremony.cancel.clone(), ceremony.deadline);
            let look = move || card::look(&device, &request, &cancel, end);
            let looked = tokio::task::spawn_blocking(look).await;
            if let Ok(Ok((card, Standing::CanAnswer))) = looked
                && ceremony.board.holds(card.id)
            {
                return card;
            }
        }
    }
}
