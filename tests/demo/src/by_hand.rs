//! Pairs the browser of whoever tries the demo with the demo's agent: a code that is typed here goes
//! to `cardea-agent pair`, as on a desktop of their own.

use std::io::{BufRead, IsTerminal, stdin};

use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::desktop::Pairing;
use crate::stage::Stage;
use crate::story::say;
use crate::trouble::Trouble;

/// Takes codes for as long as it is asked to.
pub(crate) async fn take_codes(stage: &Stage) {
    let mut lines = typed();
    while let Some(line) = lines.recv().await {
        let code = line.trim();
        if code.is_empty() {
            continue;
        }
        if let Err(trouble) = pair(stage, code).await {
            say(format_args!("Not paired: {}", trouble.came));
        }
    }
    std::future::pending::<()>().await;
}

async fn pair(stage: &Stage, code: &str) -> Result<(), Trouble> {
    // Nothing else may reach the agent as an argument.
    if !code.chars().all(|c| c.is_ascii_alphabetic() || c == '-') || code.starts_with('-') {
        return Err(Trouble::new("a code", "a code has eight letters, like KRQM-BXPT"));
    }
    // The browser of the play is paired already: this one comes beside it.
    let pairing = Pairing::begin(stage, code, &["--again"]).await?;
    let (account, address) = (&pairing.account, &pairing.address);
    say(format_args!(
        "The agent says that this is the login of {account}. If it is yours, open this address in \
         the browser that shows the code, and confirm there:\n\n  {address}\n"
    ));
    say(pairing.paired().await?);
    Ok(())
}

/// The lines that are typed. A job in the background must not read from its terminal: that would
/// stop it.
fn typed() -> UnboundedReceiver<String> {
    let (tell, lines) = unbounded_channel();
    let is_ours = !stdin().is_terminal() || tcgetpgrp(stdin()).is_ok_and(|it| it == getpgrp());
    if is_ours {
        std::thread::spawn(move || {
            let mut lines = stdin().lock().lines().map_while(Result::ok);
            lines.all(|line| tell.send(line).is_ok())
        });
    }
    lines
}
