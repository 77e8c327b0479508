//! The test programs, built.

use std::io::BufReader;
use std::path::PathBuf;
use std::process::Stdio;

use cargo_metadata::{Artifact, Message};

use crate::bench::cargo;

/// A test program.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// The target's name, as of `cargo test --test`.
    pub(super) name: String,
    /// The package's folder: where `cargo test` starts it.
    pub(super) folder: PathBuf,
    /// The program itself.
    pub(super) path: PathBuf,
    /// Whether it is a file below `tests`, and not the unit tests of a crate.
    pub(super) is_whole: bool,
}

/// Builds as `cargo test --workspace` does; `None` when that fails, which cargo has told then.
pub(super) fn programs() -> Option<Vec<Program>> {
    let arguments = ["test", "--workspace", "--locked", "--no-run"];
    let mut build = cargo()
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .spawn()
        .inspect_err(|error| println!("cannot run cargo: {error}"))
        .ok()?;
    let messages = Message::parse_stream(BufReader::new(build.stdout.take()?));
    let mut programs: Vec<Program> = messages.map_while(Result::ok).filter_map(program).collect();
    if !build.wait().is_ok_and(|status| status.success()) {
        return None;
    }
    // The whole ones take longest: what comes last should be short.
    programs.sort_by(|one, other| {
        other.is_whole.cmp(&one.is_whole).then_with(|| one.path.cmp(&other.path))
    });
    Some(programs)
}

fn program(message: Message) -> Option<Program> {
    let Message::CompilerArtifact(Artifact { target, profile, executable, manifest_path, .. }) =
        message
    else {
        return None;
    };
    if !profile.test {
        return None;
    }
    let is_whole = target.is_test();
    Some(Program {
        folder: manifest_path.parent()?.into(),
        path: executable?.into(),
        name: target.name,
        is_whole,
    })
}
