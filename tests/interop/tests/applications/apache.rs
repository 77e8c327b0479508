//! `mod_auth_openidc`, in Debian's Apache: the server signs people in before anything is shown.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Instant;

use e2e::{Answer, until};
use interop::Played;
use tempfile::TempDir;

use crate::running::Running;
use crate::somebody::Somebody;
use crate::stage::{Registered, Registers, Stage};
use crate::way::{says_who, with};

/// Pages that say what the module has passed on.
const PAGES: [(&str, &str); 3] = [
    (
        "me.shtml",
        r#"{ "claims": <!--#echo encoding="none" var="OIDC_id_token_payload" -->,
             "userinfo": <!--#echo encoding="none" var="OIDC_userinfo_json" -->,
             "user": "<!--#echo encoding="none" var="REMOTE_USER" -->" }"#,
    ),
    ("token.shtml", r#"<!--#echo encoding="none" var="OIDC_access_token" -->"#),
    ("bye.html", "bye"),
];

const MODULES: [&str; 7] =
    ["mpm_event", "authn_core", "authz_core", "authz_user", "mime", "include", "auth_openidc"];

/// All that an administrator writes, and where this one keeps its files. One process, so that it ends
/// with the test.
fn configuration(folder: &TempDir, registered: &Registered) -> String {
    let Registered { issuer, client_id, secret, .. } = registered;
    let (place, origin) = (folder.path().display(), registered.origin());
    let modules = MODULES
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"));
    format!(
        r#"
ServerRoot {place}
ServerName 127.0.0.1
Listen {address}
PidFile {place}/pid
Mutex file:{place}
ErrorLog {place}/log
User www-data
Group www-data
{modules}
TypesConfig /etc/mime.types
DocumentRoot {place}/www

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {secret}
OIDCRedirectURI {origin}/oidc
OIDCCryptoPassphrase a-secret-of-this-server
OIDCScope "openid profile email offline_access"
OIDCPKCEMethod S256
OIDCPassIDTokenAs payload
OIDCPassUserInfoAs json
OIDCRemoteUserClaim sub

<Location />
  AuthType openid-connect
  Require valid-user
</Location>
<Location /bye.html>
  AuthType None
  Require all granted
</Location>
<Directory {place}/www>
  Options +Includes
  AddOutputFilter INCLUDES .shtml
  AddType text/html .shtml
</Directory>
"#,
        address = format_args!("127.0.0.1:{}", registered.port),
        modules = modules.concat(),
    )
}

/// Starts it; the folder is its own.
fn start(registered: &Registered) -> (Running, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let www = folder.path().join("www");
    fs::create_dir(&www).unwrap();
    for (name, page) in PAGES {
        fs::write(www.join(name), page).unwrap();
    }
    // Whoever starts it as root has it give that up.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let file = folder.path().join("apache.conf");
    fs::write(&file, configuration(&folder, registered)).unwrap();
    let mut apache = Command::new("/usr/sbin/apache2");
    apache.arg("-X").arg("-f").arg(&file);
    let address = SocketAddr::from(([127, 0, 0, 1], registered.port));
    let played = Played::listening(&mut apache, address);
    let played = played.unwrap_or_else(|error| {
        panic!("{error}: {}", fs::read_to_string(folder.path().join("log")).unwrap_or_default())
    });
    (Running::played(registered, played), folder)
}

/// The module has one address for all that comes to it.
const REGISTERS: Registers = Registers {
    callback: "/oidc",
    bye: "/bye.html",
    told: Some("/oidc?logout=backchannel"),
    refreshes: true,
};

/// Somebody signs in: the page that says who it is.
async fn signs_in(there: &mut Running, who: &mut Somebody) -> Answer {
    let authorize = there.sends("/me.shtml").await;
    let callback = who.signs_in(&authorize).await;
    let goes_on = there.sends(&callback).await;
    assert!(goes_on.ends_with("/me.shtml"), "{goes_on}");
    let me = there.get(&goes_on).await;
    assert_eq!(me.status, 200, "{me:?}");
    me
}

