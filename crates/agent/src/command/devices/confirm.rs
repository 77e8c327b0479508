//! Asks before something is lost.

use std::io::{BufRead as _, Write as _};

use crate::failure::Failure;

/// Says what will be lost, and goes on when the person types `yes`. The device's name is no
/// word for it: its maker chooses that, and may have called it "no".
pub(super) async fn confirm(loss: &str, is_sure: bool) -> Result<(), Failure> {
    if is_sure {
        return Ok(());
    }
    let mut terminal = std::io::stderr();
    write!(terminal, "{loss}\n\nType yes to go on: ")?;
    terminal.flush()?;
    // On a thread of its own, which ends with the program: so it can be interrupted.
    let typed = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|length| (length, line))
    });
    let (length, line) = tokio::select! {
        typed = typed => typed.map_err(std::io::Error::other)??,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Unconfirmed),
    };
    match line.trim() {
        _ if length == 0 => Err(Failure::NobodyToAsk),
        word if word.eq_ignore_ascii_case("yes") => Ok(()),
        _ => Err(Failure::Unconfirmed),
    }
}
