//! The application in whose name Graph is called: from the environment or a file, never from the
//! command line, which others on the machine can read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use secrets::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::cli::Failure;

/// Longest file, in bytes.
const LONGEST: u64 = 16 * 1024;

/// Client id and secret of an application that may set the directory up.
pub struct GraphCredentials {
    /// Its Application (client) ID.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InFile {
    client_id: String,
    client_secret: String,
}

impl GraphCredentials {
    /// What the file says, or else `CARDEA_GRAPH_CLIENT_ID` and `CARDEA_GRAPH_CLIENT_SECRET`.
    ///
    /// # Errors
    ///
    /// When only half of it is there, or others can read the file.
    pub(super) fn of(
        environment: &BTreeMap<String, String>,
        file: Option<&Path>,
    ) -> Result<Option<Self>, Failure> {
        if let Some(path) = file {
            return read(path).map(Some).map_err(|why| format!("{}: {why}", path.display()).into());
        }
        let said = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        match (said("CARDEA_GRAPH_CLIENT_ID"), said("CARDEA_GRAPH_CLIENT_SECRET")) {
            (None, None) => Ok(None),
            (Some(client_id), Some(secret)) => {
                let client_secret = Secret::from(secret.clone());
                Ok(Some(Self { client_id: client_id.clone(), client_secret }))
            }
            _ => {
                Err("set both CARDEA_GRAPH_CLIENT_ID and CARDEA_GRAPH_CLIENT_SECRET, or neither"
                    .into())
            }
        }
    }
}

fn read(path: &Path) -> Result<GraphCredentials, Failure> {
    let file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(format!("others can read it (mode {mode:03o}); say chmod 600").into());
    }
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST).read_to_string(&mut text)?;
    // The parser's words would repeat what stands there.
    let read: Result<InFile, _> = toml::from_str(&text);
    let InFile { client_id, client_secret } =
        read.map_err(|_| "it must say client_id = \"…\" and client_secret = \"…\", and no more")?;
    Ok(GraphCredentials { client_id, client_secret: Secret::from(client_secret) })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn both_halves_or_none_come_from_the_environment() {
        let (id, secret) = (("CARDEA_GRAPH_CLIENT_ID", "a"), ("CARDEA_GRAPH_CLIENT_SECRET", "b"));
        assert!(GraphCredentials::of(&environment(&[]), None).unwrap().is_none());
        let both = GraphCredentials::of(&environment(&[id, secret]), None).unwrap().unwrap();
        assert_eq!((both.client_id.as_str(), both.client_secret.expose()), ("a", b"b".as_slice()));
        for half in [id, secret] {
            assert!(GraphCredentials::of(&environment(&[half]), None).is_err());
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_and_none_is_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("graph.toml");
        let write = |text: &str, mode| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            GraphCredentials::of(&BTreeMap::new(), Some(&path))
        };
        let good = "client_id = 'a'\nclient_secret = 's3cret'";
        assert!(write(good, 0o600).unwrap().is_some());
        for mode in [0o640, 0o604, 0o620] {
            let refused = write(good, mode).err().unwrap().to_string();
            assert!(refused.contains("chmod 600"), "{refused}");
        }
        for bad in
            ["client_id = 'a'", "client_secret = s3cret", "s3cret", "x = 1\nclient_id='s3cret'"]
        {
            let refused = write(bad, 0o600).err().unwrap().to_string();
            assert!(!refused.contains("s3cret"), "{refused}");
        }
    }
}
