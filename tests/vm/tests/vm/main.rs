//! A machine of its own, in which the kernel has a key, and the agent finds it.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod archive;
mod machine;

use std::path::Path;

use machine::Machine;

/// The agent reads the system's certificates when it starts.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

#[test]
#[ignore = "`make test-vm` installs what it needs"]
fn a_person_signs_in_with_a_key_that_the_kernel_shows_and_the_agent_finds() {
    let inside = Path::new(env!("CARGO_BIN_EXE_vm-inside"));
    let mut machine = Machine::new();
    machine.copy(Path::new(CERTIFICATES), Path::new(CERTIFICATES));
    machine.program(inside);
    for name in ["cardea-agent", "cardea-sim"] {
        machine.program(&inside.with_file_name(name));
    }
    for name in ["fido2-assert", "fido2-cred", "fido2-token"] {
        machine.program(&Path::new("/usr/bin").join(name));
    }
    let said = machine.run("/programs/vm-inside");
    println!("{said}");
    let steps = said.lines().filter(|line| line.starts_with('✓')).count();
    let last = said.lines().rfind(|line| line.starts_with("VM: "));
    assert_eq!(last, Some(&*format!("VM: {steps} steps, {steps} ok")));
}
