//! Which of several devices is meant.

use crate::{Inserted, Kind, Open, State};

/// No device, or not one alone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoiceError {
    #[error("there is no card in a reader. Put one in; if it lies there, see cardea-agent doctor.")]
    NoCard,
    #[error("there is no security key. Plug one in; if it is, see cardea-agent doctor.")]
    NoKey,
    #[error("there are several: {0}. Say which one by --device.")]
    Several(String),
    #[error(
        "nothing is there whose name has \"{0}\" in it. Without further words this command lists all."
    )]
    NotThere(String),
    #[error(
        "--device \"{0}\" is no whole name, and here it must be one, or a device node. There is: {1}."
    )]
    Part(String, String),
    #[error("there is no card in {0}. Put one in.")]
    Empty(String),
    #[error("the card in {0} does not answer. Take it out, turn it over, and put it back.")]
    Unresponsive(String),
    #[error("you may not use the key {0}. Run cardea-agent doctor: it says what to do.")]
    Forbidden(String),
}

/// Those that `name` may mean: the one that is called so, or else all whose names have it in them.
pub(super) fn named(all: Vec<Inserted>, name: Option<&str>) -> Vec<Inserted> {
    let Some(name) = name else { return all };
    let exact: Vec<_> = all.iter().filter(|device| is_called(device, name)).cloned().collect();
    if !exact.is_empty() {
        return exact;
    }
    let part = name.to_lowercase();
    all.into_iter().filter(|device| device.name.to_lowercase().contains(&part)).collect()
}

fn is_called(device: &Inserted, name: &str) -> bool {
    device.name == name || device.node.as_ref().is_some_and(|node| node.as_os_str() == name)
}

/// The one that `name` means, or the only one there is. Where something can be lost, a part of a
/// name is not enough: a device that is put in besides may have it in its name as well.
pub(super) fn one(
    all: Vec<Inserted>,
    kind: Kind,
    name: Option<&str>,
    whole: bool,
) -> Result<(Inserted, Open), ChoiceError> {
    let mut found = named(all, name);
    if let Some(name) = name {
        if found.is_empty() {
            return Err(ChoiceError::NotThere(name.to_owned()));
        }
        if whole && !found.iter().any(|device| is_called(device, name)) {
            return Err(ChoiceError::Part(name.to_owned(), names(&found)));
        }
    }
    // An empty reader beside one with a card is no choice.
    if found.len() > 1 {
        found.retain(|device| !matches!(device.state, State::Empty));
    }
    match <[Inserted; 1]>::try_from(found) {
        Ok([device]) => usable(device, name.is_some()),
        Err(found) if found.is_empty() && kind == Kind::Card => Err(ChoiceError::NoCard),
        Err(found) if found.is_empty() => Err(ChoiceError::NoKey),
        Err(found) => Err(ChoiceError::Several(names(&found))),
    }
}

fn usable(device: Inserted, is_named: bool) -> Result<(Inserted, Open), ChoiceError> {
    let name = device.name.clone();
    match &device.state {
        State::Ready(open) => {
            let open = open.clone();
            Ok((device, open))
        }
        State::Empty if is_named => Err(ChoiceError::Empty(name)),
        State::Empty => Err(ChoiceError::NoCard),
        State::Unresponsive => Err(ChoiceError::Unresponsive(name)),
        State::Forbidden => Err(ChoiceError::Forbidden(name)),
    }
}

/// Two keys of one make have one name; their nodes tell them apart.
fn names(devices: &[Inserted]) -> String {
    let in_words = |device: &Inserted| match &device.node {
        Some(node) => format!("{} ({})", device.name, node.display()),
        None => device.name.clone(),
    };
    devices.iter().map(in_words).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpenError;
    use std::sync::Arc;

    fn reader(name: &str, has_card: bool) -> Inserted {
        let open: Open = Arc::new(|| Err(OpenError("a test".into())));
        let state = if has_card { State::Ready(open) } else { State::Empty };
        Inserted { kind: Kind::Card, name: name.into(), node: None, socket: None, state }
    }

    fn chosen(all: &[Inserted], name: Option<&str>) -> String {
        match one(all.to_vec(), Kind::Card, name, false) {
            Ok((device, _)) => device.name,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_name_means_the_one_that_has_it_or_the_only_one_that_has_a_part_of_it() {
        let all = [reader("Reader 1", true), reader("Reader 12", true), reader("Other", false)];
        assert_eq!(chosen(&all, Some("Reader 1")), "Reader 1");
        assert_eq!(chosen(&all, Some("12")), "Reader 12");
        assert!(chosen(&all, Some("reader")).contains("Reader 1, Reader 12"));
        assert!(chosen(&all, None).contains("Reader 1, Reader 12"));
        assert!(chosen(&all, Some("x")).contains("\"x\""));
        assert!(chosen(&all, Some("other")).contains("no card in Other"));
    }

    #[test]
    fn where_something_can_be_lost_only_a_whole_name_will_do() {
        let chosen = |name| one(vec![reader("Reader 1", true)], Kind::Card, Some(name), true);
        assert!(chosen("Reader 1").is_ok());
        let said = chosen("reader").err().unwrap().to_string();
        assert!(said.contains("is no whole name") && said.contains("Reader 1"), "{said}");
    }

    #[test]
    fn an_empty_reader_beside_one_with_a_card_is_no_choice() {
        assert_eq!(chosen(&[reader("a", false), reader("b", true)], None), "b");
        for none in [&[][..], &[reader("a", false)], &[reader("a", false), reader("b", false)]] {
            assert!(chosen(none, None).contains("no card in a reader"));
        }
    }

    #[test]
    fn two_keys_of_one_make_are_told_apart_by_their_nodes() {
        let key = |node: &str| Inserted { node: Some(node.into()), ..reader("Key", true) };
        let all = [key("/dev/hidraw1"), key("/dev/hidraw2")];
        assert!(chosen(&all, None).contains("Key (/dev/hidraw1), Key (/dev/hidraw2)"));
        let (device, _) = one(all.to_vec(), Kind::Key, Some("/dev/hidraw2"), true).ok().unwrap();
        assert_eq!(device.node, Some("/dev/hidraw2".into()));
    }
}
