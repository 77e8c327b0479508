//! What the packages are for, as one story.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use crate::machine::Machine;

const CONFIG: &str = "/etc/cardea/cardea.toml";

#[test]
#[ignore = "needs root and packages: make test-packages"]
fn the_packages_do_what_they_are_for() {
    let machine = Machine::start(&packages());
    step("install");
    install(&machine);
    step("the server runs as its unit says");
    server_runs(&machine);
    step("manual pages, completions, licences");
    pages_are_there(&machine);
    step("the agent runs in a desktop session, by its socket");
    agent_runs(&machine);
    step("remove");
    remove(&machine);
    step("purge");
    purge(&machine);
}

fn step(what: &str) {
    println!("clean root: {what}");
}

fn packages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../debian");
    let entries = fs::read_dir(folder).expect("packages: cargo xtask package").flatten();
    let packages: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    assert_eq!(packages.len(), 3, "{packages:?}");
    packages
}

/// With their dependencies and without what they recommend. Nothing is started.
fn install(machine: &Machine) {
    let install = "apt-get install -y --no-install-recommends /packages/*.deb";
    let said = machine.root(&["sh", "-c", install]).good();
    assert!(said.contains("Cardea is installed and not set up") && said.contains("init --url"));
    let is = |what| machine.root(&["systemctl", what, "cardea"]).text;
    assert_eq!((is("is-active").trim(), is("is-enabled").trim()), ("inactive", "disabled"));
    machine.root(&["systemctl", "start", "cardea"]).good();
    assert_eq!(is("is-active").trim(), "inactive", "there is nothing to serve yet");
    machine.root(&["dpkg", "--verify", "cardea", "cardea-agent", "cardea-sim"]).good();
}

fn server_runs(machine: &Machine) {
    let port = free_port();
    let url = format!("http://localhost:{port}");
    let cardea = ["runuser", "-u", "cardea", "--", "cardea", "--config", CONFIG];
    let init = ["init", "--url", &url, "--data", "/var/lib/cardea"];
    let said = machine.root(&[&cardea[4..], &init].concat()).good();
    let invite = [&cardea[..], &["admin", "invite"]].concat();
    assert!(said.contains("`systemctl enable --now cardea`"), "{said}");
    assert!(said.contains(&format!("`{}`", invite.join(" "))), "{said}");
    let refused = machine.root(&[&cardea[4..], &["admin", "invite"]].concat());
    assert!(!refused.passed && refused.text.contains(&invite.join(" ")), "{}", refused.text);
    machine.root(&["systemctl", "enable", "--now", "cardea"]).good();
    machine.wait_until(|_| ready(port));
    let link = machine.root(&invite).good();
    assert!(link.contains(&url), "{link}");
    let files = ["/var/lib/cardea", "/var/lib/cardea/master.key", "/etc/cardea", CONFIG];
    let modes = machine.root(&[&["stat", "-c", "%U:%G %a"], &files[..]].concat()).good();
    let wanted = "cardea:cardea 700\ncardea:cardea 600\nroot:root 755\nroot:cardea 640\n";
    assert_eq!(modes, wanted);
    // What the unit takes from it is gone: all capabilities but the one, and most system calls.
    let status = status_of(machine, "cardea.service");
    for line in
        ["CapEff:\t0000000000000400", "CapBnd:\t0000000000000400", "NoNewPrivs:\t1", "Seccomp:\t2"]
    {
        assert!(status.contains(line), "{line}: {status}");
    }
    machine.root(&["systemctl", "restart", "cardea"]).good();
    machine.wait_until(|_| ready(port));
    let upgrade = "apt-get install -y --reinstall /packages/cardea_*.deb";
    let said = machine.root(&["sh", "-c", upgrade]).good();
    assert!(said.contains("Back up, then: systemctl restart cardea"), "{said}");
    assert!(ready(port), "an upgrade leaves it running");
    machine.root(&["systemctl", "stop", "cardea"]).good();
    let said = machine.root(&["sh", "-c", upgrade]).good();
    assert!(said.contains("does not run. Back up, then: systemctl start cardea"), "{said}");
}

fn status_of(machine: &Machine, unit: &str) -> String {
    let script = format!("cat /proc/$(systemctl show -P MainPID {unit})/status");
    machine.root(&["sh", "-c", &script]).good()
}

fn pages_are_there(machine: &Machine) {
    for (page, word) in [
        ("cardea", "admin"),
        ("cardea-init", "trusted-proxy"),
        ("cardea-agent-pair", "no-browser"),
        ("cardea-sim-isolated", "pcscd"),
    ] {
        let text = machine.root(&["man", "--pager=cat", page]).good();
        assert!(text.contains(word), "{page}: {text}");
    }
    for (line, wanted) in
        [("cardea serv", "serve"), ("cardea-agent pai", "pair"), ("cardea-sim isol", "isolated")]
    {
        let (program, begun) = line.split_once(' ').unwrap();
        let script = format!(
            ". /usr/share/bash-completion/bash_completion; _completion_loader {program}; \
             COMP_WORDS=({line}); COMP_CWORD=1; COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; \
             $(complete -p {program} | sed 's/.*-F \\([^ ]*\\).*/\\1/') {program} {begun} {program}; \
             echo \"${{COMPREPLY[*]}}\""
        );
        assert_eq!(machine.root(&["bash", "-c", &script]).good().trim(), wanted);
    }
    for program in ["cardea", "cardea-agent", "cardea-sim"] {
        let version = machine.root(&[program, "--version"]).good();
        assert_eq!(version.trim(), format!("{program} {}", env!("CARGO_PKG_VERSION")));
        assert!(machine.root(&[program, "--help"]).good().contains("Usage:"));
        let notices = format!("/usr/share/doc/{program}/copyright");
        let notices = machine.root(&["cat", &notices]).good();
        assert!(notices.contains("clap 4.") && notices.contains("Permission is hereby granted"));
    }
}