/// Whether it shows nothing, and sends the browser away to sign in.
async fn wants_a_login(there: &mut Running, registered: &Registered) -> bool {
    let answer = there.get("/me.shtml").await;
    answer.location.is_some_and(|it| it.starts_with(&registered.issuer))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`make interop` installs what it needs"]
async fn signs_people_in() {
    let begin = Instant::now();
    let mut stage = Stage::new().await;
    let registered = stage.register(REGISTERS).await;
    let (mut there, _folder) = start(&registered);
    let me = signs_in(&mut there, &mut stage.mia).await;
    says_who(&stage, &registered, &me.json()).await;
    assert_eq!(me.member("user"), stage.mia.id.to_string());
    refreshes(&stage, &registered, &mut there).await;
    let bye = format!("{}/bye.html", registered.origin());
    let end_session = there.sends(&format!("/oidc?logout={bye}")).await;
    assert!(end_session.starts_with(&registered.issuer), "{end_session}");
    assert_eq!(stage.mia.follows(&end_session).await.location, Some(bye));
    assert!(!stage.mia.is_signed_in());
    assert!(wants_a_login(&mut there, &registered).await);
    println!("mod_auth_openidc: signed in, {:.1?}", begin.elapsed());
}

async fn refreshes(stage: &Stage, registered: &Registered, there: &mut Running) {
    let before = there.get("/token.shtml").await.body;
    let back = format!("{}/me.shtml", registered.origin());
    let refresh = format!("/oidc?refresh={back}&access_token={before}");
    assert_eq!(there.sends(&refresh).await, back);
    let after = there.get("/token.shtml").await.body;
    assert!(after.starts_with("eyJ") && after != before, "{before} {after}");
    says_who(stage, registered, &there.get(&back).await.json()).await;
}

/// One session of a person's two ends, at us; the module knows by its `sid` which.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "`make interop` installs what it needs"]
async fn signs_out_whom_we_sign_out() {
    let mut stage = Stage::new().await;
    let registered = stage.register(REGISTERS).await;
    let (mut here, _folder) = start(&registered);
    let mut elsewhere = here.another_browser();
    signs_in(&mut here, &mut stage.mia).await;
    let mut first = std::mem::replace(&mut stage.mia.browser, stage.world.browser());
    signs_in(&mut elsewhere, &mut stage.mia).await;
    std::mem::swap(&mut stage.mia.browser, &mut first);
    stage.mia.signs_out().await;
    until(async || wants_a_login(&mut here, &registered).await).await;
    assert_eq!(elsewhere.get("/me.shtml").await.status, 200);
    stage.mia.browser = first;
    stage.mia.signs_out().await;
    until(async || wants_a_login(&mut elsewhere, &registered).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`make interop` installs what it needs"]
async fn refuses_what_is_wrong() {
    let mut stage = Stage::new().await;
    let registered = stage.register(REGISTERS).await;
    let (mut there, folder) = start(&registered);
    let authorize = there.sends("/me.shtml").await;
    let callback = stage.mia.signs_in(&authorize).await;
    let refused = there.get(&with(&callback, "state", "x")).await;
    assert!(refused.status >= 400 && refused.location.is_none(), "{refused:?}");
    assert!(wants_a_login(&mut there, &registered).await);
    let authorize = there.sends("/me.shtml").await;
    let callback = stage.mia.goes_through(&with(&authorize, "nonce", "x")).await;
    let refused = there.get(&callback).await;
    assert!(refused.body.contains("Error") && refused.location.is_none(), "{refused:?}");
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("nonce"), "{log}");
    assert!(wants_a_login(&mut there, &registered).await);
    drop((there, folder));
    let wrong = Registered { secret: "wrong".to_owned(), ..registered };
    let (mut there, folder) = start(&wrong);
    let authorize = there.sends("/me.shtml").await;
    let callback = stage.mia.goes_through(&authorize).await;
    let refused = there.get(&callback).await;
    // Its page for what went wrong comes as if all were well.
    assert!(refused.body.contains("Error") && refused.location.is_none(), "{refused:?}");
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("invalid_client"), "{log}");
    assert!(wants_a_login(&mut there, &wrong).await);
}
