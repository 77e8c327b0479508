//! Fingerprints.

use authenticator::management::{Fingerprint, Sample, SampleStatus};
use serde::Serialize;

use super::confirm::confirm;
use super::credentials::hex;
use super::{Chosen, print, tell};
use crate::command::table::table;
use crate::failure::Failure;
use crate::plain::plain;

#[derive(clap::Subcommand)]
pub(crate) enum Chore {
    /// List them
    List,
    /// Have it learn a finger
    Enrol {
        /// What to call it
        #[arg(default_value = "")]
        name: String,
    },
    /// Give a fingerprint another name
    Rename {
        /// Its ID, as the list shows it
        id: String,
        /// What to call it
        name: String,
    },
    /// Have it forget a finger
    Delete {
        /// Its ID, as the list shows it
        id: String,
    },
}

/// Longest name that is shown, in characters.
const NAME: usize = 64;

const NO_SUCH: &str = "no fingerprint has this ID. List them, and copy the ID.";

/// A fingerprint, as it is printed.
#[derive(Serialize)]
struct Shown {
    /// In hexadecimal digits.
    id: String,
    name: String,
}

pub(super) async fn run(chosen: &Chosen, chore: Chore) -> Result<(), Failure> {
    match chore {
        Chore::List => {
            let shown: Vec<Shown> = list(chosen).await?.iter().map(Shown::of).collect();
            print(chosen.json, &shown, || text(&shown))
        }
        Chore::Enrol { name } => {
            let purpose = "Add a fingerprint";
            let errand = chosen.errand(purpose, lay_finger, move |management| {
                management.enrol_fingerprint(&name, &mut |sample| tell(&of_sample(sample)))
            });
            let fingerprint = errand.await?;
            chosen.done(&format!("the fingerprint {} is enrolled", hex(&fingerprint.id)))
        }
        Chore::Rename { id, name } => {
            let (id, shown) = (bytes(&id)?, plain(&name, NAME));
            let errand = chosen.errand(
                "Rename a fingerprint",
                || {},
                move |management| management.rename_fingerprint(&id, &name),
            );
            errand.await?;
            chosen.done(&format!("the fingerprint is called \"{shown}\""))
        }
        Chore::Delete { id } => delete(chosen, bytes(&id)?).await,
    }
}

async fn list(chosen: &Chosen) -> Result<Vec<Fingerprint>, Failure> {
    chosen.errand("List the fingerprints", || {}, |management| management.fingerprints()).await
}

async fn delete(chosen: &Chosen, id: Vec<u8>) -> Result<(), Failure> {
    let all = list(chosen).await?;
    let found = all.iter().find(|fingerprint| fingerprint.id == id);
    let name = found.map(|it| Shown::of(it).called()).ok_or(Failure::Id(NO_SUCH))?;
    let loss = format!("The {} will not know {name} any more.", chosen.place());
    confirm(&loss, chosen.yes).await?;
    let purpose = format!("Delete {name}");
    chosen.errand(&purpose, || {}, move |management| management.remove_fingerprint(&id)).await?;
    chosen.done(&format!("{name} is deleted"))
}

fn lay_finger() {
    tell("Lay your finger on the sensor now.");
}

/// What the sensor saw, and what to do next.
fn of_sample(sample: Sample) -> String {
    let saw = match sample.status {
        SampleStatus::GOOD => "Good.",
        SampleStatus::TOO_HIGH => "Too high.",
        SampleStatus::TOO_LOW => "Too low.",
        SampleStatus::TOO_LEFT => "Too far left.",
        SampleStatus::TOO_RIGHT => "Too far right.",
        SampleStatus::TOO_FAST => "Too fast.",
        SampleStatus::TOO_SLOW => "Too slow.",
        SampleStatus::TOO_SHORT => "Too short.",
        SampleStatus::EXISTS => "It knows this finger already.",
        SampleStatus::NO_USER_ACTIVITY => "It saw no finger.",
        _ => "Not readable.",
    };
    match sample.remaining {
        0 if sample.status == SampleStatus::GOOD => format!("{saw} That was the last."),
        1 => format!("{saw} Lift the finger and lay it down again, once more."),
        more => format!("{saw} Lift the finger and lay it down again, {more} times more."),
    }
}

/// The bytes of an ID in hexadecimal digits.
fn bytes(id: &str) -> Result<Vec<u8>, Failure> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pairs = id.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    let bytes: Option<Vec<u8>> = pairs.collect();
    bytes.filter(|bytes| !bytes.is_empty()).ok_or(Failure::Id(NO_SUCH))
}

fn text(shown: &[Shown]) -> String {
    if shown.is_empty() {
        return "No fingerprint is enrolled.\n".to_owned();
    }
    let mut rows = vec![["ID", "NAME"].map(str::to_owned)];
    rows.extend(shown.iter().map(|it| [it.id.clone(), it.name.clone()]));
    table(&rows)
}

impl Shown {
    fn of(fingerprint: &Fingerprint) -> Self {
        Self { id: hex(&fingerprint.id), name: plain(&fingerprint.name, NAME) }
    }

    fn called(&self) -> String {
        if self.name.is_empty() {
            format!("the fingerprint {}", self.id)
        } else {
            format!("the fingerprint \"{}\" ({})", self.name, self.id)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_shown_is_the_id_that_is_typed() {
        assert_eq!(bytes(&hex(&[0x00, 0xA5])).ok(), Some(vec![0x00, 0xA5]));
        for wrong in ["", "0", "0g", "zz", "00a"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_hostile_name_of_a_fingerprint_is_plain_text() {
        let shown = Shown { id: "01".into(), name: plain("\u{1b}[31mthumb\u{9b}", NAME) };
        assert_eq!(text(&[shown]), "ID  NAME\n01  [31mthumb\n");
        assert_eq!(text(&[]), "No fingerprint is enrolled.\n");
    }
}
