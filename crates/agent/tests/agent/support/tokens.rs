//! Smart cards with certificates: tokens of SoftHSM, by its own tools and OpenSC's.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use agent_protocol::x509_statement::credential_id;
use agent_protocol::{CredentialDescriptor, X509_CARD};
use authenticator::Until;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use cardea_agent::{Modules, Program};
use firmware_sim::when_shown;

use super::Folder;
use crate::program::PROGRAM;

/// The PIN of every token.
pub(crate) const PIN: &str = "271828";
const SO_PIN: &str = "31415926";

/// How long one question may take.
pub(crate) fn within(limit: Duration) -> Until<'static> {
    static NOBODY: AtomicBool = AtomicBool::new(false);
    Until { deadline: Instant::now() + limit, cancel: &NOBODY }
}

/// Where Debian has OpenSC's module, and others.
pub(crate) fn opensc() -> PathBuf {
    let places =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let paths = places.map(|folder| PathBuf::from(folder).join("opensc-pkcs11.so"));
    paths.into_iter().find(|path| path.exists()).expect("opensc")
}

/// Tokens in a folder of their own.
pub(crate) struct Hsm(Folder);

/// A certificate that a test has made.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    public_key: PathBuf,
}

impl Hsm {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let tokens = folder.path().join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        let settings = format!("directories.tokendir = {}\n", tokens.display());
        std::fs::write(folder.path().join("softhsm2.conf"), settings).unwrap();
        Self(folder)
    }

    /// Where Debian has it, and others.
    pub(crate) fn module() -> PathBuf {
        let places = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"];
        places.into_iter().map(PathBuf::from).find(|path| path.exists()).expect("softhsm2")
    }

    pub(crate) fn variable(&self) -> String {
        format!("SOFTHSM2_CONF={}", self.0.path().join("softhsm2.conf").display())
    }

    /// The module, in children of the real program.
    pub(crate) fn modules(&self) -> Modules {
        Modules::new(Self::module(), self.program())
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The child.
    pub(crate) fn program(&self) -> Program {
        let arguments = vec![self.variable().into(), PROGRAM.into(), "pkcs11-child".into()];
        Program { path: "/usr/bin/env".into(), arguments }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new("/usr/bin/env");
        command.arg(self.variable()).arg(program).args(arguments).current_dir(self.0.path());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        output.stdout
    }

    /// A card without anything on it.
    pub(crate) fn token(&self, label: &str) {
        self.run(
            "softhsm2-util",
            &["--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", PIN],
        );
    }

    /// The card is gone.
    pub(crate) fn lose(&self, label: &str) {
        self.run("softhsm2-util", &["--delete-token", "--token", label]);
    }

    /// A new key on the card, with a certificate whose extensions are these lines of OpenSSL's
    /// configuration.
    pub(crate) fn key(&self, label: &str, id: &str, make: &Make<'_>) -> Certificate {
        let certificate = self.certificate(label, id, make);
        let key = format!("{label}-{id}.key");
        let der = ["-outform", "DER", "-out", "key.der"];
        self.run("openssl", &[&["pkcs8", "-topk8", "-nocrypt", "-in", &key], &der[..]].concat());
        let mut arguments = vec!["--type", "privkey", "--usage-sign", "--write-object", "key.der"];
        if make.always_authenticate {
            arguments.push("--always-auth");
        }
        self.write(label, id, &arguments);
        certificate
    }

    /// Writes an object onto a card.
    fn write(&self, label: &str, id: &str, arguments: &[&str]) {
        let module = Self::module();
        let common = ["--module", module.to_str().unwrap(), "--token-label", label, "--id", id];
        self.run("pkcs11-tool", &[&common[..], &["--login", "--pin", PIN], arguments].concat());
    }

    /// A certificate on the card, without its key.
    pub(crate) fn certificate(&self, label: &str, id: &str, make: &Make<'_>) -> Certificate {
        let (key, pem, der) =
            (format!("{label}-{id}.key"), format!("{label}-{id}.pem"), format!("{label}-{id}.der"));
        let settings = format!(
            "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = ext\n\
             [dn]\nCN = {}\n[ext]\n{}\n",
            make.name, make.extensions
        );
        std::fs::write(self.0.path().join("req.conf"), settings).unwrap();
        let mut arguments = vec!["genpkey", "-out", &key, "-algorithm"];
        arguments.extend(make.algorithm);
        self.run("openssl", &arguments);
        let mut arguments = vec!["req", "-x509", "-config", "req.conf", "-key", &key, "-out", &pem];
        arguments.extend(["-days", make.days]);
        self.run("openssl", &arguments);
        self.run("openssl", &["x509", "-in", &pem, "-outform", "DER", "-out", &der]);
        self.write(label, id, &["--type", "cert", "--write-object", &der]);
        let public_key = self.0.path().join(format!("{label}-{id}.pub"));
        let public = public_key.to_str().unwrap();
        self.run("openssl", &["x509", "-in", &pem, "-noout", "-pubkey", "-out", public]);
        Certificate { der: std::fs::read(self.0.path().join(der)).unwrap(), public_key }
    }

    /// Has a PIV card make a key for signing in, and gives it a certificate.
    pub(crate) fn issue(&self, piv_tool: impl Fn(&[&str]) -> Command) -> Certificate {
        let piv = |arguments: &[&str]| {
            let mut command = piv_tool(arguments);
            let command = command.current_dir(self.0.path());
            let output = when_shown(command, "Failed to connect").unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {said}");
        };
        piv(&["-a", "generate", "-s", "9a", "-A", "ECCP256", "-o", "piv.pub"]);
        let settings = "[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = Authority\n";
        std::fs::write(self.0.path().join("ca.conf"), settings).unwrap();
        let new = ["req", "-x509", "-config", "ca.conf", "-newkey", "ec", "-pkeyopt"];
        let ca = ["ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem"];
        self.run("openssl", &[&new[..], &ca].concat());
        let key = ["x509", "-new", "-force_pubkey", "piv.pub", "-subj", "/CN=Ada", "-days", "1"];
        let by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-out", "piv.pem"];
        self.run("openssl", &[&key[..], &by].concat());
        self.run("openssl", &["x509", "-in", "piv.pem", "-outform", "DER", "-out", "piv.der"]);
        piv(&["-a", "import-certificate", "-s", "9a", "-i", "piv.pem"]);
        let der = std::fs::read(self.0.path().join("piv.der")).unwrap();
        Certificate { der, public_key: self.0.path().join("piv.pub") }
    }

    /// Whether OpenSSL finds that the certificate's key has signed `message`.
    pub(crate) fn has_signed(
        &self,
        certificate: &Certificate,
        hash: &str,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let path = |name: &str| self.0.path().join(name);
        std::fs::write(path("message"), message).unwrap();
        std::fs::write(path("signature"), signature).unwrap();
        let mut command = Command::new("openssl");
        command.args(["dgst", hash, "-signature"]).arg(path("signature"));
        command.arg("-verify").arg(&certificate.public_key).arg(path("message"));
        command.output().unwrap().status.success()
    }
}

