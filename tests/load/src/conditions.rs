//! Under which conditions a figure was found: no figure counts without them.

use std::path::Path;

use load::report::{Sample, line};
use load::{Directory, Wrapper};

use crate::{Failure, Server, disk, process};

/// A machine that does more than this before the start is a loaded one.
const QUIET: f64 = 0.3;

/// Prints the conditions.
pub(crate) fn print(
    server: &Server,
    cores: usize,
    directory: &Directory,
    folder: &Path,
) -> Result<(), Failure> {
    line("processor", format_args!("{}, {cores} cores", process::processor()));
    let storage = if server.postgres {
        "PostgreSQL 15, fsync on, on the same machine"
    } else {
        "SQLite, WAL, synchronous=FULL"
    };
    line("storage", storage);
    let place = if cores > 1 { "server on core 0, driver on core 1" } else { "one core" };
    line("placement", place);
    line("entra stand-in", directory.stand_in.base_url());
    let load = process::load_average();
    let word =
        if is_quiet(&load) { "" } else { " (loaded: only figures of this run may be compared)" };
    line("load average before", format_args!("{load}{word}"));
    let probe = Sample::of(disk::probe(folder)?);
    line("disk, 4 KiB append + fdatasync", probe.p50_and_p99());
    Ok(())
}

fn is_quiet(load_average: &str) -> bool {
    let last_minute = load_average.split(' ').next().and_then(|text| text.parse::<f64>().ok());
    last_minute.is_some_and(|load| load < QUIET)
}

/// Runs a server on the first core, where there are two.
pub(crate) fn pinned(cores: usize) -> Wrapper {
    let pinned = ["taskset", "-c", "0"].map(str::to_owned).to_vec();
    Wrapper(if cores > 1 { pinned } else { Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_did_little_in_the_last_minute_is_quiet() {
        assert!(is_quiet("0.29 1.50 2.00"));
        assert!(!is_quiet("0.30 0.10 0.00"));
        assert!(!is_quiet(""));
    }
}
