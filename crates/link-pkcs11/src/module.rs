use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use authenticator::Until;

use crate::message::{Question, TokenId};
use crate::process::{Child, ChildError};
use crate::signer::TokenSigner;
use crate::watch::{Event, Watch};
use crate::wire;

/// The program that becomes the child: it calls [`crate::child::run`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// What makes it the child.
    pub arguments: Vec<OsString>,
}

/// What the child needs of the environment: programs, the person's folders, where pcscd is, and where
/// SoftHSM keeps its tokens.
const KEPT: [&str; 6] =
    ["HOME", "LANG", "PATH", "PCSCLITE_CSOCK_NAME", "SOFTHSM2_CONF", "XDG_RUNTIME_DIR"];

impl Program {
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            // What a person's session sets may load a library into the child, or have a module
            // write down what it is given.
            .env_clear()
            .envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            // Which modules p11-kit loads is the administrator's choice.
            .env("P11_KIT_NO_USER_CONFIG", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A module that is told to log writes down what it is given.
            .stderr(Stdio::null());
        command
    }
}

/// A PKCS#11 module, and the program that loads it. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Modules(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    module: PathBuf,
    program: Program,
}

impl Modules {
    /// A module that `program` loads in a child. Nothing is started yet.
    pub fn new(module: impl Into<PathBuf>, program: Program) -> Self {
        Self(Arc::new(Inner { module: module.into(), program }))
    }

    /// The module.
    pub fn path(&self) -> &Path {
        &self.0.module
    }

    /// Starts a child, has it load the module, and gives what the module calls itself.
    ///
    /// # Errors
    ///
    /// See [`ChildError`].
    pub fn library(&self, until: Until<'_>) -> Result<String, ChildError> {
        self.start(until).map(|(_, library)| library)
    }

    /// The tokens that are there.
    ///
    /// # Errors
    ///
    /// See [`ChildError`].
    pub fn tokens(&self, until: Until<'_>) -> Result<Vec<TokenId>, ChildError> {
        let (mut child, _) = self.start(until)?;
        child.tokens(None, until)
    }

    /// Tells `on_event` which tokens are there, come and go, until the returned guard is dropped.
    /// As long as nobody watches, nothing runs.
    ///
    /// # Errors
    ///
    /// When there is no thread for it.
    pub fn watch(&self, on_event: impl FnMut(Event) + Send + 'static) -> std::io::Result<Watch> {
        Watch::start(self.clone(), on_event)
    }

    /// A card that is a token of this module. Nothing is started yet.
    pub fn signer(&self, token: TokenId) -> TokenSigner {
        TokenSigner::new(self.clone(), token)
    }

    /// A child that has loaded the module.
    pub(crate) fn start(&self, until: Until<'_>) -> Result<(Child, String), ChildError> {
        let mut child = Child::start(&self.0.program)?;
        let answer = child.call(&Question::Open(self.0.module.clone()), None, until)?;
        Ok((child, wire::library(&answer)?))
    }
}

/// The folders in which distributions keep modules.
const FOLDERS: [&str; 6] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib64/pkcs11",
    "/usr/lib",
    "/usr/lib/pkcs11",
];
/// The modules that are taken without a word of the administrator, best first: p11-kit's has
/// all that are registered, OpenSC's has most cards.
const KNOWN: [&str; 2] = ["p11-kit-proxy.so", "opensc-pkcs11.so"];

/// The module that is used where the administrator names none, if one is installed.
pub fn installed_module() -> Option<PathBuf> {
    let paths = KNOWN.iter().flat_map(|name| FOLDERS.map(|folder| Path::new(folder).join(name)));
    paths.into_iter().find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_child_gets_no_more_of_the_environment_than_it_needs() {
        let program = Program { path: "/usr/bin/env".into(), arguments: Vec::new() };
        let output = program.command().stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let names: Vec<_> = said.lines().filter_map(|line| line.split('=').next()).collect();
        assert!(names.contains(&"PATH") && names.contains(&"P11_KIT_NO_USER_CONFIG"), "{names:?}");
        // Cargo has set some that begin so.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let known = |name: &&str| KEPT.contains(name) || *name == "P11_KIT_NO_USER_CONFIG";
        assert!(names.iter().all(known), "{names:?}");
    }
}
