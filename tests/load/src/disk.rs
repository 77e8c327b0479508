//! What the disk costs: no figure counts without it.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use load::clock;
use rustix::fs::fdatasync;

/// So many are measured.
const PROBES: usize = 200;

/// Appends 4 KiB and waits for the disk, again and again; how long each wait took.
pub(crate) fn probe(folder: &Path) -> std::io::Result<Vec<Duration>> {
    let path = folder.join("fsync-probe");
    let mut file = File::create(&path)?;
    let page = [0x5a_u8; 4096];
    let mut waits = Vec::with_capacity(PROBES);
    for _ in 0..PROBES {
        let before = clock::now();
        file.write_all(&page)?;
        fdatasync(&file)?;
        waits.push(before.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok(waits)
}
