//! `cardea-agent open`, which any page can have called with anything.

use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::net::UnixListener;
use std::process::{Output, Stdio};

use cardea_agent::Link;
use tokio::process::Command;

use crate::program::PROGRAM;
use crate::support::{Folder, soon};

/// A link with nothing wrong but that its ticket is nobody's.
const GOOD: &str = "cardea://t/AAAAAAAAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// What pages, mails and documents would like to be read.
fn hostile() -> Vec<Vec<u8>> {
    let ticket = &GOOD["cardea://t/".len()..];
    let mut all: Vec<String> = vec![
        String::new(),
        " ".into(),
        "-".into(),
        "--".into(),
        "--help".into(),
        "-h".into(),
        "--version".into(),
        "--browser=/bin/sh".into(),
        "cardea:".into(),
        "cardea://".into(),
        "cardea://t".into(),
        "cardea://t/".into(),
        "cardea://t/short".into(),
        "cardea:///t/".into(),
        ticket.into(),
        format!("t/{ticket}"),
        format!("//t/{ticket}"),
        format!("https://evil.example/{GOOD}"),
        format!("https://t/{ticket}"),
        format!("cardea:t/{ticket}"),
        format!("cardea:/t/{ticket}"),
        format!("cardea:///t/{ticket}"),
        format!("cardea://T/{ticket}"),
        format!("cardea://t//{ticket}"),
        format!("cardea://t/../t/{ticket}"),
        format!("cardea://t/./{ticket}"),
        format!("cardea://t\\{ticket}"),
        format!("cardea://u@t/{ticket}"),
        format!("cardea://t:443/{ticket}"),
        format!("cardea://evil.example/t/{ticket}"),
        format!("cardea://t.evil.example/{ticket}"),
        format!("Cardea://t/{ticket}"),
        format!("CARDEA://t/{ticket}"),
        format!("cardea2://t/{ticket}"),
        format!("file://{GOOD}"),
        format!("javascript:{GOOD}"),
        format!(" {GOOD}"),
        format!("{GOOD} "),
        format!("{GOOD}\n"),
        format!("\n{GOOD}"),
        format!("\u{feff}{GOOD}"),
        format!("{GOOD}A"),
        GOOD[..GOOD.len() - 1].into(),
        format!("{GOOD}/"),
        format!("{GOOD}?server=https://evil.example"),
        format!("{GOOD}#rt=x"),
        format!("{GOOD}&x"),
        format!("{GOOD};reboot"),
        format!("{GOOD}`reboot`"),
        format!("{GOOD}$(reboot)"),
        format!("{GOOD} {GOOD}"),
        format!("\"{GOOD}\""),
        format!("'{GOOD}'"),
        format!("pair/{GOOD}"),
        "cardea://pair/KRQM-BXPT?server=https://evil.example".into(),
        "cardea://cards/reset".into(),
        "../../../../etc/passwd".into(),
        "/dev/stdin".into(),
        "%u".into(),
        "A".repeat(100_000),
    ];
    for odd in ["=", "+", "/", "%41", ".", "é", "\u{ff21}", "\u{202e}", "\t", "\\"] {
        all.push(format!("cardea://t/{odd}{}", &ticket[odd.len()..]));
    }
    let mut bytes: Vec<_> = all.into_iter().map(String::into_bytes).collect();
    bytes.push([GOOD.as_bytes(), b"\xff"].concat());
    bytes.push(b"\xfe\xff\x00".iter().copied().filter(|byte| *byte != 0).collect());
    bytes
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
    let hostile = hostile();
    assert!(hostile.len() >= 60, "{}", hostile.len());
    for text in hostile {
        let shown = String::from_utf8_lossy(&text).chars().take(80).collect::<String>();
        assert!(std::str::from_utf8(&text).ok().and_then(|t| t.parse::<Link>().ok()).is_none());
        let said = open(&folder, [text]).await;
        assert!(said.status.success(), "{shown:?}: {said:?}");
        assert!(said.stdout.is_empty() && said.stderr.is_empty(), "{shown:?}: {said:?}");
        assert!(socket.accept().is_err(), "{shown:?} has reached the agent");
    }
    for arguments in [vec![], vec![GOOD.into(), "x".into()], vec![GOOD.into(), GOOD.into()]] {
        let said = open(&folder, arguments).await;
        assert!(said.status.success() && said.stdout.is_empty() && said.stderr.is_empty());
        assert!(socket.accept().is_err());
    }
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
