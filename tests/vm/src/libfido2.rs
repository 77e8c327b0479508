//! The tools of another library of clients, at the same key: they come before it has a PIN, which they
//! would ask for at a terminal.

use std::path::Path;

use crate::key::program;
use crate::story::Trouble;

/// Where their inputs and outputs stand.
const INPUT: &str = "/tmp/libfido2-input";
const CREDENTIAL: &str = "/tmp/libfido2-credential";
const KEY: &str = "/tmp/libfido2-key";
const ASSERTION: &str = "/tmp/libfido2-assertion";

const RP_ID: &str = "libfido2.example";
const USER: &str = "mia";
/// 32 bytes, in base64: hashes of client data, and a user's ID.
const FIRST_HASH: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SECOND_HASH: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

/// `fido2-token` lists it, and gets its answer to getInfo.
pub(crate) async fn sees_it() -> Result<(), Trouble> {
    let info = run("fido2-token", &["-I", &node().await?]).await?;
    if info.contains("FIDO_2_1") { Ok(()) } else { Err(Trouble(info)) }
}

/// `fido2-cred` has it make a credential, and finds that its own key has attested it.
pub(crate) async fn makes_a_credential() -> Result<(), Trouble> {
    write(INPUT, &[FIRST_HASH, RP_ID, USER, FIRST_HASH])?;
    run("fido2-cred", &["-M", "-i", INPUT, "-o", CREDENTIAL, &node().await?]).await?;
    run("fido2-cred", &["-V", "-i", CREDENTIAL, "-o", KEY]).await.map(drop)
}

/// `fido2-assert` has it sign with that credential, and takes the signature, for that hash only.
pub(crate) async fn gets_an_assertion() -> Result<(), Trouble> {
    // Its ID, and behind it the public key as PEM.
    let made = std::fs::read_to_string(KEY)?;
    let (id, public_key) = made.split_once('\n').ok_or(Trouble("no credential ID".into()))?;
    std::fs::write(KEY, public_key)?;
    write(INPUT, &[SECOND_HASH, RP_ID, id])?;
    run("fido2-assert", &["-G", "-p", "-i", INPUT, "-o", ASSERTION, &node().await?]).await?;
    let check = ["-V", "-p", "-i", ASSERTION, KEY];
    run("fido2-assert", &check).await?;
    let other = std::fs::read_to_string(ASSERTION)?.replace(SECOND_HASH, FIRST_HASH);
    std::fs::write(ASSERTION, other)?;
    match run("fido2-assert", &check).await {
        Ok(_) => Err(Trouble("an assertion for another hash is taken".into())),
        Err(_) => Ok(()),
    }
}

/// The node of the only key.
async fn node() -> Result<String, Trouble> {
    let list = run("fido2-token", &["-L"]).await?;
    match list.split_once(": ").filter(|(_, about)| about.contains("vendor=0x1209")) {
        Some((node, _)) => Ok(node.to_owned()),
        None => Err(Trouble(format!("fido2-token -L lists {list:?}"))),
    }
}

/// What one of the tools says, which must end well.
async fn run(name: &str, arguments: &[&str]) -> Result<String, Trouble> {
    let output = program(name)?.args(arguments).output().await?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(Trouble(format!("{name} {arguments:?}: {}", text(&output.stderr))))
    }
}

fn write(path: impl AsRef<Path>, lines: &[&str]) -> Result<(), Trouble> {
    Ok(std::fs::write(path, format!("{}\n", lines.join("\n")))?)
}
