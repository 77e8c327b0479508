//! Installs the packages of the operating system that a command needs: Debian's, as root or by
//! sudo after asking. Elsewhere it says what is missing.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::Command;

/// What `make demo` needs: to build the agent and the simulated card, and a reader to put it in.
pub(crate) const DEMO: &[&str] =
    &["pkg-config", "libpcsclite-dev", "libclang-dev", "pcscd", "vsmartcard-vpcd", "iproute2"];

/// What `make test` needs besides: browser, database, and the fault injector.
pub(crate) const TEST: &[&str] = &[
    "pkg-config",
    "libpcsclite-dev",
    "libclang-dev",
    "pcscd",
    "vsmartcard-vpcd",
    "iproute2",
    "chromium",
    "chromium-driver",
    "fonts-dejavu-core",
    "postgresql",
    "strace",
];

/// What `make interop` needs: a simulated card in a reader, and other people's clients. The rest of
/// theirs is no package of the operating system, see `python.rs`.
pub(crate) const INTEROP: &[&str] = &[
    "pkg-config",
    "libpcsclite-dev",
    "libclang-dev",
    "pcscd",
    "vsmartcard-vpcd",
    "iproute2",
    "python3-venv",
    "python3-pyscard",
];

/// Installs what is missing; `true` when nothing is missing afterwards.
pub(crate) fn install(packages: &[&str]) -> bool {
    let missing = missing(packages);
    if missing.is_empty() {
        return true;
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        println!("These Debian packages, or what they are called here, are missing:");
        println!("  {}", missing.join(" "));
        return false;
    }
    let root = is_root();
    if !root && !agreed(&missing) {
        println!("Not installed. To install them: sudo apt-get install {}", missing.join(" "));
        return false;
    }
    println!("installing {}", missing.join(" "));
    apt(root, &["update", "-qq"]);
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(&missing);
    apt(root, &arguments)
}

fn missing<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    packages.iter().copied().filter(|package| !is_installed(package)).collect()
}

fn is_installed(package: &str) -> bool {
    let query = Command::new("dpkg-query").args(["-W", "-f", "${Status}", package]).output();
    query.is_ok_and(|answer| answer.stdout == b"install ok installed")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

/// Asks on the terminal; without one, nobody has agreed.
fn agreed(missing: &[&str]) -> bool {
    if !std::io::stdin().is_terminal() {
        return false;
    }
    print!("Install with sudo: {}? [y/N] ", missing.join(" "));
    let mut answer = String::new();
    let asked = std::io::stdout().flush().and_then(|()| std::io::stdin().read_line(&mut answer));
    asked.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

fn apt(root: bool, arguments: &[&str]) -> bool {
    let (program, before): (&str, &[&str]) =
        if root { ("apt-get", &[]) } else { ("sudo", &["apt-get"]) };
    let mut command = Command::new(program);
    command.args(before).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    // The installers talk much; what they say matters only when they fail.
    let done = command.stdout(std::process::Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}
