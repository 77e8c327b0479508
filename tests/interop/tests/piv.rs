//! Other people's PIV clients on our card: OpenSC's module and Yubico's tool, over a real pcscd.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use firmware_sim::{Config, Pcscd, Simulator, isolated, when_shown};
use tempfile::TempDir;

const PIN: &str = "123456";
const READER: &str = "Virtual PCD 00 00";
const MODULE: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";

/// A new card in a reader, and a folder for the clients' files.
struct Scene<'a> {
    pcscd: &'a Pcscd,
    folder: TempDir,
}

impl Scene<'_> {
    fn try_run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        self.pcscd.serve(&mut command).args(arguments).current_dir(self.folder.path());
        when_shown(&mut command, "Failed to connect").unwrap()
    }

    /// What a program prints that must succeed.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.try_run(program, arguments);
        let said = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let (out, error) = (said(&output.stdout), said(&output.stderr));
        assert!(output.status.success(), "{program} {arguments:?}: {out}{error}");
        format!("{out}{error}")
    }

    fn yubico(&self, arguments: &[&str]) -> String {
        self.run("yubico-piv-tool", &[&["-r", READER], arguments].concat())
    }

    fn opensc(&self, arguments: &[&str]) -> String {
        self.run("pkcs11-tool", &[&["--module", MODULE], arguments].concat())
    }

    /// A certificate of the key in `key.pub`, of an authority that is made for it.
    fn certify(&self) {
        let name = ["-subj", "/CN=Authority", "-days", "2", "-nodes"];
        let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        self.run("openssl", &[&new[..], &name, &["-keyout", "ca.key", "-out", "ca.pem"]].concat());
        let key = ["x509", "-new", "-force_pubkey", "key.pub", "-subj", "/CN=Ada", "-days", "1"];
        let by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-out", "card.pem"];
        self.run("openssl", &[&key[..], &by].concat());
    }

    /// A new key in a slot, with a certificate.
    fn issue(&self, slot: &str, algorithm: &str) {
        self.yubico(&["-a", "generate", "-s", slot, "-A", algorithm, "-o", "key.pub"]);
        self.certify();
        self.yubico(&["-a", "import-certificate", "-s", slot, "-i", "card.pem"]);
    }
}

fn with_card(seed: u64, pcscd: &Pcscd, test: impl FnOnce(&Scene<'_>)) {
    let simulator = Simulator::start(Config { piv: true, ..Config::seeded(seed) }).unwrap();
    let card = simulator.card(&pcscd.first_reader()).unwrap();
    assert!(card.wait_until_powered(Duration::from_secs(20)));
    test(&Scene { pcscd, folder: tempfile::tempdir().unwrap() });
}

#[test]
#[ignore = "needs OpenSC and yubico-piv-tool: make interop"]
fn yubicos_tool_sets_a_card_up_and_tests_its_keys() {
    isolated::run(|pcscd| {
        with_card(1, pcscd, |scene| {
            assert!(scene.yubico(&["-a", "status"]).contains("PIN tries left:\t3"));
            for (slot, algorithm) in [("9a", "ECCP256"), ("9c", "RSA2048")] {
                scene.issue(slot, algorithm);
                let verify = ["-a", "verify-pin", "-P", PIN];
                let test = ["-a", "test-signature", "-s", slot, "-i", "card.pem"];
                let said = scene.yubico(&[&verify[..], &test].concat());
                assert!(said.contains("Successful"), "{slot}: {said}");
            }
            let status = scene.yubico(&["-a", "status"]);
            assert_eq!(status.matches("Subject DN:\tCN=Ada").count(), 2, "{status}");
        });
    })
    .unwrap();
}

#[test]
#[ignore = "needs OpenSC and yubico-piv-tool: make interop"]
fn openscs_module_lists_signs_and_verifies() {
    isolated::run(|pcscd| {
        with_card(2, pcscd, |scene| {
            scene.issue("9a", "ECCP256");
            let token = scene.opensc(&["-L"]);
            assert!(token.contains(READER) && token.contains("PIN initialized"), "{token}");
            let objects = scene.opensc(&["-O"]);
            assert!(objects.contains("CN=Ada"), "{objects}");
            let digest: &Path = &scene.folder.path().join("digest");
            std::fs::write(digest, [7; 32]).unwrap();
            let sign = ["--sign", "--id", "01", "-m", "ECDSA", "--signature-format", "openssl"];
            let files = ["-i", "digest", "-o", "signature"];
            scene.opensc(&[&["--login", "--pin", PIN], &sign[..], &files].concat());
            let verify = ["pkeyutl", "-verify", "-pubin", "-inkey", "key.pub"];
            scene.run(
                "openssl",
                &[&verify[..], &["-in", "digest", "-sigfile", "signature"]].concat(),
            );

            let wrong = [&["--module", MODULE, "--login", "--pin", "000000"], &sign[..], &files];
            let refused = scene.try_run("pkcs11-tool", &wrong.concat());
            let said = String::from_utf8_lossy(&refused.stderr);
            assert!(!refused.status.success() && said.contains("CKR_PIN_INCORRECT"), "{said}");
            assert!(scene.yubico(&["-a", "status"]).contains("PIN tries left:\t2"));
        });
    })
    .unwrap();
}
