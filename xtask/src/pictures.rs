//! `cargo xtask pictures`: screenshots of every page into `docs/pictures`.

use std::process::Command;

/// Takes them with the program in `tests/browser`; `true` when all are there.
pub(crate) fn take() -> bool {
    let mut program = Command::new("cargo");
    program.args(["run", "--quiet", "--package", "browser", "--bin", "pictures", "--"]);
    program.arg("docs/pictures").current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    program.status().is_ok_and(|status| status.success())
}
