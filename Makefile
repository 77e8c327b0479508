# make demo           builds Cardea, plays it, and stays up to be tried by hand
# make test           checks everything: `make check`, all tests, and `make test-vm`
# make check          format, layers, licences, lints, documentation
# make interop        tries it with other people's programs: clients of the simulator, an authenticator, smart
#                     cards, applications made with OpenID Connect libraries; and `make test-vm`
# make package        builds the Debian packages
# make test-packages  builds them, installs them in a clean system and uses them there; needs root
# make test-vm        has the agent find a key that the kernel shows, in a virtual machine
#
# Each installs the Debian packages that it needs: as root, or by sudo after asking.

ifeq ($(shell command -v cargo 2>/dev/null),)
$(error Rust is missing: README.md says under "Try it" how it is installed)
endif

# What is built once and for good needs no traces of how to build it again.
test check interop: export CARGO_INCREMENTAL ?= 0

.PHONY: demo test check interop package test-packages test-vm

# ONCE=1: end after the scripted part.
demo:
	@cargo run --quiet --locked -p xtask -- prerequisites demo
	@cargo run --quiet --locked -p xtask -- demo $(if $(ONCE),--once)

test: check
	cargo run --quiet --locked -p xtask -- test
	@$(MAKE) --no-print-directory test-vm

check:
	cargo run --quiet --locked -p xtask -- prerequisites test
	cargo run --quiet --locked -p xtask -- check

interop:
	@cargo run --quiet --locked -p xtask -- prerequisites interop
	cargo build --locked -p firmware-sim --bins
	cargo build --locked --manifest-path tests/interop/passkey-key/Cargo.toml --target-dir target/passkey-key
	cargo build --locked --manifest-path tests/interop/applications/openidconnect/Cargo.toml \
		--target-dir target/interop-openidconnect
	cargo test --locked --workspace --test passkey --test piv --test python_fido2 --test applications \
		-- --include-ignored --nocapture
	cargo test --locked --workspace --test agent smart_cards
	@$(MAKE) --no-print-directory test-vm

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
