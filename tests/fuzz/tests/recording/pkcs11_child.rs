//! What agent and child say to each other, in their frames.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use fuzz::NOW;
use serde_json::{Value, json};
use soft_card::{Kind, Office, Wanted};

use super::Input;

pub(super) fn all() -> Vec<Input> {
    let of_module = json!({ "Failed": { "Module": "CKR_GENERAL_ERROR" } });
    let inputs = [
        ("opened", 0, vec![json!({ "Opened": "OpenSC smartcard framework" }), of_module]),
        ("tokens", 1, vec![json!({ "Tokens": [] }), json!({ "Tokens": tokens() })]),
        ("card", 2, vec![card(), json!({ "Failed": "Removed" })]),
        ("signature-p256", 3, vec![signature(64), json!({ "Failed": { "WrongPin": "Last" } })]),
        ("signature-p384", 4, vec![signature(96)]),
        ("signature-rsa", 5, vec![signature(256)]),
    ];
    let answers = inputs.map(|(name, how, said)| input(name, how, &bytes(&said)));
    answers.into_iter().chain([questions()]).collect()
}

fn bytes(said: &[Value]) -> Vec<Vec<u8>> {
    said.iter().map(|value| serde_json::to_vec(value).unwrap()).collect()
}

fn input(name: &str, how: u8, frames: &[Vec<u8>]) -> Input {
    let mut data = vec![how];
    for frame in frames {
        data.extend(u32::try_from(frame.len()).unwrap().to_be_bytes());
        data.extend(frame);
    }
    ("pkcs11-child", name.to_owned(), data)
}

fn tokens() -> Value {
    json!([
        { "slot": "Reader 00 00", "label": "Mia", "serial": "0001" },
        { "slot": "Reader 01 00", "label": "Mia", "serial": "0002" },
    ])
}

/// A certificate of a person, and that of its authority.
fn card() -> Value {
    let mut office = Office::root("Acme cards", NOW);
    let card = office.issue(Kind::P256, &Wanted::person("mia@acme.example", NOW));
    let certificates = [card.certificate, office.der()].map(|der| BASE64URL.encode(der));
    json!({ "Card": { "certificates": certificates, "tries": "Fine", "pin_at_reader": false } })
}

fn signature(length: usize) -> Value {
    json!({ "Signature": BASE64URL.encode(vec![0x81; length]) })
}

/// All of them, in the order in which an agent asks.
fn questions() -> Input {
    let token = &tokens()[0];
    let sign = json!({ "Sign": {
        "token": token, "certificate": BASE64URL.encode([0x30; 40]), "with": "Es256",
        "message": BASE64URL.encode([0x42; 69]), "pin_follows": true, "dares_last_try": false,
    } });
    let open = json!({ "Open": "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so" });
    let before = [open, json!({ "Tokens": null }), json!({ "Look": token }), sign];
    let after = [json!({ "Tokens": tokens() })];
    let frames = [bytes(&before), vec![b"123456".to_vec()], bytes(&after)].concat();
    input("questions", 7, &frames)
}
