//! Enrolling from a page.

use agent_protocol::EnrolAnswer;
use cardea_agent::{Ask, CallError, Daemon, PairError, Reply, ServerAddress};

use crate::support::server::{Server, new_key};
use crate::support::{Desktop, paired, soon};

fn address(server: &Server) -> ServerAddress {
    server.origin.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_holds_once_the_page_has_confirmed_and_not_before() {
    let (desktop, server) = (Desktop::new(), Server::start().await);
    let code = "krqm bxpt".parse().unwrap();
    let pairing = soon(desktop.agent().pair(&address(&server), &code)).await.unwrap();
    assert_eq!(pairing.offer(), &server.offer());
    assert_eq!(desktop.state_files(), 0);
    assert_eq!(desktop.agent().status().enrolments, []);

    server.page_confirms();
    let info = soon(pairing.confirmed()).await.unwrap();
    assert_eq!((info.tenant.as_str(), info.device_id.as_str()), ("acme", "dev-1"));
    soon(desktop.agent().connected()).await;
    assert_eq!(desktop.state_files(), 2);
}

/// Where the browser is to confirm the offer of this server.
fn return_address(server: &Server) -> String {
    let token = server.offer().return_token;
    format!("{}/realms/acme/login/card/pair/return#{}", server.origin, token.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_this_computer_is_paired_with_is_paired_again_at_a_word_alone() {
    let (desktop, server) = paired().await;
    let code = "KRQM-BXPT".parse().unwrap();
    let error = soon(desktop.agent().pair(&address(&server), &code)).await.unwrap_err();
    assert!(matches!(&error, PairError::Already { tenant, .. } if tenant == "Acme"), "{error}");
    assert!(error.what_now().contains("--again"), "{error}");
    assert_eq!(server.offered(), 1, "no code is spent for it");
    let pairing = soon(desktop.agent().pair_again(&address(&server), &code)).await.unwrap();
    server.page_confirms();
    soon(pairing.confirmed()).await.unwrap();
    assert_eq!(desktop.agent().status().enrolments.len(), 2, "it adds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_cannot_send_the_browser_anywhere_else() {
    for tenant in ["acme/../../evil", "acme#", "", "Acme"] {
        let error = pair_with(|offer| offer.tenant = tenant.into()).await;
        assert!(matches!(error, PairError::Tenant), "{tenant}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_waited_for_over_several_polls() {
    let (desktop, server) = (Desktop::new(), Server::start().await);
    *server.shared.long_poll.lock().unwrap() = std::time::Duration::from_millis(10);
    let code = "KRQM-BXPT".parse().unwrap();
    let pairing = soon(desktop.agent().pair(&address(&server), &code)).await.unwrap();
    let confirmed = pairing.confirmed();
    tokio::pin!(confirmed);
    let early = tokio::time::timeout(std::time::Duration::from_millis(100), &mut confirmed).await;
    assert!(early.is_err(), "nobody has confirmed yet");
    server.page_confirms();
    soon(confirmed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_stored_when_the_page_refuses_or_the_code_is_wrong() {
    let (desktop, server) = (Desktop::new(), Server::start().await);
    let code = "BBBB-BBBB".parse().unwrap();
    let error = soon(desktop.agent().pair(&address(&server), &code)).await.unwrap_err();
    let PairError::Call(CallError::Refused { status, title }) = error else { panic!("{error}") };
    assert_eq!((status, title.as_deref()), (404, Some("unknown code")));

    let code = "KRQM-BXPT".parse().unwrap();
    let pairing = soon(desktop.agent().pair(&address(&server), &code)).await.unwrap();
    server.page_refuses();
    let error = soon(pairing.confirmed()).await.unwrap_err();
    assert!(matches!(error, PairError::Refused), "{error}");
    assert_eq!(desktop.state_files(), 0);
}

async fn pair_with(change: impl FnOnce(&mut EnrolAnswer)) -> PairError {
    let (desktop, server) = (Desktop::new(), Server::start().await);
    let mut offer = server.offer();
    change(&mut offer);
    *server.shared.offer.lock().unwrap() = Some(offer);
    server.page_confirms();
    let code = "KRQM-BXPT".parse().unwrap();
    let result = soon(desktop.agent().pair(&address(&server), &code)).await;
    assert_eq!(desktop.state_files(), 0);
    result.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_cannot_enrol_the_agent_for_somebody_else() {
    for origin in ["https://login.example.com", "http://localhost", "http://127.0.0.1:1"] {
        let error = pair_with(|offer| offer.origin = origin.into()).await;
        assert!(matches!(error, PairError::Origin), "{origin}: {error}");
    }
    for rp_id in ["bank.example", "host", ""] {
        let error = pair_with(|offer| offer.rp_id = rp_id.into()).await;
        assert!(matches!(error, PairError::RpId), "{rp_id}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_good_keys_is_not_enrolled() {
    let jwk = new_key().public().to_jwk();
    let off_curve = agent_protocol::PublicJwk { y: jwk.x.clone(), ..jwk.clone() };
    for keys in [vec![], vec![off_curve], vec![jwk; 9]] {
        let error = pair_with(|offer| offer.request_keys = keys).await;
        assert!(matches!(error, PairError::Keys), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_pairs_through_the_socket_of_the_daemon() {
    let (desktop, server) = (Desktop::new(), Server::start().await);
    let code = "KRQM-BXPT".parse().unwrap();
    let ask = Ask::Pair { server: address(&server), code, again: false };
    let mut daemon = soon(Daemon::ask(&desktop.socket(), &ask)).await.unwrap();
    let Reply::Offer(offer) = soon(daemon.reply()).await.unwrap() else { panic!("no offer") };
    assert_eq!(offer.answer, server.offer());
    assert_eq!(offer.address, return_address(&server));
    server.page_confirms();
    let Reply::Paired(info) = soon(daemon.reply()).await.unwrap() else { panic!("not paired") };
    assert_eq!(info.server, server.origin);

    soon(desktop.agent().connected()).await;
    let mut daemon = soon(Daemon::ask(&desktop.socket(), &Ask::Status)).await.unwrap();
    let Reply::Status(status) = soon(daemon.reply()).await.unwrap() else { panic!("no status") };
    assert_eq!(status.enrolments.len(), 1);
    assert!(status.enrolments[0].connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_the_users_alone_and_answers_nonsense_with_an_error() {
    use std::os::unix::fs::PermissionsExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let desktop = Desktop::new();
    let folder = desktop.socket().parent().unwrap().to_owned();
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    for nonsense in [&b"{}\n"[..], b"\n", b"{\"do\":\"pair\"}\n", &[b'x'; 5000]] {
        let mut stream = tokio::net::UnixStream::connect(desktop.socket()).await.unwrap();
        let _ = stream.write_all(nonsense).await;
        let mut answer = String::new();
        let _ = soon(stream.read_to_string(&mut answer)).await;
        assert!(answer.is_empty() || answer.starts_with("{\"error\":"), "{answer}");
    }
    assert_eq!(desktop.agent().status().enrolments, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_comes_back_with_the_agent() {
    let (mut desktop, server) = paired().await;
    desktop.start();
    soon(desktop.agent().connected()).await;
    assert_eq!(desktop.agent().status().enrolments.len(), 1);
    drop(server);
}
