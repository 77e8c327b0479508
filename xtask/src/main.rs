//! What would otherwise be shell scripts; `cargo xtask` without a word lists them.
#![expect(clippy::print_stdout, reason = "a command-line tool talks on stdout")]

mod applications;
mod bench;
mod check;
mod demo;
mod fuzz;
mod kernel;
mod layers;
mod licences;
mod node;
mod package;
mod pictures;
mod prerequisites;
mod python;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  check             format, layers, licences, clippy with the house lints, rustdoc
  bench login       what logins cost; further arguments: --help
  bench oidc        what applications and Entra's external MFA cost, beside npm's oidc-provider; --help
  bench tap         what a tap costs, beside python-fido2; as root; further arguments: --help
  demo              build and play the demo; further arguments: --help
  fuzz TARGET [S]   looks for input that breaks a parser, for S seconds (60); see tests/fuzz
  layers            the layer check alone
  licences          the licence check alone
  package           Debian packages into target/debian; --debug: of what `cargo build` builds
  pictures          screenshots of every page, into docs/pictures
  test [NAME]       build and run all test programs, or those whose name has NAME, several at once;
                    --all: also what takes minutes, and everything on PostgreSQL, too
  prerequisites X   install what `make X` needs (X: demo, test, interop, packages, test-vm)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let passed = match words.as_slice() {
        ["bench", "login", arguments @ ..] => bench::login(arguments),
        ["bench", "oidc", arguments @ ..] => bench::oidc(arguments),
        ["bench", "tap", arguments @ ..] => bench::tap(arguments),
        ["check"] => check::all(),
        ["fuzz", target] => fuzz::run(target, None),
        ["fuzz", target, seconds] => fuzz::run(target, Some(seconds)),
        ["layers"] => layers::hold(),
        ["licences"] => licences::hold(),
        ["package", arguments @ ..] => package::build(arguments),
        ["pictures"] => pictures::take(),
        ["demo", arguments @ ..] => demo::play(arguments),
        ["test", names @ ..] => test::run(names),
        ["prerequisites", "demo"] => prerequisites::install(&[prerequisites::DEMO]),
        ["prerequisites", "test"] => {
            prerequisites::install(&[prerequisites::DEMO, prerequisites::TEST])
        }
        ["prerequisites", "packages"] => {
            prerequisites::install(&[prerequisites::DEMO, prerequisites::PACKAGES])
        }
        ["prerequisites", "interop"] => {
            let needs = [prerequisites::DEMO, prerequisites::INTEROP];
            prerequisites::install(&needs) && python::install() && applications::install()
        }
        ["prerequisites", "test-vm"] => {
            let needs = [prerequisites::DEMO, prerequisites::TEST_VM];
            prerequisites::install(&needs) && kernel::install()
        }
        _ => {
            println!("{USAGE}");
            false
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
