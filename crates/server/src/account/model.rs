//! The make of a card, as far as it is known.

use store::Credential;
use uuid::Uuid;

use crate::pages::Model;

/// AAGUIDs and the models that they stand for, with their sources.
const MODELS: &str = include_str!("models.txt");

/// The make of a card: the model that its AAGUID stands for, or else what kind of thing it is.
///
/// Both are what the device claims. Without attestation any device can give any number, so nothing
/// is decided by it: it helps people to tell their cards apart.
pub(crate) fn model(card: &Credential) -> Model {
    let aaguid = card.aaguid.filter(|aaguid| !aaguid.is_nil());
    let words = aaguid.and_then(name).unwrap_or_else(|| kind(&card.transports));
    Model { words: words.to_owned(), aaguid: aaguid.map(|aaguid| aaguid.to_string()) }
}

fn name(aaguid: Uuid) -> Option<&'static str> {
    let mut models = MODELS.lines().filter_map(|line| line.split_once(' '));
    let number = aaguid.to_string();
    models.find(|(listed, _)| *listed == number).map(|(_, name)| name)
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
    fn the_list_has_each_number_once_and_in_order() {
        let lines: Vec<_> = MODELS.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() > 50 && lines.is_sorted_by(|a, b| a[..36] < b[..36]), "{lines:?}");
        for line in lines {
            let (number, model) = line.split_once(' ').unwrap();
            assert_eq!(Uuid::parse_str(number).unwrap().to_string(), number);
            assert!(!model.is_empty() && model.trim() == model, "{line}");
        }
    }

    #[test]
    fn a_model_is_told_by_its_number_and_a_comment_is_none() {
        let known = |text| name(Uuid::parse_str(text).unwrap());
        assert_eq!(known("2fc0579f-8113-47ea-b116-bb5a8db9202a"), Some("YubiKey 5 NFC"));
        assert_eq!(name(Uuid::from_bytes(*b"AAGUID0123456789")), Some("Trussed firmware"));
        assert_eq!(name(Uuid::from_bytes(*b"soft-authn-00001")), None);
    }

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
