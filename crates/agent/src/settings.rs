//! `agent.toml`: what an administrator ships with the agent.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use link_pkcs11::installed_module;
use serde::Deserialize;

use crate::plain::quoted;
use crate::server_address::ServerAddress;

/// All that can be set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The server that `pair` means when it is not told one.
    server: Option<ServerAddress>,
    /// The PKCS#11 module that knows smart cards with certificates; `none`: they are not asked.
    #[serde(rename = "pkcs11-module")]
    module: Option<PathBuf>,
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
         people pair with; as root: {}",
        path.display(),
        guard(path)
    )]
    Unguarded {
        /// The file, or its folder.
        path: PathBuf,
    },
    /// It names a module, and is not the administrator's: a module is a program, and gets PINs.
    #[error(
        "{} may not name a smart card module: only /etc/cardea/agent.toml may. Take the line \
         pkcs11-module out.",
        path.display()
    )]
    ModuleOfPerson {
        /// Which.
        path: PathBuf,
    },
    /// The module that it names cannot be used.
    #[error("the smart card module {} is not there, or its path does not begin with /", path.display())]
    NoModule {
        /// The module.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Option<io::Error>,
    },
    /// Others than the administrator may write to the module.
    #[error(
        "the smart card module and each folder above it must belong to root, and nobody else may \
         write to them: it gets PINs. {} does not; as root: {}",
        path.display(),
        guard(path)
    )]
    UnguardedModule {
        /// The module, or a folder above it.
        path: PathBuf,
    },
    /// It says something else.
    #[error(
        "mend {}: it may say server = \"https://…\" and pkcs11-module = \"/…\", and nothing more",
        path.display()
    )]
    Form {
        /// Which.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
}

/// The commands that make a file or folder root's alone.
pub(crate) fn guard(path: &Path) -> String {
    let path = quoted(&path.to_string_lossy());
    format!("chown root:root {path}; chmod go-w {path}")
}

/// The server that the first of `files` that is there names, if it names one.
///
/// # Errors
///
/// When that file cannot be read or says something else; or lies under `/etc` and is not root's
/// alone.
pub fn default_server(files: &[PathBuf]) -> Result<Option<ServerAddress>, SettingsError> {
    for path in files {
        if let Some(text) = read(path, is_of_root(path))? {
            return Ok(settings(path, &text, is_of_root(path))?.server);
        }
    }
    Ok(None)
}

/// The PKCS#11 module to be used: the one that the administrator's file among `files` names, or
/// else the best that is installed. `None`: none is there, or none is wanted.
///
/// # Errors
///
/// When that file cannot be read or says something else; or it, or the module that it names, is not
/// root's alone.
pub fn smart_card_module(files: &[PathBuf]) -> Result<Option<PathBuf>, SettingsError> {
    let mut named = None;
    for path in files.iter().filter(|path| is_of_root(path)) {
        if let Some(text) = read(path, true)? {
            named = settings(path, &text, true)?.module;
            break;
        }
    }
    let Some(named) = named else { return Ok(installed_module()) };
    if named.as_os_str() == NO_MODULE { Ok(None) } else { guarded_module(named).map(Some) }
}

/// The word for "none".
const NO_MODULE: &str = "none";

fn is_of_root(path: &Path) -> bool {
    path.starts_with("/etc")
}

/// The module, if it is there and nobody but root may put another in its place.
///
/// It is loaded again for each request, long after this. So each folder above it counts, as it is
/// written and as its symbolic links lead: who may rename one of them, chooses what is loaded then.
fn guarded_module(path: PathBuf) -> Result<PathBuf, SettingsError> {
    let failed = |source| SettingsError::NoModule { path: path.clone(), source };
    if !path.is_absolute() {
        return Err(failed(None));
    }
    let real = std::fs::canonicalize(&path).map_err(|error| failed(Some(error)))?;
    for place in [&path, &real] {
        for (above, part) in place.ancestors().enumerate() {
            let metadata = std::fs::metadata(part).map_err(|error| failed(Some(error)))?;
            // Such as /tmp: there nobody renames what is another's.
            let keeps = above > 1 && metadata.uid() == 0 && metadata.mode() & STICKY != 0;
            if !keeps && !is_roots_alone(&metadata) {
                return Err(SettingsError::UnguardedModule { path: part.to_owned() });
            }
        }
    }
    Ok(path)
}

