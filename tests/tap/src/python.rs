use std::path::Path;
use std::process::Command;
use std::time::Duration;

use load::report::Sample;

use crate::Failure;
use crate::own_time::{ORIGIN, PIN, RP_ID};

const SCRIPT: &str = include_str!("../python/assertions.py");

/// python-fido2 as a client of the same reader.
pub(crate) struct Python;

impl Python {
    /// Makes `count` assertions with the PIN, each checked by itself; how long each took.
    pub(crate) fn assertions(python: &Path, id: &[u8], count: u32) -> Result<Sample, Failure> {
        let id = hex(id);
        let output = Command::new(python)
            .args(["-c", SCRIPT, RP_ID, ORIGIN, PIN, &id, &count.to_string()])
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let lines = String::from_utf8(output.stdout)?;
        let micros = lines.lines().map(|line| Ok(Duration::from_micros(line.parse()?)));
        Ok(Sample::of(micros.collect::<Result<_, std::num::ParseIntError>>()?))
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)]).collect()
}
