//! `cardea-agent open`, which any page can have called with anything.

use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::net::UnixListener;
use std::process::{Output, Stdio};

use cardea_agent::Link;
use tokio::process::Command;

use crate::program::PROGRAM;
use crate::support::{Folder, soon};

/// A link with nothing wrong but that its ticket is nobody's.
pub(crate) const GOOD: &str = "cardea://t/AAAAAAAAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// What pages, mails and documents would like to be read, by name.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let ticket = &GOOD["cardea://t/".len()..];
    let text = |name, text: String| (name, text.into_bytes());
    let instead = |odd: &str| format!("cardea://t/{odd}{}", &ticket[odd.len()..]).into_bytes();
    vec![
        text("nothing", String::new()),
        text("a space", " ".into()),
        text("a dash", "-".into()),
        text("two dashes", "--".into()),
        text("an option of ours", "--json".into()),
        text("a short option", "-h".into()),
        text("an option that asks for the version", "--version".into()),
        text("an option with a program to run", "--browser=/bin/sh".into()),
        text("the scheme alone", "cardea:".into()),
        text("the scheme and two slashes", "cardea://".into()),
        text("no ticket and no slash", "cardea://t".into()),
        text("no ticket", "cardea://t/".into()),
        text("a ticket that is too short", "cardea://t/short".into()),
        text("a path that says t", "cardea:///t/".into()),
        text("a ticket without a scheme", ticket.into()),
        text("a relative link", format!("t/{ticket}")),
        text("a link relative to the scheme", format!("//t/{ticket}")),
        text("a link at the end of an address", format!("https://evil.example/{GOOD}")),
        text("a ticket by another scheme", format!("https://t/{ticket}")),
        text("a scheme without slashes", format!("cardea:t/{ticket}")),
        text("a scheme with one slash", format!("cardea:/t/{ticket}")),
        text("a scheme with three slashes", format!("cardea:///t/{ticket}")),
        text("a T for a t", format!("cardea://T/{ticket}")),
        text("a slash too many", format!("cardea://t//{ticket}")),
        text("a way up and down again", format!("cardea://t/../t/{ticket}")),
        text("a way to where one is", format!("cardea://t/./{ticket}")),
        text("a backslash for a slash", format!("cardea://t\\{ticket}")),
        text("a user before the t", format!("cardea://u@t/{ticket}")),
        text("a port behind the t", format!("cardea://t:443/{ticket}")),
        text("a server before the t", format!("cardea://evil.example/t/{ticket}")),
        text("a server that begins with t", format!("cardea://t.evil.example/{ticket}")),
        text("a scheme with a capital", format!("Cardea://t/{ticket}")),
        text("a scheme of capitals", format!("CARDEA://t/{ticket}")),
        text("a scheme that begins like ours", format!("cardea2://t/{ticket}")),
        text("a link as a file", format!("file://{GOOD}")),
        text("a link as a script", format!("javascript:{GOOD}")),
        text("a space before it", format!(" {GOOD}")),
        text("a space behind it", format!("{GOOD} ")),
        text("a line's end behind it", format!("{GOOD}\n")),
        text("a line's end before it", format!("\n{GOOD}")),
        text("a byte order mark before it", format!("\u{feff}{GOOD}")),
        text("a letter too many", format!("{GOOD}A")),
        text("a letter too few", GOOD[..GOOD.len() - 1].into()),
        text("a slash behind it", format!("{GOOD}/")),
        text("a query with a server", format!("{GOOD}?server=https://evil.example")),
        text("a fragment with a return token", format!("{GOOD}#rt=x")),
        text("a parameter", format!("{GOOD}&x")),
        text("a command behind it", format!("{GOOD};reboot")),
        text("a command in backquotes", format!("{GOOD}`reboot`")),
        text("a command in brackets", format!("{GOOD}$(reboot)")),
        text("two links in one", format!("{GOOD} {GOOD}")),
        text("a link in quotes", format!("\"{GOOD}\"")),
        text("a link in single quotes", format!("'{GOOD}'")),
        text("a link behind a word", format!("pair/{GOOD}")),
        text("a pairing code", "cardea://pair/KRQM-BXPT?server=https://evil.example".into()),
        text("another command of ours", "cardea://cards/reset".into()),
        text("a way to a file", "../../../../etc/passwd".into()),
        text("a file of the system", "/dev/stdin".into()),
        text("a field of a desktop file", "%u".into()),
        text("a hundred thousand letters", "A".repeat(100_000)),
        ("an equals sign in the ticket", instead("=")),
        ("a plus in the ticket", instead("+")),
        ("a slash in the ticket", instead("/")),
        ("an escaped letter in the ticket", instead("%41")),
        ("a dot in the ticket", instead(".")),
        ("a letter with an accent in the ticket", instead("\u{e9}")),
        ("a wide letter in the ticket", instead("\u{ff21}")),
        ("a mark that turns the reading in the ticket", instead("\u{202e}")),
        ("a tab in the ticket", instead("\t")),
        ("a backslash in the ticket", instead("\\")),
        ("a byte that is no UTF-8 behind it", [GOOD.as_bytes(), b"\xff"].concat()),
        ("bytes that are no UTF-8", b"\xfe\xff".to_vec()),
    ]
}

