//! What an agent costs that does nothing: the program as it is shipped, enrolled and connected.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use firmware_sim::Pcscd;

use crate::{Bounds, Failure};

const SETTLES: Duration = Duration::from_secs(3);
const WATCHED: Duration = Duration::from_secs(60);
/// 12 MB, in KiB.
const MOST_MEMORY: u64 = 12_000_000 / 1024;
/// A ping and its answer each 25 s, with a neighbour or two, and the list of readers once more after
/// the start.
const MOST_WAKE_UPS: u64 = 30;

/// Ends with us.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) async fn measure(
    pcscd: &Pcscd,
    program: &Path,
    folder: &Path,
    bounds: &mut Bounds,
) -> Result<(), Failure> {
    let mut command = Command::new(program);
    command.arg("run").arg("--state").arg(folder.join("state"));
    command.arg("--socket").arg(folder.join("run/agent.sock")).stderr(Stdio::piped());
    let mut agent = Agent(pcscd.serve(&mut command).spawn()?);
    tokio::time::sleep(SETTLES).await;
    if agent.0.try_wait()?.is_some() {
        let mut said = String::new();
        agent.0.stderr.take().map(|mut stderr| stderr.read_to_string(&mut said)).transpose()?;
        return Err(format!("the agent has ended: {said}").into());
    }
    let before = wake_ups(agent.0.id())?;
    tokio::time::sleep(WATCHED).await;
    let woken = wake_ups(agent.0.id())?.saturating_sub(before);
    let memory = resident(agent.0.id())?;
    bounds.count("idle agent, resident, KiB", memory, MOST_MEMORY);
    bounds.count("idle agent, wake-ups a minute", woken, MOST_WAKE_UPS);
    Ok(())
}

fn resident(id: u32) -> Result<u64, Failure> {
    member(&format!("/proc/{id}/status"), "VmRSS:")
}

/// How often the threads of a process have gone to sleep, and so been woken.
fn wake_ups(id: u32) -> Result<u64, Failure> {
    let mut all = 0_u64;
    for thread in std::fs::read_dir(format!("/proc/{id}/task"))? {
        let status = thread?.path().join("status");
        all = all.saturating_add(member(&status.to_string_lossy(), "voluntary_ctxt_switches:")?);
    }
    Ok(all)
}

fn member(path: &str, name: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(path)?;
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    Ok(value.ok_or("no such line")?.trim().trim_end_matches(" kB").parse()?)
}
