//! `cargo xtask package`: Debian packages of server, agent and simulator, in `target/debian`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::{cargo, succeeds, target};
use crate::licences;

/// What turns a crate into a package. A tool of the build, which nothing of ours depends on.
const CARGO_DEB: &str = "3.8.0";

/// The crates, and what their packages are called.
const PACKAGES: [(&str, &str); 3] =
    [("server", "cardea"), ("cardea-agent", "cardea-agent"), ("firmware-sim", "cardea-sim")];

/// Builds programs and packages; `true` when all are there. With `--debug` it packs what `cargo
/// build` builds, for tests that cannot wait for the other.
pub(crate) fn build(arguments: &[&str]) -> bool {
    let profile = match arguments {
        [] => "release",
        ["--debug"] => "debug",
        _ => {
            println!("usage: cargo xtask package [--debug]");
            return false;
        }
    };
    let beside = target().join(profile).join("package");
    println!("Building; with nothing built yet this takes about half an hour.");
    programs(profile)
        && pages(profile, &beside)
        && compress(&beside)
        && PACKAGES.iter().all(|(krate, name)| copyright(krate, &beside.join(name)))
        && cargo_deb()
        && fresh(&target().join("debian"))
        && PACKAGES.iter().all(|(krate, _)| pack(krate, profile))
}

/// What is shipped is built by itself: together with others each program would hold what its
/// neighbours ask of the libraries that they share, which costs the agent a tenth of its memory.
fn programs(profile: &str) -> bool {
    let crates = || ["packaging"].into_iter().chain(PACKAGES.iter().map(|(krate, _)| *krate));
    if profile == "release" {
        return crates().all(|krate| {
            let release = ["build", "--quiet", "--locked", "--bins", "--release"];
            succeeds(cargo().args(release).args(["--package", krate]))
        });
    }
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--bins"]);
    succeeds(build.args(crates().flat_map(|krate| ["--package", krate])))
}

/// Manual pages and completions.
fn pages(profile: &str, folder: &Path) -> bool {
    fresh(folder) && succeeds(Command::new(target().join(profile).join("packaging")).arg(folder))
}

/// As Debian's policy wants it, 12.1. Without the time, so that the same pages are the same files.
fn compress(folder: &Path) -> bool {
    let man = |(_, name): &(&str, &str)| fs::read_dir(folder.join(name).join("man"));
    let pages = PACKAGES.iter().filter_map(|package| man(package).ok()).flatten().flatten();
    succeeds(Command::new("gzip").arg("-9n").args(pages.map(|page| page.path())))
}

fn copyright(krate: &str, folder: &Path) -> bool {
    let written = licences::notices(krate)
        .and_then(|text| fs::write(folder.join("copyright"), text).map_err(|e| e.to_string()));
    written.inspect_err(|error| println!("no copyright file for {krate}: {error}")).is_ok()
}

/// Installs it, unless it is there.
fn cargo_deb() -> bool {
    let tools = tools();
    let receipt = fs::read_to_string(tools.join(".crates.toml")).unwrap_or_default();
    if receipt.contains(&format!("\"cargo-deb {CARGO_DEB} ")) {
        return true;
    }
    println!("installing cargo-deb {CARGO_DEB} in {}", tools.display());
    let mut install = cargo();
    install.args(["install", "--quiet", "--locked", "cargo-deb", "--version", CARGO_DEB, "--root"]);
    succeeds(install.arg(&tools).env("CARGO_TARGET_DIR", tools.join("build")))
}

fn tools() -> PathBuf {
    target().join("tools")
}

fn pack(krate: &str, profile: &str) -> bool {
    let mut pack = Command::new(tools().join("bin/cargo-deb"));
    pack.args(["--quiet", "--locked", "--no-build", "--package", krate]);
    pack.arg("--output").arg(target().join("debian/"));
    if profile == "debug" {
        // Nobody waits for a test's package to become small.
        pack.args(["--profile", "dev", "--fast"]);
    }
    succeeds(&mut pack)
}

/// Makes the folder, with nothing in it.
fn fresh(folder: &Path) -> bool {
    let emptied = if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) };
    let made = emptied.and_then(|()| fs::create_dir_all(folder));
    made.inspect_err(|error| println!("cannot make {}: {error}", folder.display())).is_ok()
}
