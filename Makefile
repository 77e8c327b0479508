# Two commands: `make demo` shows Cardea, `make test` checks it. Both install what they need.

.PHONY: demo test check

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
