//! Children that do not do as they should: the agent gets a plain error, and goes on.

use std::sync::atomic::AtomicBool;

use authenticator::card_signer::{CardCertificate, CardSignerError};
use authenticator::card_signer::{CardPin, CardSigner as _, KeyKind, PinTries, SignRequest};

use super::*;
use crate::message::{Answer, Bytes, Card, MAX_TOKENS, Tries};
use crate::module::Modules;

/// As `printf %b` has it.
fn octal(bytes: &[u8]) -> String {
    let each: Vec<_> = bytes.iter().map(|byte| format!("\\0{byte:03o}")).collect();
    each.concat()
}

/// Answers, and what a child does when it is asked once more, as a line of shell.
fn child(answers: &[Answer], then: &str) -> Modules {
    let mut bytes = Vec::new();
    for answer in answers {
        frame::write(&mut bytes, &serde_json::to_vec(answer).unwrap()).unwrap();
    }
    let octal = octal(&bytes);
    let questions = [Question::Open("/module.so".into()), Question::Look(token())];
    let asked = questions.iter().take(answers.len());
    let read: usize =
        asked.map(|question| HEAD + serde_json::to_vec(question).unwrap().len()).sum::<usize>() + 1;
    let script = format!("printf %b '{octal}'; head -c {read} >/dev/null; {then}");
    let arguments = vec!["-c".into(), script.into()];
    Modules::new("/module.so", Program { path: "/bin/sh".into(), arguments })
}

static NOBODY: AtomicBool = AtomicBool::new(false);

fn within(limit: Duration) -> Until<'static> {
    Until { deadline: now() + limit, cancel: &NOBODY }
}

fn token() -> TokenId {
    TokenId { slot: "reader".into(), label: "card".into(), serial: "1".into() }
}

fn good() -> [Answer; 3] {
    let card = Card { certificates: Vec::new(), tries: Tries::Fine, pin_at_reader: false };
    [Answer::Opened("double".into()), Answer::Card(card), Answer::Signature(Bytes(vec![1; 64]))]
}

fn certificate() -> CardCertificate {
    CardCertificate {
        der: vec![0x30],
        subject_public_key_info: Vec::new(),
        key: KeyKind::P256,
        subject: String::new(),
        issuer: String::new(),
        not_before: 0,
        not_after: 0,
        is_authority: false,
        signs: true,
    }
}

/// Looks and signs; how it ended, and after how many answers.
fn ask(modules: &Modules, limit: Duration) -> (usize, Result<Vec<u8>, CardSignerError>) {
    let mut signer = modules.signer(token());
    let until = within(limit);
    if let Err(error) = signer.look(until) {
        return (0, Err(error));
    }
    let pin = CardPin::new("123456").unwrap();
    let request = SignRequest {
        certificate: &certificate(),
        message: b"message",
        pin: Some(&pin),
        dares_last_try: false,
    };
    (1, signer.sign(&request, until))
}

fn words(error: &CardSignerError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}

#[test]
fn a_child_that_answers_well_is_believed() {
    let (looked, signature) = ask(&child(&good(), "cat >/dev/null"), Duration::from_secs(10));
    // r and s have 32 bytes each, and a head of two; so has the whole.
    assert_eq!((looked, signature.unwrap().len()), (1, 70));
}

