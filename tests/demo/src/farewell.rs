//! What can be done by hand now. What lets somebody in works once: the invitation to the console,
//! and the code that pairs a browser. Account page and portal are where everybody signs in anew, so
//! their addresses are plain.

use tokio::process::Command;

use crate::sign_in::{ACCOUNT, USERNAME};
use crate::stage::{PIN, Stage};
use crate::story::say;
use crate::trouble::{Trouble, cannot, ensure};

/// A fresh link that makes whoever opens it an administrator: `cardea admin invite`.
pub(crate) async fn invitation(stage: &Stage) -> Result<String, Trouble> {
    let mut command = Command::from(stage.cardea());
    let done = command.args(["admin", "invite"]).output().await;
    let done = done.map_err(cannot("cardea admin invite to run"))?;
    let link = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    let prefix = format!("{}/admin/invite#", stage.origin());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure(link.starts_with(&prefix), format_args!("a link {prefix}…"), said)?;
    Ok(link)
}

/// Prints everything that a person needs to go on.
pub(crate) async fn print(stage: &Stage) -> Result<(), Trouble> {
    let (origin, entra) = (stage.origin(), stage.entra_base());
    let invitation = invitation(stage).await?;
    let password = entra_stand_in::PASSWORD;
    let agent = stage.program("cardea-agent");
    let (agent, socket) = (agent.display(), stage.agent_socket());
    let (cardea, config) = (stage.program("cardea"), stage.path("cardea.toml"));
    say(format_args!(
        "
Now you. Everything stays up until Ctrl-C.

  Console, as administrator   {invitation}
                              (once, within ten minutes; your browser's passkey is your card)
  Another such link           {cardea} \\
                                  --config {config} admin invite
  Account page                {origin}{ACCOUNT}
  Wiki, an application        http://127.0.0.1:{wiki_port}/
  Azure portal (stand-in)     {entra}/portal
  People at Azure             ada@acme.example (administrator), mia@acme.example,
                              max@acme.example (201 groups); the same at birch.example
  Their password              {password}

Pair your browser with the demo's agent, and use its card:

  1. On the account page sign in with Azure, up to the card page.
  2. Choose \"Set up Cardea on this computer\"; the page shows a code like KRQM-BXPT.
  3. Type that code here, and Enter. (Or in another terminal, with it in place of CODE:
     {agent} --socket {socket} \\
         pair CODE --again --no-browser --server {origin} )
  4. Open the address that it prints in the browser that shows the code, and confirm there.
     \"Card or key\" asks the agent now.

  PIN of the simulated card   {PIN}; the demo's dialog types it, and the card taps itself.
                              {USERNAME} has it already; Mia and Max can add it too.

From another computer, first:

  ssh -L {port}:localhost:{port} -L {entra_port}:127.0.0.1:{entra_port} \\
      -L {wiki_port}:127.0.0.1:{wiki_port} USER@{host}
",
        cardea = cardea.display(),
        config = config.display(),
        socket = socket.display(),
        port = port(origin),
        entra_port = port(entra),
        wiki_port = stage.wiki_port(),
        host = rustix::system::uname().nodename().to_string_lossy(),
    ));
    Ok(())
}

fn port(base: &str) -> &str {
    base.rsplit_once(':').map_or("80", |(_, port)| port)
}
