//! Dialogs with small programs that play pinentry.

use std::time::Duration;

use super::*;

/// A pinentry that is a shell script: `answers` is the body of its loop over `$line`.
fn scripted(answers: &str) -> Pinentry {
    let script = format!(
        "echo 'OK Pleased to meet you'; while read -r line; do case \"$line\" in {answers} *) echo OK;; esac; done"
    );
    Pinentry::new("/bin/sh").with_arguments(["-c".to_owned(), script])
}

fn dialog() -> Dialog<'static> {
    Dialog {
        title: "Cardea",
        description: "Who\nasks",
        prompt: "PIN",
        ok: "Go on",
        ..Dialog::default()
    }
}

#[tokio::test]
async fn a_pin_is_read_with_its_escapes() {
    let pinentry =
        scripted("GETPIN) echo '# a remark'; echo 'S PASSPHRASE'; echo 'D 12%2534'; echo OK;;");
    let pin = pinentry.ask_pin(&dialog()).await.unwrap().unwrap();
    assert_eq!(pin.as_str(), "12%34");
}

#[tokio::test]
async fn an_empty_pin_is_an_answer_and_no_refusal() {
    let pinentry = scripted("GETPIN) echo OK;;");
    assert_eq!(pinentry.ask_pin(&dialog()).await.unwrap().unwrap().as_str(), "");
}

#[tokio::test]
async fn a_person_who_says_no_is_no_error() {
    let pinentry = scripted("GETPIN) echo 'ERR 83886179 Operation cancelled <Pinentry>';;");
    assert!(pinentry.ask_pin(&dialog()).await.unwrap().is_none());
    let pinentry = scripted("CONFIRM) echo 'ERR 83886194 Not confirmed <Pinentry>';;");
    assert_eq!(pinentry.confirm(&dialog()).await.unwrap(), Choice::NotOk);
    let pinentry = scripted("CONFIRM) echo 'ERR 83886179 Operation cancelled <Pinentry>';;");
    assert_eq!(pinentry.confirm(&dialog()).await.unwrap(), Choice::Cancel);
    assert_eq!(scripted("").confirm(&dialog()).await.unwrap(), Choice::Ok);
}

#[tokio::test]
async fn a_broken_program_is_an_error_and_never_a_yes() {
    for answers in [
        "CONFIRM) echo 'ERR 83886081 General error';;",
        "CONFIRM) echo 'ERR nonsense';;",
        "CONFIRM) exit 0;;",
        "CONFIRM) echo INQUIRE CACHE;;",
        "CONFIRM) head -c 3000 /dev/zero; echo; echo OK;;",
        "CONFIRM) i=0; while [ $i -lt 100 ]; do echo '# more'; i=$((i+1)); done; echo OK;;",
    ] {
        assert!(scripted(answers).confirm(&dialog()).await.is_err(), "{answers}");
    }
    assert!(Pinentry::new("/nonexistent/pinentry").confirm(&dialog()).await.is_err());
    let rude = Pinentry::new("/bin/sh").with_arguments(["-c", "echo 'ERR 1 not today'; cat"]);
    assert!(rude.confirm(&dialog()).await.is_err());
}

#[tokio::test]
async fn a_new_pin_is_typed_twice_and_alike() {
    let asked = std::env::temp_dir().join(format!("cardea-asked-{}", std::process::id()));
    let _ = std::fs::remove_file(&asked);
    let file = asked.display();
    // The answers of four dialogs, one after the other: 1234, 9999, then 5678 twice.
    let pinentry = scripted(&format!(
        "GETPIN) echo x >>'{file}'; case $(grep -c x '{file}') in 1) echo 'D 1234';; 2) echo 'D 9999';; *) echo 'D 5678';; esac; echo OK;; \
         SETERROR*) echo \"$line\" >>'{file}'; echo OK;;"
    ));
    let pin = pinentry.choose_pin(&dialog(), &dialog(), "not the same").await.unwrap().unwrap();
    assert_eq!(pin.as_str(), "5678");
    let said = std::fs::read_to_string(&asked).unwrap();
    std::fs::remove_file(&asked).unwrap();
    assert_eq!(said, "x\nx\nSETERROR not the same\nx\nx\n");
}

/// Waits until something outside of this process is so.
async fn until(is_so: impl Fn() -> bool) {
    let so = async {
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        while !is_so() {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), so).await.expect("it happens soon");
}

#[tokio::test]
async fn dropping_the_question_ends_the_program() {
    let file = std::env::temp_dir().join(format!("cardea-pid-{}", std::process::id()));
    let pinentry = scripted(&format!("CONFIRM) echo $$ >'{}'; exec sleep 600;;", file.display()));
    let question = tokio::spawn(async move { pinentry.confirm(&dialog()).await.map(drop) });
    let written = || std::fs::read_to_string(&file).unwrap_or_default();
    until(|| written().ends_with('\n')).await;
    let pid = written().trim().to_owned();
    std::fs::remove_file(&file).unwrap();
    question.abort();
    until(|| !Path::new(&format!("/proc/{pid}")).exists()).await;
}

#[test]
fn the_first_known_program_of_the_path_is_taken() {
    let directory = std::env::temp_dir().join(format!("cardea-path-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    assert_eq!(Pinentry::find(directory.as_os_str()), None);
    std::fs::write(directory.join("pinentry"), "").unwrap();
    std::fs::write(directory.join("pinentry-qt"), "").unwrap();
    let found = Pinentry::find(directory.as_os_str()).unwrap();
    assert_eq!(found.program(), directory.join("pinentry-qt"));
    std::fs::remove_dir_all(&directory).unwrap();
}