#[test]
fn a_child_that_misbehaves_after_any_of_its_messages_is_a_plain_error() {
    let oversize = octal(&u32::try_from(MAX_ANSWER + 1).unwrap().to_be_bytes());
    let faults = [
        ("exit", "exit 0", "crashed"),
        ("crash", "kill -SEGV $$", "crashed"),
        ("garbage", r"printf '\000\000\000\005hello'; cat >/dev/null", "protocol"),
        ("endless", "exec cat /dev/zero", "protocol"),
        ("oversize", &format!("printf %b '{oversize}'; exec cat /dev/zero"), "protocol"),
        ("cut short", r"printf '\000\000\001\000hello'; exit 0", "crashed"),
        ("another answer", r#"printf '\000\000\000\015{"Tokens":[]}'; cat >/dev/null"#, "protocol"),
        ("hang", "exec sleep 60", "no answer before the deadline"),
        ("half a head and hang", r"printf '\000\000'; exec sleep 60", "no answer"),
    ];
    for (name, fault, says) in faults {
        for after in 0..good().len() {
            let modules = child(&good()[..after], fault);
            let limit =
                Duration::from_millis(if says.starts_with("no answer") { 300 } else { 9000 });
            let begun = now();
            let (looked, result) = ask(&modules, limit);
            let said = words(&result.unwrap_err());
            assert!(said.contains(says), "{name} after {after}: {said}");
            assert_eq!(looked, usize::from(after == 2), "{name} after {after}");
            assert!(begun.elapsed() < Duration::from_secs(8), "{name} after {after}");
        }
    }
}

#[test]
fn a_program_that_is_not_there_or_does_not_read_is_a_plain_error() {
    let program = Program { path: "/nonexistent/program".into(), arguments: Vec::new() };
    let error = Modules::new("/module.so", program).tokens(within(Duration::from_secs(5)));
    assert!(matches!(error, Err(ChildError::Start(_))), "{error:?}");
}

#[test]
fn a_child_that_hangs_is_ended_at_the_deadline() {
    let file = std::env::temp_dir().join(format!("cardea-child-{}", std::process::id()));
    let then = format!("echo $$ >{}; exec sleep 60", file.display());
    let (_, result) = ask(&child(&good()[..1], &then), Duration::from_secs(2));
    assert!(matches!(result, Err(CardSignerError::TimedOut)), "{result:?}");
    let process = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(!std::path::Path::new("/proc").join(process.trim()).exists(), "it goes on");
}

#[test]
fn more_tokens_than_there_can_be_are_not_believed() {
    let many = Answer::Tokens(vec![token(); MAX_TOKENS + 1]);
    let modules = child(&[Answer::Opened(String::new()), many], "cat >/dev/null");
    let error = modules.tokens(within(Duration::from_secs(5)));
    assert!(matches!(error, Err(ChildError::Protocol)), "{error:?}");
}

#[test]
fn a_call_ends_when_somebody_cancels() {
    let cancel = AtomicBool::new(false);
    let modules = child(&[], "exec sleep 60");
    let until = Until { deadline: now() + Duration::from_secs(30), cancel: &cancel };
    std::thread::scope(|scope| {
        let call = scope.spawn(|| modules.tokens(until));
        cancel.store(true, Ordering::Release);
        assert!(matches!(call.join().unwrap(), Err(ChildError::Cancelled)));
    });
}

#[test]
fn what_a_card_says_of_its_pin_reaches_the_agent() {
    for (fault, says) in [
        (Fault::Locked, "locked"),
        (Fault::LastTry, "one more PIN"),
        (Fault::PinNotSet, "set first"),
        (Fault::PinForm, "cannot have this PIN"),
        (Fault::KeyPin, "a PIN of its own"),
        (Fault::Removed, "taken away"),
        (Fault::Swapped, "another card"),
        (Fault::NoKey, "no key"),
    ] {
        let answers = [&good()[..2], &[Answer::Failed(fault.clone())]].concat();
        let (_, result) = ask(&child(&answers, "cat >/dev/null"), Duration::from_secs(10));
        assert!(result.unwrap_err().to_string().contains(says), "{fault:?}");
    }
    let wrong = Answer::Failed(Fault::WrongPin(Tries::Last));
    let answers = [&good()[..2], &[wrong]].concat();
    let (_, result) = ask(&child(&answers, "cat >/dev/null"), Duration::from_secs(10));
    assert!(matches!(result, Err(CardSignerError::WrongPin(PinTries::Last))));
}

#[test]
fn the_next_question_after_a_crash_gets_a_new_child() {
    // A child that crashes when it is asked to sign.
    let modules = child(&good()[..2], "exit 1");
    let mut signer = modules.signer(token());
    for _ in 0..2 {
        signer.look(within(Duration::from_secs(10))).unwrap();
        let request = SignRequest {
            certificate: &certificate(),
            message: b"message",
            pin: None,
            dares_last_try: false,
        };
        let error = signer.sign(&request, within(Duration::from_secs(10))).unwrap_err();
        assert_eq!(words(&error), ChildError::Crashed.to_string());
    }
}
