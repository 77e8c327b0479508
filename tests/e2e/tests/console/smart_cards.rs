//! Smart cards with certificates, as an administrator sets them up.

use e2e::{Browser, World};
use identity::RevocationPolicy;
use soft_card::{DAY, Kind, Office, Wanted};

use crate::support::{administrator, marks};

const PAGE: &str = "/admin/tenants/acme/smart-cards";

#[expect(clippy::disallowed_methods, reason = "certificates and lists are of now")]
fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs().try_into().unwrap()
}

#[tokio::test]
async fn an_administrator_sets_up_what_is_taken() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    assert!(browser.get(PAGE).await.body.contains("No authorities"));
    let form = [
        ("enabled", "yes"),
        ("usages", "1.3.6.1.4.1.311.20.2.2"),
        ("policies", ""),
        ("revocation", "if-there"),
        ("upn_required", "yes"),
    ];
    let rules = format!("{PAGE}/rules");
    let saved = browser.post_form(&rules, &form).await;
    assert_eq!(saved.location.as_deref(), Some("/admin/tenants/acme/smart-cards?done=saved"));
    let x509 = world.tenant("acme").await.policy.x509;
    assert!(x509.enabled && x509.upn_required);
    assert_eq!(x509.usages, ["1.3.6.1.4.1.311.20.2.2"]);
    assert_eq!(x509.revocation, RevocationPolicy::IfThere);
    // What the other form says stays, and this one does not lose what that one has set.
    browser.post_form("/admin/tenants/acme/settings", &[("session_minutes", "30")]).await;
    let policy = world.tenant("acme").await.policy;
    assert_eq!((policy.session_seconds, policy.x509), (1800, x509));
    assert!(marks(&browser.post_form(&rules, &[("usages", "logon")]).await, "usages"));
}

#[tokio::test]
async fn an_authority_is_added_with_its_list_and_deleted() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let mut office = Office::root("Acme cards", now());
    let new = format!("{PAGE}/new");
    let card = office.issue(Kind::P256, &Wanted::person("mia@acme.example", now()));
    let text = soft_card::certificate_pem(&card.certificate);
    for certificate in ["hello", text.as_str()] {
        let refused = browser.post_form(&new, &[("name", "A"), ("certificate", certificate)]).await;
        assert!(marks(&refused, "certificate"), "{refused:?}");
    }
    let added = browser.post_form(&new, &[("name", "Cards"), ("certificate", &office.pem())]).await;
    assert_eq!(added.status, 303, "{added:?}");
    let page = browser.get(PAGE).await;
    assert!(
        page.body.contains("CN=Acme cards") && page.body.contains("None: its cards are refused")
    );
    let id = id_of(&office);
    assert!(page.body.contains(&format!("href=\"{PAGE}/{id}\"")), "{page:?}");
    let authority = format!("{PAGE}/{id}");

    let foreign = Office::root("Acme cards", now()).list(&[], now() - 60, now() + DAY);
    let foreign = soft_card::list_pem(&foreign);
    let refused = browser.post_form(&authority, &[("name", "Cards"), ("list", &foreign)]).await;
    assert!(marks(&refused, "list"), "{refused:?}");
    let list = soft_card::list_pem(&office.list(&[card.serial], now() - 60, now() + DAY));
    let taken = browser.post_form(&authority, &[("name", "Cards"), ("list", &list)]).await;
    assert_eq!(taken.status, 303, "{taken:?}");
    let older = soft_card::list_pem(&office.list(&[], now() - 3600, now() + DAY));
    let refused = browser.post_form(&authority, &[("name", "Cards"), ("list", &older)]).await;
    assert!(marks(&refused, "list"), "{refused:?}");
    assert!(browser.get(PAGE).await.body.contains("In force until"));

    let deleted = browser.post_form(&format!("{authority}/delete"), &[]).await;
    assert_eq!(deleted.status, 303, "{deleted:?}");
    assert_eq!(browser.post_form(&format!("{authority}/delete"), &[]).await.status, 404);
    let dump = world.dump().await;
    assert!(dump.rows("x509_authority").is_empty() && dump.rows("x509_list").is_empty());
    let kinds = ["'x509.authority-saved'", "'x509.authority-saved'", "'x509.authority-deleted'"];
    let mut audited: Vec<_> = dump.rows("audit").iter().map(|row| row["kind"].clone()).collect();
    audited.retain(|kind| kind.starts_with("'x509"));
    assert_eq!(audited, kinds);
}