/// `S_ISVTX` of a folder.
const STICKY: u32 = 0o1000;

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
    if is_roots_alone(metadata) {
        return Ok(());
    }
    Err(SettingsError::Unguarded { path: path.to_owned() })
}

fn is_roots_alone(metadata: &Metadata) -> bool {
    /// The bits for writing of the group and of the others.
    const OTHERS_WRITE: u32 = 0o022;
    metadata.uid() == 0 && metadata.mode() & OTHERS_WRITE == 0
}

fn settings(path: &Path, text: &str, of_root: bool) -> Result<Settings, SettingsError> {
    let settings: Settings = toml::from_str(text)
        .map_err(|source| SettingsError::Form { path: path.to_owned(), source: source.into() })?;
    if settings.module.is_some() && !of_root {
        return Err(SettingsError::ModuleOfPerson { path: path.to_owned() });
    }
    Ok(settings)
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
            Some(if is_root { folder.to_path_buf() } else { file.clone() })
        );
        // Only root can give a file away.
        if chown(&file, Some(1), None).is_ok() {
            assert_eq!(refused(0o755, 0o644), Some(file.clone()));
        }
    }

    #[test]
    fn only_the_administrators_file_names_a_module_and_only_one_that_is_roots_alone() {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt as _;
        let folder = scratch("settings-module");
        std::fs::create_dir_all(&folder).unwrap();
        set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let (own, module) = (folder.join("own.toml"), folder.join("module.so"));
        std::fs::write(&module, "").unwrap();
        let text = format!("pkcs11-module = \"{}\"\n", module.display());
        std::fs::write(&own, &text).unwrap();
        let refused = default_server(std::slice::from_ref(&own)).unwrap_err();
        assert!(matches!(refused, SettingsError::ModuleOfPerson { .. }), "{refused}");
        assert_eq!(settings(&own, &text, true).unwrap().module, Some(module.clone()));
        // A file of the person is not even read for it.
        assert_eq!(smart_card_module(&[own]).unwrap(), installed_module());

        for mode in [0o646, 0o664] {
            set_permissions(&module, Permissions::from_mode(mode)).unwrap();
            let refused = guarded_module(module.clone()).unwrap_err();
            assert!(matches!(refused, SettingsError::UnguardedModule { .. }), "{refused}");
        }
        set_permissions(&module, Permissions::from_mode(0o644)).unwrap();
        if rustix::process::geteuid().is_root() {
            assert_eq!(guarded_module(module.clone()).unwrap(), module);
            set_permissions(&folder, Permissions::from_mode(0o775)).unwrap();
            assert!(guarded_module(module.clone()).is_err());
            set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
            // A folder further above, in which somebody else may put another in its place; and the same
            // by a link from a good one.
            let above = scratch("settings-module-above");
            let (inner, good) = (above.join("inner"), folder.join("link.so"));
            std::fs::create_dir_all(&inner).unwrap();
            set_permissions(&inner, Permissions::from_mode(0o755)).unwrap();
            let deep = inner.join("module.so");
            std::fs::write(&deep, "").unwrap();
            set_permissions(&deep, Permissions::from_mode(0o644)).unwrap();
            let _ = std::fs::remove_file(&good);
            std::os::unix::fs::symlink(&deep, &good).unwrap();
            for (mode, is_good) in [(0o755, true), (0o777, false), (0o775, false)] {
                set_permissions(&above, Permissions::from_mode(mode)).unwrap();
                for path in [&deep, &good] {
                    assert_eq!(guarded_module(path.clone()).is_ok(), is_good, "{mode:o}");
                }
            }
        }
        for nowhere in ["module.so", "/nonexistent/module.so"] {
            let refused = guarded_module(nowhere.into()).unwrap_err();
            assert!(matches!(refused, SettingsError::NoModule { .. }), "{refused}");
        }
    }

    #[test]
    fn what_others_may_write_to_is_mended_by_the_line_that_is_said() {
        let path = PathBuf::from("/etc/it's/agent.toml");
        for error in [
            SettingsError::Unguarded { path: path.clone() },
            SettingsError::UnguardedModule { path },
        ] {
            let said = error.to_string();
            let mend = r"as root: chown root:root '/etc/it'\''s/agent.toml'; chmod go-w '/etc/it'\''s/agent.toml'";
            assert!(said.ends_with(mend), "{said}");
        }
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
    }
}