async fn open(folder: &Folder, arguments: impl IntoIterator<Item = Vec<u8>>) -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("--socket").arg(folder.path().join("agent.sock")).arg("open");
    command.args(arguments.into_iter().map(std::ffi::OsString::from_vec));
    command.stdin(Stdio::null()).kill_on_drop(true);
    soon(command.output()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_link_of_ours_is_dropped_without_a_word() {
    let folder = Folder::new();
    // Nobody accepts here: whoever connects stands in the queue.
    let socket = UnixListener::bind(folder.path().join("agent.sock")).unwrap();
    socket.set_nonblocking(true).unwrap();
    for (name, text) in hostile() {
        assert!(std::str::from_utf8(&text).ok().and_then(|t| t.parse::<Link>().ok()).is_none());
        let said = open(&folder, [text]).await;
        assert!(said.status.success(), "{name}: {said:?}");
        assert!(said.stdout.is_empty() && said.stderr.is_empty(), "{name}: {said:?}");
        assert!(socket.accept().is_err(), "{name} has reached the agent");
    }
    for (name, arguments) in [
        ("no argument", vec![]),
        ("a link and a word", vec![GOOD.into(), "x".into()]),
        ("two links", vec![GOOD.into(), GOOD.into()]),
    ] {
        let said = open(&folder, arguments).await;
        assert!(said.status.success(), "{name}: {said:?}");
        assert!(said.stdout.is_empty() && said.stderr.is_empty(), "{name}: {said:?}");
        assert!(socket.accept().is_err(), "{name} has reached the agent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_help_alone_gets_it() {
    let folder = Folder::new();
    let said = open(&folder, ["--help".into()]).await;
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(said.status.success() && text.contains("the desktop calls this"), "{text}");
    assert!(text.contains("cardea-agent open"), "{text}");
    let with_more = open(&folder, ["--help".into(), GOOD.into()]).await;
    assert!(with_more.stdout.is_empty() && with_more.stderr.is_empty(), "{with_more:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_reaches_the_agent_that_runs() {
    let folder = Folder::new();
    let socket = tokio::net::UnixListener::bind(folder.path().join("agent.sock")).unwrap();
    let asked = tokio::spawn(async move {
        use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
        let mut stream = BufReader::new(socket.accept().await.unwrap().0);
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        stream.write_all(b"{\"opened\":null}\n").await.unwrap();
        line
    });
    let said = open(&folder, [GOOD.into()]).await;
    assert!(said.status.success() && said.stdout.is_empty(), "{said:?}");
    let asked: serde_json::Value = serde_json::from_str(&soon(asked).await.unwrap()).unwrap();
    assert_eq!(asked, serde_json::json!({ "do": "open", "link": GOOD }));
    // Where none runs, somebody has pressed a button, and may know why nothing comes of it.
    let said = open(&Folder::new(), [GOOD.into()]).await;
    assert!(!said.status.success() && said.stdout.is_empty());
    assert!(String::from_utf8(said.stderr).unwrap().contains("no agent is running"));
}
