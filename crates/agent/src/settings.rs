//! `agent.toml`: what an administrator ships with the agent.

use std::io;
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
/// When that file cannot be read or says something else.
pub fn default_server(files: &[PathBuf]) -> Result<Option<ServerAddress>, SettingsError> {
    for path in files {
        match std::fs::read_to_string(path) {
            Ok(text) => return server(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(SettingsError::Read { path: path.clone(), source }),
        }
    }
    Ok(None)
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
