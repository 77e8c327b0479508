//! Turns an AAGUID into what people call that model of card, key or passkey provider.
//!
//! An AAGUID is what a device claims. Without attestation any device can give any number, so nothing
//! is decided by a name from here: it helps people to tell their things apart.
//!
//! Sources: at the head of `models.txt`.

/// AAGUIDs and the models that they stand for, with their sources.
const MODELS: &str = include_str!("models.txt");

/// The model with this AAGUID, written as people write it, in lower case:
/// `2fc0579f-8113-47ea-b116-bb5a8db9202a`. `None`: it is not known.
pub fn name(aaguid: &str) -> Option<&'static str> {
    let lines = MODELS.lines().filter(|line| !line.starts_with('#'));
    let mut models = lines.filter_map(|line| line.split_once(' '));
    models.find(|(listed, _)| *listed == aaguid).map(|(_, name)| name)
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
            let groups: Vec<usize> = number.split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12], "{line}");
            let is_digit = |c| matches!(c, '0'..='9' | 'a'..='f' | '-');
            assert!(number.chars().all(is_digit), "{line}");
            assert!(!model.is_empty() && model.trim() == model, "{line}");
        }
    }

    #[test]
    fn a_model_is_told_by_its_number_and_a_comment_is_none() {
        assert_eq!(name("2fc0579f-8113-47ea-b116-bb5a8db9202a"), Some("YubiKey 5 NFC"));
        assert_eq!(name("41414755-4944-3031-3233-343536373839"), Some("Trussed firmware"));
        assert_eq!(name("736f6674-2d61-7574-686e-2d3030303031"), None);
        assert_eq!(name("#"), None);
    }
}
