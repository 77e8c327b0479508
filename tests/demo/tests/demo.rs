//! The program itself, as people run it: what it says, how it ends, and what it leaves behind.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "what sets a test up fails the test when it fails"
)]

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Once;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PROGRAMS: [(&str, &str); 4] = [
    ("server", "cardea"),
    ("cardea-agent", "cardea-agent"),
    ("firmware-sim", "cardea-sim"),
    ("entra-stand-in", "entra-stand-in"),
];

/// The folder with all programs; those that `cargo test` has not built are built now.
fn programs() -> PathBuf {
    static BUILT: Once = Once::new();
    let folder = Path::new(env!("CARGO_BIN_EXE_demo")).parent().unwrap().to_owned();
    BUILT.call_once(|| {
        if PROGRAMS.iter().all(|(_, program)| folder.join(program).is_file()) {
            return;
        }
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--bins", "--target-dir"]).arg(folder.parent().unwrap());
        for (package, _) in PROGRAMS {
            build.args(["--package", package]);
        }
        assert!(build.status().unwrap().success());
    });
    folder
}

/// The demo, in a temporary directory of its own.
struct Demo {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    place: TempDir,
}

impl Demo {
    fn start(program: &Path, arguments: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut child = Command::new(program)
            .args(arguments)
            .env("TMPDIR", place.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, said, place }
    }

    /// Everything that it says from now on, until it ends.
    fn rest(&mut self) -> Vec<String> {
        self.said.by_ref().map(Result::unwrap).collect()
    }

    /// Reads until a line begins so.
    fn read_to(&mut self, start: &str) -> String {
        let mut lines = self.said.by_ref().map(Result::unwrap);
        lines.find(|line| line.starts_with(start)).expect("the demo says it before it ends")
    }

    /// Processes that name our temporary directory.
    fn processes(&self) -> Vec<String> {
        let place = self.place.path().to_string_lossy().into_owned();
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let commands = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
        let commands = commands.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
        commands.filter(|line| line.contains(&place)).collect()
    }

    /// What it has started: stand-in, server, pcscd and agent.
    fn children(&self) -> Vec<String> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().flatten();
        let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let lists = lists.collect::<Vec<_>>().join(" ");
        lists.split_whitespace().map(|id| format!("/proc/{id}")).collect()
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.place.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn once_it_plays_every_step_and_leaves_nothing_behind() {
    let mut demo = Demo::start(&programs().join("demo"), &["--once"]);
    let lines = demo.rest();
    let status = demo.child.wait().unwrap();
    let said = lines.join("\n");
    assert!(status.success(), "{said}");
    let steps = lines.iter().filter(|line| line.starts_with('✓')).count();
    assert_eq!(lines.last().unwrap(), &format!("demo: {steps} steps, {steps} ok"));
    let together = lines.iter().find_map(|line| line.strip_prefix("All steps together: "));
    let (number, unit) = together.unwrap().split_once(' ').unwrap();
    assert!(number.parse::<u32>().is_ok() && ["ms.", "s."].contains(&unit), "{together:?}");
    for word in [
        "New Registration",
        "Mappers",
        "Home URL",
        "Consent on behalf",
        "Every day",
        "Wiki › Sign out",
        "Back to Microsoft",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert_eq!((demo.processes(), demo.files()), (vec![], vec![]));
}

#[test]
fn until_ctrl_c_it_stays_up_and_then_leaves_nothing_behind() {
    let mut demo = Demo::start(&programs().join("demo"), &[]);
    demo.read_to("Now you.");
    let link = demo.read_to("  Console, as administrator");
    assert!(link.contains("http://localhost:") && link.contains("/admin/invite#"), "{link}");
    demo.read_to("  ssh -L ");
    // The hand at the terminal goes to the agent, and the agent to the server.
    for (typed, said) in
        [("--help", "a code has eight letters"), ("BCDF-GHJK", "This code is not accepted")]
    {
        writeln!(demo.child.stdin.as_mut().unwrap(), "{typed}").unwrap();
        let answer = demo.read_to("Not paired: ");
        assert!(answer.contains(said), "{answer}");
    }
    let children = demo.children();
    assert_eq!(children.len(), 4, "{children:?}");
    let id = Pid::from_raw(demo.child.id().try_into().unwrap()).unwrap();
    kill_process(id, Signal::INT).unwrap();
    assert!(demo.child.wait().unwrap().success());
    assert!(children.iter().all(|child| !Path::new(child).exists()), "{children:?}");
    assert_eq!((demo.processes(), demo.files()), (vec![], vec![]));
}

#[test]
fn a_step_that_fails_says_what_came_instead_and_where_the_logs_are() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["demo", "cardea", "cardea-sim", "entra-stand-in"] {
        let program = programs().join(name);
        // A link, or a copy where the temporary directory is on another disk.
        let link = folder.path().join(name);
        fs::hard_link(&program, &link).or_else(|_| fs::copy(&program, &link).map(|_| ())).unwrap();
    }
    let agent = folder.path().join("cardea-agent");
    fs::write(&agent, "#!/bin/sh\necho the agent is ill\n").unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();

    let mut demo = Demo::start(&folder.path().join("demo"), &["--once"]);
    let lines = demo.rest();
    assert_eq!(demo.child.wait().unwrap().code(), Some(1));
    let said = lines.join("\n");
    assert!(said.contains("✗  5  cardea-agent run"), "{said}");
    assert!(said.contains("expected: cardea-agent to say \"ready\""), "{said}");
    assert!(said.contains("came:     its end: the agent is ill"), "{said}");
    assert_eq!(lines.last().unwrap(), "demo: 5 steps, 4 ok");
    assert_eq!(demo.processes(), Vec::<String>::new());
    let [logs] = demo.files().try_into().unwrap();
    assert!(said.contains(&*logs.to_string_lossy()), "{said}");
    assert!(logs.join("cardea.log").is_file());
}