#[tokio::test]
async fn a_list_is_fetched_from_where_the_operator_lets_it_be() {
    let (url, served) = serve_one_list().await;
    let origin = url.join("/").unwrap();
    let world = World::fetching_lists_from(&[origin]).await;
    let mut browser = administrator(&world).await;
    let office = Office::root("Acme cards", now());
    let pem = office.pem();
    browser.post_form(&format!("{PAGE}/new"), &[("name", "Cards"), ("certificate", &pem)]).await;
    let page = browser.get(PAGE).await;
    let id = id_of(&office);
    assert!(page.body.contains(&format!("href=\"{PAGE}/{id}\"")), "{page:?}");
    let authority = format!("{PAGE}/{id}");

    let inside = [("name", "Cards"), ("list_url", "http://127.0.0.2:1/cards.crl")];
    let refused = browser.post_form(&authority, &inside).await;
    assert!(marks(&refused, "list_url"), "{refused:?}");
    assert!(refused.body.contains("x509.list_origins"), "{refused:?}");
    // The one headline says what is: the name and the address are saved.
    assert!(
        refused.body.contains("Saved, but the list was not taken: 1 field needs"),
        "{refused:?}"
    );
    assert!(!refused.body.contains("Not saved"), "{refused:?}");
    let old =
        soft_card::list_pem(include_bytes!("../../../../crates/x509-cards/src/tests/list-v1.der"));
    let refused = browser.post_form(&authority, &[("name", "Cards"), ("list", &old)]).await;
    assert!(refused.body.contains("Not saved: 1 field needs a look"), "{refused:?}");
    assert!(refused.body.contains("version 2 is needed"), "{refused:?}");
    *served.lock().unwrap() = office.list(&[], now() - 60, now() + DAY);
    let form = [("name", "Cards"), ("list_url", url.as_str())];
    let fetched = browser.post_form(&authority, &form).await;
    assert_eq!(fetched.location, Some(format!("{authority}?done=fetched")), "{fetched:?}");

    // What is due is fetched again by itself, and a list of somebody else changes nothing.
    browser.post_form(&format!("{PAGE}/rules"), &[("enabled", "yes")]).await;
    world.sql("UPDATE x509_authority SET list_tried_at = 1").await;
    *served.lock().unwrap() = office.list(&[7], now() - 30, now() + 2 * DAY);
    let before = world.dump().await;
    server::fetch_due(&world.app).await.unwrap();
    let renewed = world.dump().await;
    assert_ne!(before.rows("x509_list"), renewed.rows("x509_list"));
    server::fetch_due(&world.app).await.unwrap();
    assert_eq!(world.dump().await.changes(&renewed), [""; 0], "nothing is due");
    world.sql("UPDATE x509_authority SET list_tried_at = 1").await;
    *served.lock().unwrap() = Office::root("Acme cards", now()).list(&[], now() - 10, now() + DAY);
    server::fetch_due(&world.app).await.unwrap();
    let after = world.dump().await;
    assert_eq!(after.rows("x509_list"), renewed.rows("x509_list"));
    let error = &after.rows("x509_authority")[0]["list_error"];
    assert_eq!(error, "'it was signed by no authority of this tenant'");
    assert!(browser.get(PAGE).await.body.contains("Not fetched on"));
}

