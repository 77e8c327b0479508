//! The program: one line when it is ready.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use entra_stand_in::ACME;

use crate::fixture::get;

#[tokio::test]
async fn prints_its_url_when_it_answers() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_entra-stand-in"))
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let base = line.trim();
    let answer = get(&format!("{base}/{ACME}/v2.0/.well-known/openid-configuration")).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answer.json()["issuer"], format!("{base}/{ACME}/v2.0"));
}

#[tokio::test]
async fn calls_itself_by_its_public_url() {
    let public = "https://entra.example/".parse().unwrap();
    let entra = entra_stand_in::StandIn::builder().public_url(public).start().await.unwrap();
    assert_eq!(
        entra.metadata_url(ACME),
        format!("https://entra.example/{ACME}/v2.0/.well-known/openid-configuration")
    );
    assert_eq!(entra.base_url(), "https://entra.example");
}
