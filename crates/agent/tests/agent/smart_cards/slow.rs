//! A module that takes longer to look at the readers than anybody waits for it.

use agent_protocol::{CredentialDescriptor, Outcome};
use cardea_agent::{Modules, Program};

use super::ceremonies::{PIN, check, of_both};
use crate::support::person::ended;
use crate::support::server::Server;
use crate::support::tokens::{ADA, Hsm};
use crate::support::{Desktop, descriptor, enrol, login, new_card};

/// Waits for a file, and is the child then.
const GATED: &str = "until [ -e \"$0\" ]; do sleep 0.05; done; exec /usr/bin/env \"$@\"";

#[tokio::test(flavor = "multi_thread")]
async fn who_has_two_cards_chooses_also_when_the_module_is_slow() {
    let hsm = Hsm::new();
    hsm.token("ada");
    let certificate = hsm.key("ada", "01", &ADA);
    let gate = hsm.file("gate");
    let mut arguments = vec!["-c".into(), GATED.into(), gate.clone().into()];
    arguments.extend(hsm.program().arguments);
    let program = Program { path: "/bin/sh".into(), arguments };
    let modules = Modules::new(Hsm::module(), program);
    let (desktop, server) = (Desktop::with(Some(modules)), Server::start().await);
    desktop.pair(&server).await;
    desktop.reader.put(&new_card(92));
    desktop.person.will(&[PIN, PIN, "wait", "another", "ok", PIN]);
    server.ask(&enrol(&server, vec![]));
    let allow: Vec<CredentialDescriptor> =
        vec![descriptor(&server.outcome().await.1), certificate.descriptor()];

    // What is there is offered, and not taken: it may not be the only one.
    let request = of_both(login(&server, allow));
    server.ask(&request);
    let dialog = desktop.person.looks_at(3).await;
    assert!(desktop.person.saw().ends_with("CONFIRM\n"), "{}", desktop.person.saw());
    std::fs::write(&gate, "").unwrap();
    ended(&dialog).await;
    let Outcome::X509Assertion(statement) = server.outcome().await.1 else { panic!("no") };
    check(&hsm, &statement, &request, &certificate);
}
