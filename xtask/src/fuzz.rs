//! `cargo xtask fuzz`: looks for input that breaks a parser, with libFuzzer and the compiler's own
//! coverage. Needs no other toolchain; a C++ compiler builds libFuzzer.

use std::path::Path;
use std::process::Command;

/// Coverage for libFuzzer (`-fsanitize=fuzzer` of other compilers), and overflows that panic.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";

/// Naming the target keeps build scripts and macros free of coverage, which they cannot be linked
/// with.
const HOST: &str = "x86_64-unknown-linux-gnu";

const PLACE: &str = "target/fuzz";

/// How long, where nobody says so: in seconds.
const MINUTE: &str = "60";

/// The release profile without what makes its build slow (docs/adr/0023).
const FASTER_BUILT: [(&str, &str); 2] =
    [("CARGO_PROFILE_RELEASE_LTO", "thin"), ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "4")];

/// Fuzzes one target for some seconds, beginning with its corpus. What it finds new is kept in
/// `target/fuzz`; what breaks it is written there and told.
pub(crate) fn run(target: &str, seconds: Option<&str>) -> bool {
    let corpus = format!("tests/fuzz/corpus/{target}");
    if !Path::new(&corpus).is_dir() {
        println!("no target {target:?}: tests/fuzz/corpus has a folder for each");
        return false;
    }
    let found = format!("{PLACE}/found/{target}");
    if let Err(error) = std::fs::create_dir_all(&found) {
        println!("cannot make {found}: {error}");
        return false;
    }
    let program = format!("fuzz-{target}");
    let build = ["build", "--release", "--locked", "-p", "fuzz", "--features", "libfuzzer"];
    let compiled = Command::new("cargo")
        .args(build)
        .args(["--target", HOST, "--target-dir", PLACE, "--bin", &program])
        .env("RUSTFLAGS", FLAGS)
        .envs(FASTER_BUILT)
        .status();
    if !compiled.is_ok_and(|status| status.success()) {
        return false;
    }
    let time = format!("-max_total_time={}", seconds.unwrap_or(MINUTE));
    let crashes = format!("-artifact_prefix={found}/broken-");
    let program = format!("{PLACE}/{HOST}/release/{program}");
    let ran = Command::new(program)
        .args([&*time, &crashes, "-max_len=8192", "-rss_limit_mb=512", "-timeout=5"])
        .args([&found, &corpus])
        .status();
    ran.is_ok_and(|status| status.success())
}
