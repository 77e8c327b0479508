//! `cardea-agent doctor`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use crate::doctor::{Desktop, Finding, Verdict, examine};

use crate::command::pinentry;
use crate::command::table::table;
use crate::environment::{default_state, settings_files, surroundings, variable};
use crate::failure::Failure;
use crate::smart_cards::smart_cards;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where keys and enrolments are kept [default: cardea in `XDG_STATE_HOME`]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    #[command(flatten)]
    pinentry: pinentry::Arguments,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// A simulated key at this socket, as `cardea-sim key` makes it, beside the real keys
    #[arg(long, value_name = "PATH")]
    simulated_key: Option<PathBuf>,
}

/// Where Debian's pcscd listens.
const PCSCD: &str = "/run/pcscd/pcscd.comm";

/// Prints what is found; it is a failure when something is wrong.
pub(crate) async fn run(arguments: Arguments, socket: Option<PathBuf>) -> Result<(), Failure> {
    let findings = examine(&Desktop {
        pcscd: variable("PCSCLITE_CSOCK_NAME").unwrap_or_else(|| PCSCD.into()),
        socket,
        state_dir: arguments.state.or_else(default_state),
        settings: settings_files(),
        modules: smart_cards(&settings_files()).ok().flatten(),
        pinentry: arguments.pinentry.program().ok(),
        surroundings: surroundings(),
        simulated_key: arguments.simulated_key,
    })
    .await;
    let mut out = std::io::stdout();
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &findings).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", text(&findings))?;
    }
    let is_ill = findings.iter().any(|finding| finding.verdict == Verdict::Wrong);
    if is_ill { Err(Failure::Ill) } else { Ok(()) }
}

/// A line for each finding, and under it the one that mends it.
fn text(findings: &[Finding]) -> String {
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| {
            let mark = match finding.verdict {
                Verdict::Good => "✔",
                Verdict::Wrong => "✘",
                Verdict::Absent => "–",
            };
            [format!("{mark} {}", finding.check), finding.says.clone()]
        })
        .collect();
    let mut text = String::new();
    for (line, finding) in table(&rows).lines().zip(findings) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
        if let Some(mend) = &finding.mend {
            let _ = writeln!(text, "    → {mend}");
        }
    }
    text
}
