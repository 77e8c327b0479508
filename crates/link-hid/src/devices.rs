//! The keys that the system knows, from sysfs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;

use crate::descriptor::is_security_key;

/// Longest report descriptor that the kernel keeps.
const DESCRIPTOR: usize = 4_096;
/// Longest name that is shown.
const NAME: usize = 80;

/// A security key that is plugged in. Taken out and put back it is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecurityKey {
    /// Its device node.
    pub node: PathBuf,
    /// What its maker calls it.
    pub name: String,
    /// Whether it was there before anybody looked: nobody put it there in answer to a prompt.
    pub was_there: bool,
}

/// What the system says of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where the kernel keeps it. Each device that is plugged in has a place of its own, also one
    /// whose node has the name of an earlier one.
    pub(crate) place: PathBuf,
    pub(crate) name: String,
}

/// Whether we may read and write a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usable {
    Yes,
    /// Not yet, or never.
    Forbidden,
    /// There is no node.
    Missing,
}

/// The system, or one that a test has made up.
pub(crate) trait System: Send {
    /// The security keys, by the names of their nodes.
    fn keys(&self) -> BTreeMap<String, Found>;
    /// One of them.
    fn key(&self, name: &str) -> Option<Found>;
    fn usable(&self, node: &Path) -> Usable;
}

/// The folders in which the system shows its devices.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// `/sys/class/hidraw`.
    pub(crate) class: PathBuf,
}

impl Default for Folders {
    fn default() -> Self {
        Self { class: "/sys/class/hidraw".into() }
    }
}

impl System for Folders {
    fn keys(&self) -> BTreeMap<String, Found> {
        // No such folder: a kernel without HID, and no keys.
        let entries = fs::read_dir(&self.class).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| self.key(&name).map(|found| (name, found))).collect()
    }

    fn key(&self, name: &str) -> Option<Found> {
        if !is_node_name(name) {
            return None;
        }
        let place = fs::canonicalize(self.class.join(name)).ok()?;
        let descriptor = fs::read(place.join("device/report_descriptor")).ok()?;
        if !is_security_key(descriptor.get(..DESCRIPTOR).unwrap_or(&descriptor)) {
            return None;
        }
        let about = fs::read_to_string(place.join("device/uevent")).unwrap_or_default();
        Some(Found { place, name: maker_name(&about) })
    }

    fn usable(&self, node: &Path) -> Usable {
        match access(node, Access::READ_OK | Access::WRITE_OK) {
            Ok(()) => Usable::Yes,
            Err(Errno::NOENT) => Usable::Missing,
            Err(_) => Usable::Forbidden,
        }
    }
}

/// `hidraw` and a number: the name comes in a message, and becomes part of a path.
pub(crate) fn is_node_name(name: &str) -> bool {
    name.strip_prefix("hidraw").is_some_and(|number| {
        (1..=6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The maker writes it, and people read it.
fn maker_name(about: &str) -> String {
    let name = about.lines().find_map(|line| line.strip_prefix("HID_NAME=")).unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME).collect();
    if name.trim().is_empty() { "security key".to_owned() } else { name.trim().to_owned() }
}

#[cfg(test)]
mod tests;
