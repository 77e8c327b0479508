//! With a small program that plays pinentry and writes down what it shows.

use std::path::PathBuf;

use authenticator::FingerError;

use super::*;

/// A pinentry that shows what it is told, and waits.
struct Screen {
    shown: PathBuf,
    pinentry: Pinentry,
}

impl Screen {
    fn new(name: &str) -> Self {
        let name = format!("cardea-waiting-{name}-{}", std::process::id());
        let shown = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&shown);
        let script = format!(
            "echo OK; while read -r line; do case \"$line\" in \
             SETDESC*|SETERROR*) printf '%s\\n' \"$line\" >>'{0}'; echo OK;; \
             CONFIRM) echo there >>'{0}'; read -r rest;; *) echo OK;; esac; done",
            shown.display()
        );
        let pinentry = Pinentry::new("/bin/sh").with_arguments(["-c".to_owned(), script]);
        Self { shown, pinentry }
    }

    fn shown(&self) -> String {
        std::fs::read_to_string(&self.shown).unwrap_or_default()
    }

    /// Waits until so many dialogs have been there: what they said.
    async fn dialogs(&self, count: usize) -> String {
        let there = async {
            let mut looks = tokio::time::interval(Duration::from_millis(10));
            while self.shown().matches("there").count() < count {
                looks.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), there).await.expect("it happens soon");
        self.shown()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.shown);
    }
}

/// Shows what is waited for on `screen`, while `play` goes on.
async fn on<T>(screen: &Screen, waiting: &Waiting, play: impl Future<Output = T>) -> T {
    tokio::select! {
        () = waiting.refused(&screen.pinentry, "Acme asks") => panic!("nobody has refused"),
        done = play => done,
    }
}

#[tokio::test]
async fn a_touch_is_asked_for_at_once_and_work_only_when_it_takes_long() {
    let (screen, waiting) = (Screen::new("work"), Waiting::new());
    on(&screen, &waiting, async {
        waiting.heard(Kind::Key, Keepalive::PROCESSING);
        waiting.heard(Kind::Key, Keepalive::UP_NEEDED);
        let saw = screen.dialogs(1).await;
        assert_eq!(saw, format!("SETDESC Acme asks%0A%0A{}\nthere\n", words::TOUCH_KEY));
        waiting.heard(Kind::Key, Keepalive::PROCESSING);
        sleep(PATIENCE / 2).await;
        assert_eq!(screen.shown(), saw, "it is not told yet");
        assert!(screen.dialogs(2).await.contains(words::WORKING));
    })
    .await;
}

#[tokio::test]
async fn a_card_is_not_touched_by_hand() {
    let (screen, waiting) = (Screen::new("card"), Waiting::new());
    on(&screen, &waiting, async {
        waiting.heard(Kind::Card, Keepalive::UP_NEEDED);
        // What follows comes after it.
        waiting.heard(Kind::Card, Keepalive::PROCESSING);
        assert!(!screen.dialogs(1).await.contains(words::TOUCH_KEY));
    })
    .await;
}

#[tokio::test]
async fn a_finger_is_asked_for_until_something_else_is_whatever_the_key_says() {
    let (screen, waiting) = (Screen::new("finger"), Waiting::new());
    let not = Some(FingerError::NotRecognised);
    on(&screen, &waiting, async {
        waiting.for_finger(FingerPrompt { tries_left: Some(3), last_error: None });
        screen.dialogs(1).await;
        for keepalive in [Keepalive::UP_NEEDED, Keepalive::PROCESSING] {
            waiting.heard(Kind::Key, keepalive);
            assert!(matches!(*waiting.0.borrow(), For::Finger(_)), "{keepalive:?}");
        }
        waiting.for_finger(FingerPrompt { tries_left: Some(2), last_error: not });
        let saw = screen.dialogs(2).await;
        assert!(!saw.contains(words::TOUCH_KEY) && saw.matches(words::PUT_FINGER).count() == 2);
        assert!(saw.contains("SETERROR Your finger was not recognised. 2 tries left;"), "{saw}");
        waiting.is_over();
        waiting.heard(Kind::Key, Keepalive::UP_NEEDED);
        assert!(screen.dialogs(3).await.contains(words::TOUCH_KEY));
    })
    .await;
}
