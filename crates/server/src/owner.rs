//! Whose the data is: the user that serves must be able to open what this process makes.

use std::fs::{Metadata, metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::config::Config;

/// The data is another user's, or part of it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnerError {
    /// Root would make a database that is root's, and the user that serves could not open it.
    #[error("{data} belongs to {user}, who serves from it; as root, say: {command}")]
    AsRoot {
        /// The data folder.
        data: PathBuf,
        /// To whom it belongs.
        user: String,
        /// The same command, as that user.
        command: String,
    },
    /// Only its owner protects a file, and only its owner may write this one.
    #[error("{file} belongs to {user}; as root, say: {mend}")]
    OfAnother {
        /// The file.
        file: PathBuf,
        /// To whom it belongs.
        user: String,
        /// What gives it back.
        mend: String,
    },
}

/// Whether this process may open the database in the data folder, and whoever serves can afterwards.
///
/// # Errors
///
/// See [`OwnerError`].
pub(crate) fn check(config: &Config) -> Result<(), OwnerError> {
    // What is not there has no owner yet, and a database elsewhere has its own rules.
    let (None, Ok(folder)) = (&config.database, metadata(&config.data)) else { return Ok(()) };
    let own = rustix::process::geteuid();
    if own.is_root() && folder.uid() != 0 {
        let words = std::env::args_os().skip(1);
        let words: Vec<_> = words.map(|word| shell_word(&word.to_string_lossy())).collect();
        return Err(OwnerError::AsRoot {
            data: config.data.clone(),
            user: name(folder.uid()),
            command: as_owner(&folder, &words.join(" ")),
        });
    }
    if own.is_root() {
        return Ok(());
    }
    files(&config.sqlite()).try_for_each(|file| match metadata(&file) {
        Ok(found) if found.uid() != own.as_raw() => Err(OwnerError::OfAnother {
            user: name(found.uid()),
            mend: give_back(&config.sqlite(), &folder),
            file,
        }),
        _ => Ok(()),
    })
}

/// `cardea` with these words, as the user to whom the data folder belongs.
pub(crate) fn as_owner(folder: &Metadata, words: &str) -> String {
    let before = match user_name(folder.uid()) {
        Some(name) => format!("runuser -u {name} --"),
        None => format!("setpriv --reuid={} --regid={} --clear-groups", folder.uid(), folder.gid()),
    };
    format!("{before} cardea {words}")
}

/// A word of a command that a person may copy into a shell.
pub(crate) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The database, what `SQLite` keeps beside it, and the lock of whoever prepares it.
fn files(database: &Path) -> impl Iterator<Item = PathBuf> {
    ["", "-wal", "-shm", ".lock"].into_iter().map(|end| beside(database, end))
}

fn beside(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn give_back(database: &Path, folder: &Metadata) -> String {
    let files = shell_word(&database.to_string_lossy());
    format!("chown {}:{} {files}*", name(folder.uid()), folder.gid())
}

fn name(uid: u32) -> String {
    user_name(uid).unwrap_or_else(|| uid.to_string())
}

fn user_name(uid: u32) -> Option<String> {
    named(&std::fs::read_to_string("/etc/passwd").ok()?, uid)
}

/// The name in a line `name:password:uid:…` of passwd(5).
fn named(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_name_in_the_line_of_their_number() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\n\n:x:7:7::/:\ncardea:x:997:996::/:/bin/false\n";
        assert_eq!(named(passwd, 997).as_deref(), Some("cardea"));
        for nobody in [996, 7, 1] {
            assert_eq!(named(passwd, nobody), None);
        }
    }

    #[test]
    fn a_word_that_a_shell_would_read_otherwise_is_quoted() {
        assert_eq!(shell_word("/etc/cardea/cardea.toml"), "/etc/cardea/cardea.toml");
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("$(it's)"), r"'$(it'\''s)'");
        assert_eq!(shell_word(""), "''");
    }
}
