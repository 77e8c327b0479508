//! `agent.toml`: what an administrator ships with the agent.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::server_address::ServerAddress;

/// All that can be set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The server that `pair` means when it is not told one.
    server: Option<ServerAddress>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Others than the administrator may write to it.
    #[error(
        "{} must belong to root, and nobody else may write to it: who can, chooses the server that \
         people pair with. Run: chown root:root FILE; chmod go-w FILE",
        path.display()
    )]
    Unguarded {
        /// The file, or its folder.
        path: PathBuf,
    },
    /// It says something else.
    #[error("mend {}: it may say server = \"https://…\" and nothing more", path.display())]
    Form {
        /// Which.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
}

/// The server that the first of `files` that is there names, if it names one.
///
/// # Errors
///
/// When that file cannot be read or says something else; or lies under `/etc` and is not root's
/// alone.
pub fn default_server(files: &[PathBuf]) -> Result<Option<ServerAddress>, SettingsError> {
    for path in files {
        if let Some(text) = read(path, path.starts_with("/etc"))? {
            return server(path, &text);
        }
    }
    Ok(None)
}

/// Reads a file, if it is there; `of_root`: it must be the administrator's alone.
fn read(path: &Path, of_root: bool) -> Result<Option<String>, SettingsError> {
    let failed = |source| SettingsError::Read { path: path.to_owned(), source };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if of_root {
        guarded(path, &file.metadata().map_err(failed)?)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        guarded(folder, &folder.metadata().map_err(failed)?)?;
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

/// Refuses what others than root may write to.
fn guarded(path: &Path, metadata: &Metadata) -> Result<(), SettingsError> {
    /// The bits for writing of the group and of the others.
    const OTHERS_WRITE: u32 = 0o022;
    if metadata.uid() == 0 && metadata.mode() & OTHERS_WRITE == 0 {
        return Ok(());
    }
    Err(SettingsError::Unguarded { path: path.to_owned() })
}

fn server(path: &Path, text: &str) -> Result<Option<ServerAddress>, SettingsError> {
    let settings: Settings = toml::from_str(text)
        .map_err(|source| SettingsError::Form { path: path.to_owned(), source: source.into() })?;
    Ok(settings.server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::scratch;

    fn named(files: &[PathBuf]) -> Option<String> {
        default_server(files).unwrap().map(String::from)
    }

    #[test]
    fn a_file_of_the_administrator_counts_only_where_nobody_else_may_write_to_it() {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::{PermissionsExt as _, chown};
        let folder = scratch("settings-of-root");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("agent.toml");
        std::fs::write(&file, "").unwrap();
        let refused = |of_folder, of_file| {
            set_permissions(&folder, Permissions::from_mode(of_folder)).unwrap();
            set_permissions(&file, Permissions::from_mode(of_file)).unwrap();
            assert!(read(&file, false).is_ok(), "the person's own");
            match read(&file, true) {
                Err(SettingsError::Unguarded { path }) => Some(path),
                other => other.map(|_| None).unwrap(),
            }
        };
        for mode in [0o664, 0o646] {
            assert_eq!(refused(0o755, mode), Some(file.clone()));
        }
        let is_root = rustix::process::geteuid().is_root();
        assert_eq!(refused(0o755, 0o644).is_none(), is_root);
        assert_eq!(
            refused(0o775, 0o644),
            Some(if is_root { folder.clone() } else { file.clone() })
        );
        // Only root can give a file away.
        if chown(&file, Some(1), None).is_ok() {
            assert_eq!(refused(0o755, 0o644), Some(file.clone()));
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_first_file_that_is_there_counts() {
        let folder = scratch("settings");
        std::fs::create_dir_all(&folder).unwrap();
        let [own, all] = ["own.toml", "all.toml"].map(|name| folder.join(name));
        let files = [own.clone(), all.clone()];
        assert_eq!(named(&files), None);
        std::fs::write(&all, "server = \"https://login.example.com\"\n").unwrap();
        assert_eq!(named(&files).as_deref(), Some("https://login.example.com"));
        std::fs::write(&own, "# none\n").unwrap();
        assert_eq!(named(&files), None);
        for wrong in ["server = 1", "servers = []", "server = \"http://login.example.com\"", "x"] {
            std::fs::write(&own, wrong).unwrap();
            let error = default_server(&files).unwrap_err();
            assert!(matches!(error, SettingsError::Form { .. }), "{wrong}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
