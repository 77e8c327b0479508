//! A key with a PIN of its own: SoftHSM, behind a module that knows the card's PIN for the card and
//! not for its key.

use std::path::PathBuf;
use std::process::Command;

use agent_protocol::{Outcome, Refused};
use cardea_agent::Modules;

use super::ceremonies::{PIN, ask};
use crate::support::Desktop;
use crate::support::server::Server;
use crate::support::tokens::{ADA, Hsm, Make, RSA};

/// Passes everything on but the login for a key (`CKU_CONTEXT_SPECIFIC`, 2), to which it says
/// `CKR_PIN_INCORRECT`; and writes down who has logged in. `C_Login` is the nineteenth function of
/// 68 (PKCS#11 2.40).
const MODULE: &str = r#"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long word;
struct functions { unsigned char version[2]; void *at[68]; };
static struct functions ours;
static word (*passed_on)(word, word, unsigned char *, word);

static word login(word session, word who, unsigned char *pin, word length)
{
    FILE *noted = fopen(NOTED, "a");
    if (noted) { fprintf(noted, "%lu\n", who); fclose(noted); }
    return who == 2 ? 0xA0 : passed_on(session, who, pin, length);
}

word C_GetFunctionList(struct functions **list)
{
    void *module = dlopen(BEHIND, RTLD_NOW);
    word (*get)(struct functions **) = module ? dlsym(module, "C_GetFunctionList") : 0;
    struct functions *theirs;
    if (!get || get(&theirs)) return 5;
    memcpy(&ours, theirs, sizeof ours);
    passed_on = ours.at[18];
    ours.at[18] = login;
    *list = &ours;
    return 0;
}
"#;

/// Compiles the module.
fn module(hsm: &Hsm) -> PathBuf {
    let (source, module) = (hsm.file("module.c"), hsm.file("module.so"));
    std::fs::write(&source, MODULE).unwrap();
    let mut command = Command::new("cc");
    command.arg(format!("-DNOTED=\"{}\"", hsm.file("noted").display()));
    command.arg(format!("-DBEHIND=\"{}\"", Hsm::module().display()));
    command.args(["-shared", "-fPIC", "-o"]).arg(&module).arg(&source).arg("-ldl");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    module
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_the_card_knows_and_its_key_does_not_is_submitted_once() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let certificate =
        hsm.key("ada", "01", &Make { algorithm: RSA, always_authenticate: true, ..ADA });
    let modules = Modules::new(module(&hsm), hsm.program());
    let (desktop, server) = (Desktop::with(Some(modules)), Server::start().await);
    desktop.pair(&server).await;
    desktop.person.will(&[PIN, PIN, "cancel"]);
    ask(&server, &certificate);
    assert_eq!(server.outcome().await.1, Outcome::Refused(Refused::KeyPin));
    assert_eq!(desktop.person.dialogs(), 1, "{}", desktop.person.saw());
    // CKU_USER, then CKU_CONTEXT_SPECIFIC, and neither once more.
    assert_eq!(std::fs::read_to_string(hsm.file("noted")).unwrap(), "1\n2\n");
}