fn agent_runs(machine: &Machine) {
    machine.person();
    let agent = |word| machine.ada(&["cardea-agent", word]);
    let said = agent("status");
    assert!(!said.passed && said.text.contains("no agent is running"), "{}", said.text);
    // Both units are turned on for everybody's desktop.
    machine.ada(&["systemctl", "--user", "start", "desktop.target"]).good();
    let journal = ["journalctl", "--no-pager", "_SYSTEMD_USER_UNIT=cardea-agent.service"];
    machine.wait_until(|machine| {
        machine.root(&journal).text.contains("install pinentry-gnome3, pinentry-qt or")
    });
    let pinentry = ["apt-get", "install", "-y", "--no-install-recommends", "pinentry-curses"];
    machine.root(&pinentry).good();
    machine.wait_until(|_| agent("status").text.contains("Paired with no server yet."));
    is_sandboxed(machine);
    sees_a_card(machine);
    // It ends, and the next command starts it.
    machine.ada(&["systemctl", "--user", "stop", "cardea-agent.service"]).good();
    let is = || machine.ada(&["systemctl", "--user", "is-active", "cardea-agent.service"]).text;
    assert_eq!(is().trim(), "inactive");
    assert!(agent("status").good().contains("Paired with no server yet."));
    assert_eq!(is().trim(), "active");
    // Its socket belongs to the session, and ends with it.
    machine.ada(&["systemctl", "--user", "stop", "graphical-session.target"]);
    machine.ada(&["systemctl", "--user", "stop", "desktop.target"]).good();
    machine.wait_until(|_| agent("status").text.contains("no agent is running"));
}

/// From its sandbox it reaches pcscd, and pcscd the card of our simulator.
fn sees_a_card(machine: &Machine) {
    let reader = ["apt-get", "install", "-y", "--no-install-recommends", "vsmartcard-vpcd"];
    machine.root(&reader).good();
    machine.root(&["systemctl", "restart", "pcscd.socket"]).good();
    machine.ada(&["cardea-agent", "status"]).good();
    machine.root(&["systemd-run", "--unit=card", "cardea-sim", "card"]).good();
    machine.wait_until(|machine| {
        let said = machine.ada(&["cardea-agent", "status"]).text;
        // The reader is there once pcscd is asked, which a card that came too early does not do.
        machine.root(&["systemctl", "start", "pcscd", "card"]);
        said.contains("Card in Virtual PCD 00 00")
    });
    machine.root(&["systemctl", "stop", "card"]).good();
}

fn is_sandboxed(machine: &Machine) {
    let pid = ["systemctl", "--user", "show", "-P", "MainPID", "cardea-agent.service"];
    let pid = machine.ada(&pid).good();
    let of = |file| machine.root(&["cat", &format!("/proc/{}/{file}", pid.trim())]).good();
    let status = of("status");
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000"] {
        assert!(status.contains(line), "{line}: {status}");
    }
    // The socket that it was given is not inherited by a dialog's program (O_CLOEXEC).
    let socket = of("fdinfo/3");
    let flags = socket.lines().find_map(|line| line.strip_prefix("flags:\t")).unwrap();
    assert_ne!(u32::from_str_radix(flags, 8).unwrap() & 0o2_000_000, 0, "{socket}");
    let mounts = of("mounts");
    let is = |place: &str, mode: &str| {
        mounts.lines().any(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            fields[1] == place && fields[3].split(',').next() == Some(mode)
        })
    };
    assert!(is("/", "ro") && is("/home/ada/.local/state/cardea", "rw"), "{mounts}");
    // Where notifications are asked for.
    let bus = format!("test -S /proc/{}/root/run/user/$(id -u ada)/bus", pid.trim());
    machine.root(&["sh", "-c", &bus]).good();
    let mode = [
        "stat",
        "-c",
        "%U %a",
        "/home/ada/.local/state/cardea",
        "/home/ada/.local/state/cardea/lock",
    ];
    assert_eq!(machine.root(&mode).good(), "ada 700\nada 600\n");
}

/// Everything goes but what was set up and what was stored.
fn remove(machine: &Machine) {
    machine.root(&["apt-get", "remove", "-y", "cardea", "cardea-agent", "cardea-sim"]).good();
    let is_active = machine.root(&["systemctl", "is-active", "cardea"]);
    assert!(!is_active.passed, "{}", is_active.text);
    let left = left(machine);
    for kept in [CONFIG, "/var/lib/cardea"] {
        assert!(left.iter().any(|path| path == kept), "{kept} is gone");
    }
    let wanted = ["/etc/cardea", "/var/lib/cardea", "/var/lib/dpkg/info/cardea."];
    let others = left.iter().filter(|path| !wanted.iter().any(|start| path.starts_with(start)));
    assert_eq!(others.collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Of agent and simulator nothing was left to purge.
fn purge(machine: &Machine) {
    machine.root(&["apt-get", "purge", "-y", "cardea"]).good();
    assert_eq!(left(machine), Vec::<String>::new());
}

/// Every file that is called after us; but for what belongs to ada.
fn left(machine: &Machine) -> Vec<String> {
    let find = ["find", "/", "-xdev", "-name", "*cardea*", "-not", "-path", "/packages/*"];
    // Nor what man keeps of pages that were read.
    let find = [&find[..], &["-not", "-path", "/var/cache/man/*"]].concat();
    let found = machine.root(&[&find[..], &["-not", "-path", "/home/*"]].concat()).good();
    found.lines().map(str::to_owned).collect()
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Whether the server says that it is well. The machine shares our network.
fn ready(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let request = "GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200 ")
}