#[tokio::test]
async fn an_authority_that_nobody_could_believe_is_refused_in_words() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let old = include_bytes!("../../../../crates/x509-cards/src/tests/authority-v1.der").as_slice();
    let short = include_bytes!("../../../../crates/x509-cards/src/tests/rsa-1024.der").as_slice();
    for (der, said) in [(old, "version 3 is needed"), (short, "2048 to 8192 bits")] {
        let pem = soft_card::certificate_pem(der);
        let form = [("name", "Cards"), ("certificate", pem.as_str())];
        let refused = browser.post_form(&format!("{PAGE}/new"), &form).await;
        assert!(marks(&refused, "certificate"), "{refused:?}");
        assert!(refused.body.contains(said), "{refused:?}");
    }
    assert!(world.dump().await.rows("x509_authority").is_empty());
}

#[tokio::test]
async fn an_address_of_a_list_has_no_password() {
    let world = World::start().await;
    let mut browser = administrator(&world).await;
    let page = format!("{PAGE}/{}", authority(&mut browser).await);
    let before = world.dump().await;
    for url in ["http://ann:secret@pki.example/a.crl", "http://ann@pki.example/a.crl"] {
        let refused = browser.post_form(&page, &[("name", "Cards"), ("list_url", url)]).await;
        assert!(marks(&refused, "list_url"), "{refused:?}");
    }
    assert_eq!(before.changes(&world.dump().await), [""; 0]);
}

/// The first authority has an address at which everything is taken in and nothing comes back.
#[tokio::test]
async fn a_list_that_never_comes_holds_up_no_other() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}/a.crl", silent.local_addr().unwrap());
    let (url, served) = serve_one_list().await;
    let origins = [silent_url.parse().unwrap(), url.join("/").unwrap()];
    let world = World::fetching_lists_from(&origins).await;
    let mut browser = administrator(&world).await;
    browser.post_form(&format!("{PAGE}/rules"), &[("enabled", "yes")]).await;
    let mut offices = Vec::new();
    for name in ["First", "Second"] {
        let office = Office::root(name, now());
        let pem = office.pem();
        let form = [("name", name), ("certificate", pem.as_str())];
        assert_eq!(browser.post_form(&format!("{PAGE}/new"), &form).await.status, 303);
        offices.push(office);
    }
    *served.lock().unwrap() = offices[1].list(&[], now() - 60, now() + DAY);
    for (name, url) in [("First", silent_url.as_str()), ("Second", url.as_str())] {
        let sql = format!("UPDATE x509_authority SET list_url = '{url}' WHERE name = '{name}'");
        assert_eq!(world.sql(&sql).await, 1);
    }
    let fetching = server::fetch_due(&world.app);
    let there = async {
        while world.dump().await.rows("x509_list").is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        done = fetching => panic!("the silent one was not waited for: {done:?}"),
        () = there => {}
    }
    let dump = world.dump().await;
    let first = dump.rows("x509_authority").into_iter().find(|row| row["name"] == "'First'");
    assert_eq!(first.unwrap()["list_tried_at"], "NULL", "its time is not over");
    drop(silent);
}

/// Adds an authority; what its page is called.
pub(crate) async fn authority(browser: &mut Browser) -> String {
    let office = Office::root("Acme cards", now());
    let certificate = office.pem();
    let fields = [("name", "Cards"), ("certificate", certificate.as_str())];
    let added = browser.post_form(&format!("{PAGE}/new"), &fields).await;
    assert_eq!(added.status, 303, "{added:?}");
    id_of(&office)
}

/// How the console names an authority.
fn id_of(office: &Office) -> String {
    let fingerprint = x509_cards::Authority::parse(&office.der()).unwrap().fingerprint();
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap();
    fingerprint.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

type Served = std::sync::Arc<std::sync::Mutex<Vec<u8>>>;

/// A server of one list, over plain http.
async fn serve_one_list() -> (url::Url, Served) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let served = Served::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/cards.crl", listener.local_addr().unwrap());
    let list = served.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _read = socket.read(&mut request).await;
            let body = list.lock().unwrap().clone();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/pkix-crl\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _sent = socket.write_all(&[head.as_bytes(), &body].concat()).await;
        }
    });
    (url.parse().unwrap(), served)
}
