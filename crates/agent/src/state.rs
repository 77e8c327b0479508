//! What the agent remembers: one record and one key per enrolment, in files of the user alone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use agent_protocol::{KeyError, PublicJwk, SigningKey, Thumbprint, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::server_address::ServerAddress;

/// The record of one enrolment: all that the agent knows about a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The server, as the person typed it.
    pub(crate) server: ServerAddress,
    /// The server's name for this device.
    pub(crate) device_id: String,
    /// The tenant's slug.
    pub(crate) tenant: String,
    /// The tenant's name for people.
    pub(crate) tenant_name: String,
    /// Whose login enrolled the device.
    pub(crate) account: String,
    /// The installation's RP ID.
    pub(crate) rp_id: String,
    /// The keys that sign requests.
    pub(crate) request_keys: Vec<PublicJwk>,
}

/// A record with its keys, ready for use.
#[derive(Debug)]
pub(crate) struct Enrolment {
    pub(crate) record: Record,
    pub(crate) key: SigningKey,
    pub(crate) device: Thumbprint,
    pub(crate) request_keys: Vec<VerifyingKey>,
}

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A file or folder.
    #[error("cannot use {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Others may read or change it.
    #[error("{} is open to other users; chmod go-rwx it", .0.display())]
    Open(PathBuf),
    /// Not a record.
    #[error("{} is damaged; remove it and pair again", .0.display())]
    Damaged(PathBuf),
    /// Another agent uses it.
    #[error("another agent already uses {}; see cardea-agent status", .0.display())]
    InUse(PathBuf),
}

impl Enrolment {
    /// Puts a record and its key together.
    pub(crate) fn new(record: Record, key: SigningKey) -> Result<Self, KeyError> {
        let request_keys = record.request_keys.iter().map(PublicJwk::key);
        let request_keys = request_keys.collect::<Result<Vec<_>, _>>()?;
        let device = key.public().thumbprint();
        Ok(Self { record, key, device, request_keys })
    }
}

/// The folder of the records.
pub(crate) struct State {
    folder: PathBuf,
}

/// Keeps other agents off the folder as long as it lives.
pub(crate) struct Claim(File);

impl Drop for Claim {
    fn drop(&mut self) {
        // Closing the file would do as well; a lock that is gone already is no fault.
        let _ = self.0.unlock();
    }
}

