//! The sign-ins that are stored on a device.

use authenticator::management::{Stored, StoredCredential};
use serde::Serialize;

use super::confirm::confirm;
use super::{Chosen, print};
use crate::command::table::table;
use crate::failure::Failure;
use crate::plain::plain;

#[derive(clap::Subcommand)]
pub(crate) enum Chore {
    /// List them
    List,
    /// Delete one, for good
    Delete {
        /// Its ID, or the beginning of it, as the list shows it
        id: String,
    },
}

/// Shortest beginning of an ID that is shown, in hexadecimal digits.
const SHORTEST: usize = 8;
/// Longest text of a device that is shown, in characters.
const TEXT: usize = 64;

const NO_SUCH: &str = "no credential has an ID that begins so. List them, and copy the ID.";
const NOT_WHOLE: &str = "with --yes, give the ID as the list shows it, or all of it.";
const SEVERAL: &str = "several IDs begin so. Give more of it.";

#[derive(Serialize)]
struct Shown {
    possible_remaining: u32,
    credentials: Vec<Credential>,
}

/// A credential, as it is printed.
#[derive(Serialize)]
struct Credential {
    /// In hexadecimal digits.
    id: String,
    rp_id: String,
    rp_name: String,
    user_name: String,
    user_display_name: String,
    /// `credProtect`, where the authenticator says so.
    cred_protect: Option<u8>,
}

pub(super) async fn run(chosen: &Chosen, chore: Chore) -> Result<(), Failure> {
    let stored = chosen.errand("List the sign-ins", || {}, |management| management.credentials());
    let stored = stored.await?;
    match chore {
        Chore::List => {
            let shown = Shown::of(&stored);
            print(chosen.json, &shown, || shown.text())
        }
        Chore::Delete { id } => delete(chosen, &stored, &id).await,
    }
}

async fn delete(chosen: &Chosen, stored: &Stored, id: &str) -> Result<(), Failure> {
    let credential = with_id(stored, id, chosen.yes)?;
    let whose = Credential::of(credential).whose();
    let loss = format!(
        "The {} will forget the sign-in of {whose}. Nobody can bring it back: without another card \
         or key that account cannot be reached.",
        chosen.place()
    );
    confirm(&loss, chosen.yes).await?;
    let (purpose, id) = (format!("Delete the sign-in of {whose}"), credential.id.clone());
    chosen.errand(&purpose, || {}, move |management| management.delete_credential(&id)).await?;
    chosen.done(&format!("the sign-in of {whose} is deleted"))
}

/// The one whose ID begins so; `as_shown`: at least as far as the list shows it.
fn with_id<'a>(
    stored: &'a Stored,
    id: &str,
    as_shown: bool,
) -> Result<&'a StoredCredential, Failure> {
    let id = id.to_ascii_lowercase();
    let begins = |credential: &&StoredCredential| hex(&credential.id).starts_with(&id);
    let mut found = stored.credentials.iter().filter(begins);
    match (found.next(), found.next()) {
        _ if id.is_empty() => Err(Failure::Id(NO_SUCH)),
        (Some(credential), None) if as_shown && !is_as_shown(stored, credential, &id) => {
            Err(Failure::Id(NOT_WHOLE))
        }
        (Some(credential), None) => Ok(credential),
        (Some(_), Some(_)) => Err(Failure::Id(SEVERAL)),
        (None, _) => Err(Failure::Id(NO_SUCH)),
    }
}

fn is_as_shown(stored: &Stored, credential: &StoredCredential, id: &str) -> bool {
    let shown = Shown::of(stored).digits();
    id.len() >= shown.min(hex(&credential.id).len())
}

/// In hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

/// How many digits it takes to tell the IDs apart.
fn telling(ids: &[&str]) -> usize {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    let neighbours = sorted.iter().zip(sorted.iter().skip(1));
    let common = |(one, other): (&&str, &&str)| {
        one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
    };
    neighbours.map(common).max().map_or(SHORTEST, |same| same.saturating_add(1).max(SHORTEST))
}

impl Shown {
    fn of(stored: &Stored) -> Self {
        let credentials = stored.credentials.iter().map(Credential::of).collect();
        Self { possible_remaining: stored.possible_remaining, credentials }
    }

    /// How many digits of each ID are shown.
    fn digits(&self) -> usize {
        let ids: Vec<&str> = self.credentials.iter().map(|it| it.id.as_str()).collect();
        telling(&ids)
    }

    fn text(&self) -> String {
        let room = format!("Room for {} more.\n", self.possible_remaining);
        if self.credentials.is_empty() {
            return format!("No sign-in is stored. {room}");
        }
        let digits = self.digits();
        let mut rows = vec![["ID", "SERVER", "USER", "NAME"].map(str::to_owned)];
        rows.extend(self.credentials.iter().map(|it| {
            let id = it.id.get(..digits).unwrap_or(&it.id).to_owned();
            [id, it.rp_id.clone(), it.user_name.clone(), it.user_display_name.clone()]
        }));
        format!("{}{room}", table(&rows))
    }
}

impl Credential {
    fn of(stored: &StoredCredential) -> Self {
        let text = |text: &str| plain(text, TEXT);
        Self {
            id: hex(&stored.id),
            rp_id: text(&stored.rp_id),
            rp_name: text(&stored.rp_name),
            user_name: text(&stored.user_name),
            user_display_name: text(&stored.user_display_name),
            cred_protect: stored.cred_protect.map(|level| level.0),
        }
    }

    fn whose(&self) -> String {
        let user = if self.user_name.is_empty() { "an unnamed user" } else { &self.user_name };
        format!("{user} at {}", self.rp_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shown_as_long_as_it_takes_to_tell_them_apart() {
        assert_eq!(telling(&[]), 8);
        assert_eq!(telling(&["a1"]), 8);
        assert_eq!(telling(&["0000000000a", "0000000000b", "1"]), 11);
        assert_eq!(hex(&[0x00, 0xA5, 0xFF]), "00a5ff");
    }
}
