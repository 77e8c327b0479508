//! What the kernel says of a process and of the machine.

use std::fs;
use std::time::Duration;

/// Memory and threads of a process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// `VmRSS` in KiB.
    pub(crate) resident: u64,
    /// Of that, `RssAnon` in KiB: what is not a file's.
    pub(crate) anonymous: u64,
    /// Threads.
    pub(crate) threads: u64,
}

/// Memory of a process, from `/proc/PID/status`.
pub(crate) fn memory(process: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    Memory { resident: field("VmRSS:"), anonymous: field("RssAnon:"), threads: field("Threads:") }
}

/// CPU time that a process has used, user and system, in seconds: fields 14 and 15 of
/// `/proc/PID/stat` (proc(5)).
pub(crate) fn cpu_seconds(process: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    cpu_of(&stat, rustix::param::clock_ticks_per_second())
}

/// CPU time that this thread has used: the first field of `/proc/thread-self/schedstat`, nanoseconds.
pub(crate) fn cpu_of_this_thread() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

fn cpu_of(stat: &str, ticks_per_second: u64) -> Option<f64> {
    // The second field is the program's name, which may hold spaces and brackets itself.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    let per_second = u32::try_from(ticks_per_second).ok()?;
    Some((f64::from(user) + f64::from(system)) / f64::from(per_second))
}

/// Load averages of the last 1, 5 and 15 minutes.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The first processor's name.
pub(crate) fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    line.unwrap_or("unknown").trim_start_matches(['\t', ' ', ':']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "7 (a) S b) S 1 7 7 0 -1 4194560 9 0 0 0 150 50 3 4 20 0 5 0 100 1 2";
        assert_eq!(cpu_of(stat, 100), Some(2.0));
        assert_eq!(cpu_of("7 (x) S 1", 100), None);
    }

    #[test]
    fn a_process_knows_its_own_memory() {
        let own = memory(std::process::id());
        assert!(own.resident > 0 && own.threads > 0 && own.anonymous <= own.resident);
    }
}
