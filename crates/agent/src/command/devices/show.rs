//! What there is to know of a device without asking its holder for anything.

use authenticator::card_signer::CardCertificate;
use authenticator::management::{Inspection, PinState, Uv};
use serde::Serialize;

use super::choose::named;
use super::{Chosen, print, tell};
use crate::command::table::table;
use crate::environment::settings_files;
use crate::failure::Failure;
use crate::plain::plain;
use crate::{
    Causes, ErrandError, Inserted, Kind, ServiceError, State, inspect, pin_state, smart_cards,
    words,
};

/// A device, as it is printed.
#[derive(Serialize)]
struct Shown {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    /// `ready`, or why nothing more is known of it.
    state: &'static str,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    authenticator: Option<Authenticator>,
    /// What it is as a card with certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    smart_card: Option<SmartCard>,
}

/// A card with certificates.
#[derive(Serialize)]
struct SmartCard {
    label: String,
    pin: &'static str,
    certificates: Vec<Certificate>,
    /// Why nothing more is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Certificate {
    subject: String,
    issuer: String,
    /// The last day on which it is good.
    until: String,
    key: &'static str,
    /// Whether it can be used here at all.
    signs: bool,
}

#[derive(Serialize)]
struct Authenticator {
    /// By the AAGUID; `null`: not known.
    model: Option<&'static str>,
    aaguid: String,
    firmware: Option<u64>,
    versions: Vec<String>,
    pin: Pin,
    /// How many more credentials it has room for, at least; `null`: it does not say.
    free_places: Option<u32>,
    /// Whether they can be listed and deleted.
    lists_credentials: bool,
    /// `null`: it has no sensor.
    fingerprints: Option<Fingerprints>,
}

#[derive(Serialize)]
struct Pin {
    state: &'static str,
    tries_left: Option<u32>,
    min_length: u32,
    #[serde(skip)]
    words: String,
}

#[derive(Serialize)]
struct Fingerprints {
    enrolled: bool,
    tries_left: Option<u32>,
}