/// How a key and its certificate are made.
#[derive(Clone, Copy)]
pub(crate) struct Make<'a> {
    pub(crate) name: &'a str,
    /// Arguments of `openssl genpkey -algorithm`.
    pub(crate) algorithm: &'a [&'a str],
    pub(crate) extensions: &'a str,
    pub(crate) days: &'a str,
    pub(crate) always_authenticate: bool,
}

pub(crate) const P256: &[&str] = &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub(crate) const P384: &[&str] = &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
pub(crate) const RSA: &[&str] = &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
pub(crate) const ED25519: &[&str] = &["ED25519"];

/// Ada's, on P-256, as most cards have it.
pub(crate) const ADA: Make<'static> = Make {
    name: "Ada Lovelace",
    algorithm: P256,
    extensions: "keyUsage = critical, digitalSignature\nextendedKeyUsage = clientAuth",
    days: "30",
    always_authenticate: false,
};

impl Certificate {
    /// As an allow-list names it. The key is found by OpenSSL, not by the agent's own reader.
    pub(crate) fn descriptor(&self) -> CredentialDescriptor {
        let output = Command::new("openssl")
            .args(["pkey", "-pubin", "-outform", "DER", "-in"])
            .arg(&self.public_key)
            .output()
            .unwrap();
        CredentialDescriptor {
            id: BASE64URL.encode(credential_id(&output.stdout)),
            kind: X509_CARD.into(),
            transports: Vec::new(),
        }
    }
}