impl State {
    /// Opens the folder, and makes it if there is none.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Claim), StateError> {
        let at = |source| StateError::File { path: folder.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at)?;
        refuse_open(folder)?;
        let mut options = private();
        let options = options.write(true).create(true).truncate(false);
        let lock = options.open(folder.join("lock")).map_err(at)?;
        match lock.try_lock() {
            Ok(()) => Ok((Self { folder: folder.to_owned() }, Claim(lock))),
            Err(std::fs::TryLockError::WouldBlock) => Err(StateError::InUse(folder.to_owned())),
            Err(std::fs::TryLockError::Error(source)) => Err(at(source)),
        }
    }

    /// Reads every enrolment. One that cannot be used is left out, and said so.
    pub(crate) fn enrolments(&self) -> Result<Vec<Enrolment>, StateError> {
        let mut enrolments = Vec::new();
        for path in record_paths(&self.folder)? {
            match read(&path) {
                Ok(enrolment) => enrolments.push(enrolment),
                Err(error) => tracing::error!(%error, "an enrolment cannot be used"),
            }
        }
        Ok(enrolments)
    }

    /// Writes an enrolment: the key first, so that a record never lacks its key.
    pub(crate) fn store(&self, enrolment: &Enrolment, pkcs8: &[u8]) -> Result<(), StateError> {
        let record = serde_json::to_vec_pretty(&enrolment.record)
            .map_err(|_| StateError::Damaged(self.path(enrolment, "json")))?;
        self.write(&self.path(enrolment, "key"), pkcs8)?;
        self.write(&self.path(enrolment, "json"), &record)
    }

    /// Removes an enrolment: the record first, so that a key alone is all a crash can leave.
    pub(crate) fn remove(&self, enrolment: &Enrolment) -> Result<(), StateError> {
        for extension in ["json", "key"] {
            let path = self.path(enrolment, extension);
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(StateError::File { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn path(&self, enrolment: &Enrolment, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", enrolment.device))
    }

    /// Writes a file of the user alone, whole or not at all.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), StateError> {
        let at = |source| StateError::File { path: path.to_owned(), source };
        let new = path.with_extension("new");
        let mut file = private().write(true).create(true).truncate(true).open(&new).map_err(at)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(at)?;
        std::fs::rename(&new, path).map_err(at)?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(at)
    }
}

/// The records in `folder`, for who only looks: claims nothing, and makes nothing.
///
/// # Errors
///
/// [`StateError`] of the first thing that an agent could not use.
pub(crate) fn look(folder: &Path) -> Result<Vec<Record>, StateError> {
    refuse_open(folder)?;
    let paths = record_paths(folder)?;
    paths.iter().map(|path| read(path).map(|enrolment| enrolment.record)).collect()
}

/// The files of the records in `folder`.
fn record_paths(folder: &Path) -> Result<Vec<PathBuf>, StateError> {
    let at = |source| StateError::File { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(at)? {
        let path = entry.map_err(at)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn refuse_open(path: &Path) -> Result<(), StateError> {
    let at = |source| StateError::File { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(at)?.permissions().mode();
    // The last six bits are those of the group and of the others.
    if mode.trailing_zeros() >= 6 { Ok(()) } else { Err(StateError::Open(path.to_owned())) }
}

fn read(path: &Path) -> Result<Enrolment, StateError> {
    let at = |source| StateError::File { path: path.to_owned(), source };
    let damaged = || StateError::Damaged(path.to_owned());
    let key_path = path.with_extension("key");
    refuse_open(path)?;
    refuse_open(&key_path)?;
    let record = std::fs::read(path).map_err(at)?;
    let record: Record = serde_json::from_slice(&record).map_err(|_| damaged())?;
    let pkcs8 = Zeroizing::new(std::fs::read(&key_path).map_err(at)?);
    let key = SigningKey::from_pkcs8(&pkcs8).map_err(|_| damaged())?;
    Enrolment::new(record, key).map_err(|_| damaged())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::keys::new_key;

    /// Where a test may make a folder of its own. It goes with the test, however that ends.
    pub(crate) struct Scratch(PathBuf);

    pub(crate) fn scratch(name: &str) -> Scratch {
        let folder = std::env::temp_dir().join(format!("cardea-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Scratch(folder)
    }

    impl std::ops::Deref for Scratch {
        type Target = Path;

        fn deref(&self) -> &Path {
            &self.0
        }
    }

    impl AsRef<Path> for Scratch {
        fn as_ref(&self) -> &Path {
            self
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    pub(crate) fn enrolment() -> (Enrolment, Zeroizing<Vec<u8>>) {
        let (enrolment, pkcs8, _) = enrolment_and_server();
        (enrolment, pkcs8)
    }

    /// The same, and what its server signs with.
    pub(crate) fn enrolment_and_server() -> (Enrolment, Zeroizing<Vec<u8>>, SigningKey) {
        let (key, pkcs8) = new_key().unwrap();
        let (server_key, _) = new_key().unwrap();
        let record = Record {
            server: "https://login.example.com".parse().unwrap(),
            device_id: "dev-1".into(),
            tenant: "acme".into(),
            tenant_name: "Acme".into(),
            account: "ada@acme.example".into(),
            rp_id: "login.example.com".into(),
            request_keys: vec![server_key.public().to_jwk()],
        };
        (Enrolment::new(record, key).unwrap(), pkcs8, server_key)
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn an_enrolment_survives_a_restart_and_its_files_are_the_users_alone() {
        let folder = scratch("restart");
        let (enrolment, pkcs8) = enrolment();
        State::open(&folder).unwrap().0.store(&enrolment, &pkcs8).unwrap();
        let read = State::open(&folder).unwrap().0.enrolments().unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!((&read[0].record, &read[0].device), (&enrolment.record, &enrolment.device));
        assert_eq!(mode(&folder), 0o700);
        for entry in std::fs::read_dir(&folder).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
    }

    #[test]
    fn a_removed_enrolment_leaves_no_key() {
        let folder = scratch("removed");
        let (enrolment, pkcs8) = enrolment();
        let (state, claim) = State::open(&folder).unwrap();
        state.store(&enrolment, &pkcs8).unwrap();
        state.remove(&enrolment).unwrap();
        state.remove(&enrolment).unwrap();
        let left: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"]);
        drop(claim);
    }

    #[test]
    fn a_key_that_others_may_read_is_not_used() {
        let folder = scratch("open");
        let (enrolment, pkcs8) = enrolment();
        let (state, claim) = State::open(&folder).unwrap();
        state.store(&enrolment, &pkcs8).unwrap();
        let key = state.path(&enrolment, "key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(state.enrolments().unwrap().is_empty());
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(state.enrolments().unwrap().len(), 1);
        drop(claim);
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(State::open(&folder), Err(StateError::Open(_))));
    }

    #[test]
    fn two_agents_do_not_share_a_folder() {
        let folder = scratch("lock");
        let first = State::open(&folder).unwrap();
        assert!(matches!(State::open(&folder), Err(StateError::InUse(_))));
        drop(first);
        assert!(State::open(&folder).is_ok());
    }

    #[test]
    fn a_damaged_record_harms_no_other() {
        let folder = scratch("damaged");
        let (enrolment, pkcs8) = enrolment();
        let (state, claim) = State::open(&folder).unwrap();
        state.store(&enrolment, &pkcs8).unwrap();
        state.write(&folder.join("half.json"), b"{\"server\":").unwrap();
        state.write(&folder.join("half.key"), b"").unwrap();
        assert_eq!(state.enrolments().unwrap().len(), 1);
        drop(claim);
    }
}