/// Prints those of `devices` that `name` may mean. Cards with certificates need no readers of pcscd.
pub(super) async fn all(
    devices: Result<Vec<Inserted>, ServiceError>,
    name: Option<&str>,
    kind: Kind,
    json: bool,
) -> Result<(), Failure> {
    let (devices, no_service) = match devices {
        Ok(devices) => (devices, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut shown = Vec::new();
    for device in &named(devices, name) {
        shown.push(look(device).await);
    }
    if kind == Kind::Card {
        smart_cards(&mut shown, name).await;
    }
    if let Some(error) = no_service.filter(|_| shown.is_empty()) {
        return Err(error.into());
    }
    let none = match kind {
        Kind::Card => "There is no card reader. cardea-agent doctor says what to do.\n",
        Kind::Key => "There is no security key. If one is plugged in, see cardea-agent doctor.\n",
    };
    let text = || {
        let blocks: Vec<String> = shown.iter().map(Shown::text).collect();
        if blocks.is_empty() { none.to_owned() } else { blocks.join("\n") }
    };
    print(json, &shown, text)
}

/// Prints one; it is an error when that cannot be looked at.
pub(super) async fn one(chosen: &Chosen) -> Result<(), Failure> {
    let inspection = inspect(&chosen.open).await.map_err(|error| chosen.failed(error))?;
    let shown = Shown::ready(&chosen.device, &inspection);
    print(chosen.json, &shown, || shown.text())
}

/// Adds what a module knows of cards with certificates: to the reader in which they are, or below.
async fn smart_cards(shown: &mut Vec<Shown>, wanted: Option<&str>) {
    let modules = match smart_cards::smart_cards(&settings_files()) {
        Ok(Some(modules)) => modules,
        Ok(None) => return,
        Err(error) => return doctor_says_more(&error),
    };
    let looked = match smart_cards::look(&modules).await {
        Ok(looked) => looked,
        Err(error) => return doctor_says_more(&error),
    };
    for card in &looked {
        let (name, card) = (plain(&card.token.slot, 80), SmartCard::of(card));
        let in_reader = |it: &&mut Shown| !name.is_empty() && it.name.starts_with(&name);
        if let Some(reader) = shown.iter_mut().find(in_reader) {
            // It is no FIDO2 card, and that is nothing to complain of.
            if reader.state == "other" {
                (reader.state, reader.error) = ("ready", None);
            }
            reader.smart_card = Some(card);
        } else if wanted.is_none_or(|wanted| name.to_lowercase().contains(&wanted.to_lowercase())) {
            let (node, error, authenticator) = (None, None, None);
            let smart_card = Some(card);
            shown.push(Shown { name, node, state: "ready", error, authenticator, smart_card });
        }
    }
}

fn doctor_says_more(error: &dyn std::error::Error) {
    tell(&format!("{}. cardea-agent doctor says more.", Causes(error)));
}

async fn look(device: &Inserted) -> Shown {
    let not = |state, error: &str| Shown {
        name: device.name.clone(),
        node: node(device),
        state,
        error: Some(error.to_owned()),
        authenticator: None,
        smart_card: None,
    };
    match &device.state {
        State::Ready(open) => match inspect(open).await {
            Ok(inspection) => Shown::ready(device, &inspection),
            Err(ErrandError::NotFido) => not("other", "a card that is no FIDO2 card"),
            Err(error) => not("unusable", &error.to_string()),
        },
        State::Empty => not("empty", "no card"),
        State::Unresponsive => {
            not("unresponsive", "a card that does not answer: take it out, and turn it over")
        }
        State::Forbidden => {
            not("forbidden", "you may not use it; cardea-agent doctor says what to do")
        }
    }
}

fn node(device: &Inserted) -> Option<String> {
    device.node.as_ref().map(|node| node.display().to_string())
}

impl Shown {
    fn ready(device: &Inserted, inspection: &Inspection) -> Self {
        let info = &inspection.info;
        let aaguid = inspection.model();
        let versions = info.versions.iter().take(8).map(|version| plain(version, 40)).collect();
        Self {
            name: device.name.clone(),
            node: node(device),
            state: "ready",
            error: None,
            smart_card: None,
            authenticator: Some(Authenticator {
                model: models::name(&aaguid),
                aaguid,
                firmware: info.firmware_version,
                versions,
                pin: Pin::of(inspection.pin, info.min_pin_length),
                free_places: inspection.free_places,
                lists_credentials: inspection.lists_credentials,
                fingerprints: inspection.uv.map(Fingerprints::of),
            }),
        }
    }

    /// The name, and under it what is known, line by line.
    fn text(&self) -> String {
        let mut lines: Vec<[String; 2]> = Vec::new();
        let mut line = |what: &str, is: String| lines.push([format!("  {what}"), is]);
        if let Some(node) = &self.node {
            line("Node", node.clone());
        }
        if let Some(error) = &self.error {
            return format!("{}\n  {error}\n", self.name);
        }
        if let Some(it) = &self.authenticator {
            line("Model", it.model.unwrap_or("unknown").to_owned());
            line("AAGUID", it.aaguid.clone());
            if let Some(firmware) = it.firmware {
                line("Firmware", firmware.to_string());
            }
            line("Speaks", it.versions.join(", "));
            line("PIN", it.pin.words.clone());
            line(
                "Free places",
                match it.free_places {
                    Some(places) => places.to_string(),
                    None => "it does not say".to_owned(),
                },
            );
            line("Fingerprints", fingerprints(it.fingerprints.as_ref()));
        }
        if let Some(it) = &self.smart_card {
            line("Smart card", it.label.clone());
            line("Its PIN", it.error.clone().unwrap_or_else(|| it.pin.to_owned()));
            for certificate in &it.certificates {
                line("Certificate", certificate.text());
            }
        }
        format!("{}\n{}", self.name, table(&lines))
    }
}

impl SmartCard {
    fn of(looked: &smart_cards::Looked) -> Self {
        let label = plain(&looked.token.label, 64);
        match &looked.card {
            Ok(card) => Self {
                label,
                pin: words::tries(card.tries),
                certificates: card.certificates.iter().map(Certificate::of).collect(),
                error: None,
            },
            Err(error) => Self {
                label,
                pin: "unknown",
                certificates: Vec::new(),
                error: Some(plain(&Causes(error).to_string(), 200)),
            },
        }
    }
}

impl Certificate {
    fn of(it: &CardCertificate) -> Self {
        let until = jiff::Timestamp::from_second(it.not_after);
        Self {
            subject: plain(&it.subject, 80),
            issuer: plain(&it.issuer, 80),
            until: until.map_or_else(|_| "always".into(), |at| at.strftime("%Y-%m-%d").to_string()),
            key: words::key_kind(it.key),
            signs: it.can_sign(),
        }
    }

    fn text(&self) -> String {
        let Self { subject, issuer, until, key, signs } = self;
        let use_of_it = if *signs { "" } else { "; not for signing in" };
        format!("{subject}, issued by {issuer}, until {until}, {key}{use_of_it}")
    }
}

impl Pin {
    fn of(pin: PinState, min_length: u32) -> Self {
        let (state, tries_left) = match pin {
            PinState::NotSet => ("not set", None),
            PinState::Set { tries_left, must_be_changed: false } => ("set", Some(tries_left)),
            PinState::Set { tries_left, .. } => ("must be changed", Some(tries_left)),
            PinState::BlockedUntilPowerOff { tries_left } => {
                ("blocked until power off", Some(tries_left))
            }
            PinState::Blocked => ("blocked", Some(0)),
            _ => ("unsupported", None),
        };
        let words = match pin {
            PinState::NotSet => format!("none yet; at least {min_length} characters"),
            // The line begins with the word.
            _ => pin_state(pin).trim_start_matches("PIN ").to_owned(),
        };
        Self { state, tries_left, min_length, words }
    }
}

impl Fingerprints {
    fn of(uv: Uv) -> Self {
        Self { enrolled: uv.enrolled, tries_left: uv.tries_left }
    }
}

fn fingerprints(sensor: Option<&Fingerprints>) -> String {
    match sensor {
        None => "no sensor".to_owned(),
        Some(Fingerprints { enrolled: false, .. }) => "none yet".to_owned(),
        Some(Fingerprints { tries_left: Some(0), .. }) => "blocked; use the PIN".to_owned(),
        Some(Fingerprints { tries_left: Some(1), .. }) => "enrolled, 1 try left".to_owned(),
        Some(Fingerprints { tries_left: Some(tries), .. }) => {
            format!("enrolled, {tries} tries left")
        }
        Some(Fingerprints { tries_left: None, .. }) => "enrolled".to_owned(),
    }
}
