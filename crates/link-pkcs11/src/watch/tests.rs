use std::sync::mpsc::channel;

use super::*;
use crate::frame;
use crate::message::Answer;
use crate::module::Program;

const SOON: Duration = Duration::from_secs(30);

fn octal(answer: &Answer) -> String {
    let mut bytes = Vec::new();
    frame::write(&mut bytes, &serde_json::to_vec(answer).unwrap()).unwrap();
    // As `printf %b` has it.
    let each: Vec<_> = bytes.iter().map(|byte| format!("\\0{byte:03o}")).collect();
    each.concat()
}

/// A child that always has others than those that are known, and never waits for it.
fn restless() -> Modules {
    let list = |serial: &str| {
        let token = |slot: &str, serial: &str| TokenId {
            slot: slot.into(),
            label: "card".into(),
            serial: serial.into(),
        };
        octal(&Answer::Tokens(vec![token("reader", serial)]))
    };
    let [opened, even, odd] = [octal(&Answer::Opened("restless".into())), list("1"), list("2")];
    let script = format!(
        "exec 3<&0; cat <&3 >/dev/null & printf %b '{opened}'; \
         while printf %b '{even}' && printf %b '{odd}'; do :; done"
    );
    let arguments = vec!["-c".into(), script.into()];
    Modules::new("/module.so", Program { path: "/bin/sh".into(), arguments })
}

#[test]
fn a_list_that_changes_without_end_is_told_no_faster_than_hands_change_it() {
    let (tell, told) = channel();
    let watch = restless()
        .watch(move |event| {
            let is_list = matches!(event, Event::Found(_) | Event::Arrived(_));
            assert!(is_list || matches!(event, Event::Left(_)), "{event:?}");
            if is_list {
                let _ = tell.send(now());
            }
        })
        .unwrap();
    // As many as there are at once, and the first for which there is no room.
    let lists: Vec<_> =
        (0..=MOST_CHANGES).map(|_| told.recv_timeout(SOON).expect("it goes on")).collect();
    let apart = *lists.last().unwrap() - lists[0];
    assert!(apart >= WINDOW, "{apart:?}");
    drop(watch);
}

#[test]
fn a_watch_that_waits_for_its_pace_ends_at_once() {
    let mut pace = Pace(std::iter::repeat_with(now).take(MOST_CHANGES).collect());
    let ended = pace.keep(&AtomicBool::new(true));
    assert!(matches!(ended, Err(ChildError::Cancelled)), "{ended:?}");
}
