# Two commands: `make demo` shows Cardea, `make test` checks it. Three more: `make interop` has other
# people's clients check the simulator, and us an authenticator of theirs; `make test-packages` installs
# the Debian packages in a clean system and runs it; `make test-vm` has the agent find a key that the
# kernel shows, in a virtual machine. All install what they need.

.PHONY: demo test check interop package test-packages test-vm

# ONCE=1: end after the scripted part.
demo:
	@cargo run --quiet --locked -p xtask -- prerequisites demo
	@cargo run --quiet --locked -p xtask -- demo $(if $(ONCE),--once)

test: check
	cargo test --workspace --locked --no-fail-fast
	CARDEA_TEST_DATABASE=postgres cargo test --locked --no-fail-fast -p e2e -p isolation

check:
	cargo run --quiet --locked -p xtask -- prerequisites test
	cargo run --quiet --locked -p xtask -- check

interop:
	@cargo run --quiet --locked -p xtask -- prerequisites interop
	cargo build --locked -p firmware-sim --bins
	cargo build --locked --manifest-path tests/interop/passkey-key/Cargo.toml --target-dir target/passkey-key
	cargo test --locked -p interop -- --include-ignored --nocapture

# Into target/debian.
package:
	@cargo run --quiet --locked -p xtask -- prerequisites packages
	@cargo run --quiet --locked -p xtask -- package $(if $(DEBUG),--debug)

# Needs root. DEBUG=1: with what `cargo build` builds, which is there sooner.
test-packages: package
	cargo test --workspace --locked --test clean_root -- --include-ignored --nocapture

test-vm:
	@cargo run --quiet --locked -p xtask -- prerequisites test-vm
	cargo build --locked --workspace --bin cardea-agent --bin cardea-sim --test vm
	cargo test --locked --workspace --test vm -- --include-ignored --nocapture
