//! The make of a card, as far as it is known.

use store::Credential;

use crate::pages::Model;

/// The make of a card: the model that its AAGUID stands for, or else what kind of thing it is.
///
/// Both are what the device claims. Without attestation any device can give any number, so nothing
/// is decided by it: it helps people to tell their cards apart.
pub(crate) fn model(card: &Credential) -> Model {
    let aaguid = card.aaguid.filter(|aaguid| !aaguid.is_nil()).map(|aaguid| aaguid.to_string());
    let name = aaguid.as_deref().and_then(models::name);
    Model { words: name.unwrap_or_else(|| kind(&card.transports)).to_owned(), aaguid }
}

fn kind(transports: &[String]) -> &'static str {
    match transports.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["internal", ..] => "Passkey of a device",
        ["hybrid", ..] => "Phone",
        list if list.contains(&"nfc") || list.contains(&"smart-card") => "Card",
        list if list.contains(&"usb") => "Security key",
        _ => "Card or key",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_model_is_told_by_what_it_is_connected_with() {
        let kind =
            |names: &[&str]| kind(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(kind(&["nfc", "usb"]), "Card");
        assert_eq!(kind(&["usb"]), "Security key");
        assert_eq!(kind(&["internal", "hybrid"]), "Passkey of a device");
        assert_eq!(kind(&["hybrid"]), "Phone");
        assert_eq!(kind(&[]), "Card or key");
    }
}
