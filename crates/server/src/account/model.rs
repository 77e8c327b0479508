//! The make of a card, as far as it is known.

use store::{CardCertificate, Credential, CredentialKind, Passkey};

use crate::http::page::date;
use crate::pages::Model;

/// The make of a card: the model that its AAGUID stands for, or else what kind of thing it is.
///
/// Both are what the device claims. Without attestation any device can give any number, so nothing
/// is decided by it: it helps people to tell their cards apart.
pub(crate) fn model(card: &Credential) -> Model {
    match &card.kind {
        CredentialKind::Fido2(passkey) => model_of(passkey),
        CredentialKind::X509Card(certificate) => certificate_model(certificate),
    }
}

/// Whose certificate it is stands in it, but what it says of its holder decides nothing.
fn certificate_model(certificate: &CardCertificate) -> Model {
    let CardCertificate { issuer_name, not_after, .. } = certificate;
    let until = date(*not_after);
    let words = format!("Smart card certificate issued by {issuer_name}, valid until {until}");
    Model { words, aaguid: None }
}

fn model_of(card: &Passkey) -> Model {
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
    fn a_certificate_is_told_as_what_it_is() {
        let certificate = CardCertificate {
            issuer: Vec::new(),
            serial: Vec::new(),
            name_hash: [0; 32],
            subject: "CN=Mia".into(),
            issuer_name: "CN=Acme cards".into(),
            not_after: identity::Moment::from_unix_seconds(1_796_000_000),
        };
        let words = certificate_model(&certificate).words;
        let told = "Smart card certificate issued by CN=Acme cards, valid until 30 November 2026";
        assert_eq!(words, told);
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
