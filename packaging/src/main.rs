//! Writes manual pages and completions of the three programs into a folder, one folder for each
//! program: what the packages hold besides the programs. `cargo xtask package` calls it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Command, Parser};
use clap_complete::Shell;

/// The shells that Debian's users have.
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// Writes manual pages and completions.
#[derive(Parser)]
struct Arguments {
    /// Where to.
    folder: PathBuf,
}

#[expect(clippy::print_stderr, reason = "the program's last word")]
fn main() -> ExitCode {
    let Arguments { folder } = Arguments::parse();
    let programs =
        [server::cli::command(), cardea_agent::cli::command(), firmware_sim::cli::command()];
    for program in programs {
        if let Err(error) = write(program, &folder) {
            eprintln!("cannot write to {}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn write(mut program: Command, folder: &Path) -> io::Result<()> {
    let name = program.get_name().to_owned();
    let [man, completions] = ["man", "completions"].map(|kind| folder.join(&name).join(kind));
    std::fs::create_dir_all(&man)?;
    std::fs::create_dir_all(&completions)?;
    // First, while it knows no command `help`, which would want pages of its own.
    clap_mangen::generate_to(program.clone(), man)?;
    for shell in SHELLS {
        clap_complete::generate_to(shell, &mut program, &name, &completions)?;
    }
    Ok(())
}
