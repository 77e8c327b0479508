//! The way that people have at each application, and what must be refused on it.

use std::process::Command;
use std::time::Instant;

use e2e::{Answer, until};
use serde_json::{Value, json};
use url::Url;

use crate::running::Running;
use crate::somebody::Somebody;
use crate::stage::{Registered, Registers, Stage};

/// An application, as its library has it.
pub(crate) struct Library {
    /// Its name.
    pub(crate) name: &'static str,
    /// How it is started.
    pub(crate) command: fn() -> Command,
    /// Where a sign-in begins.
    pub(crate) login: &'static str,
    /// Its addresses.
    pub(crate) registers: Registers,
    /// What signs out.
    pub(crate) logout: &'static str,
    /// What it says of a state that is not its own. Here and below: in small letters.
    pub(crate) other_state: &'static str,
    /// What it says of a nonce that is not its own.
    pub(crate) other_nonce: &'static str,
    /// What it says when its secret is wrong.
    pub(crate) wrong_secret: &'static str,
    /// What it says of a provider that says to be another; `None`: it does not look.
    pub(crate) other_issuer: Option<&'static str>,
}

/// Says what is said about the person, in ID token and userinfo.
pub(crate) async fn says_who(stage: &Stage, registered: &Registered, me: &Value) {
    let (claims, userinfo) = (&me["claims"], &me["userinfo"]);
    let groups = stage.groups().await;
    assert!(groups.len() >= 2, "{groups:?}");
    for said in [claims, userinfo] {
        assert_eq!(said["sub"], stage.mia.id.to_string(), "{me}");
        assert_eq!(said["groups"], json!(groups), "{me}");
    }
    assert_eq!(claims["acr"], "phr", "{me}");
    assert_eq!(claims["iss"], registered.issuer.as_str(), "{me}");
    assert_eq!(userinfo["email"], "mia@acme.example", "{me}");
    assert_eq!(userinfo["given_name"], "Mia", "{me}");
}

impl Library {
    fn start(&self, registered: &Registered) -> Running {
        Running::start((self.command)(), registered).unwrap()
    }

    /// Somebody signs in there: what it says about them.
    async fn signs_in(&self, there: &mut Running, who: &mut Somebody) -> Value {
        assert!(is_out(there).await, "{}", self.name);
        let authorize = there.sends(self.login).await;
        let callback = who.signs_in(&authorize).await;
        let after = there.get(&callback).await;
        let me = there.get("/me").await;
        assert_eq!(me.status, 200, "{after:?} {me:?}");
        me.json()
    }

    /// Sign-in, userinfo, refresh, logout.
    pub(crate) async fn signs_people_in(&self) {
        let start = Instant::now();
        let mut stage = Stage::new().await;
        let registered = stage.register(self.registers).await;
        let mut there = self.start(&registered);
        let me = self.signs_in(&mut there, &mut stage.mia).await;
        says_who(&stage, &registered, &me).await;
        if self.registers.refreshes {
            let answer = there.get("/refresh").await;
            assert_eq!(answer.member("other"), true, "{answer:?}");
            says_who(&stage, &registered, &answer.json()).await;
        }
        let end_session = there.sends(self.logout).await;
        assert!(end_session.starts_with(&registered.issuer), "{end_session}");
        let bye = stage.mia.follows(&end_session).await.location;
        assert_eq!(bye, Some(format!("{}{}", registered.origin(), self.registers.bye)));
        assert!(!stage.mia.is_signed_in());
        assert!(is_out(&mut there).await, "{}", self.name);
        // Nobody gets in again without a login.
        let authorize = there.sends(self.login).await;
        let login = stage.mia.goes_through(&authorize).await;
        assert!(login.starts_with("/realms/acme/login?"), "{login}");
        println!("{}: signed in, {:.1?}", self.name, start.elapsed());
    }

    /// Who signs out at us is out there, too, and nobody else is.
    pub(crate) async fn signs_out_whom_we_sign_out(&self) {
        let mut stage = Stage::new().await;
        let registered = stage.register(self.registers).await;
        let mut ada = Somebody::new(&stage.world, "Ada", 2).await;
        let mut mias = self.start(&registered);
        let mut adas = mias.another_browser();
        self.signs_in(&mut mias, &mut stage.mia).await;
        self.signs_in(&mut adas, &mut ada).await;
        stage.mia.signs_out().await;
        until(async || is_out(&mut mias).await).await;
        assert_eq!(adas.get("/me").await.status, 200, "{}", self.name);
        ada.signs_out().await;
        until(async || is_out(&mut adas).await).await;
        // And whoever comes again is in.
        self.signs_in(&mut mias, &mut stage.mia).await;
    }

    /// A state or a nonce that is not its own, a wrong secret, a provider that says to be another.
    pub(crate) async fn refuses_what_is_wrong(&self) {
        let mut stage = Stage::new().await;
        let registered = stage.register(self.registers).await;
        let mut there = self.start(&registered);
        let authorize = there.sends(self.login).await;
        let callback = stage.mia.signs_in(&authorize).await;
        self.is_refused(&mut there, &with(&callback, "state", "x"), self.other_state).await;
        let authorize = there.sends(self.login).await;
        let callback = stage.mia.goes_through(&with(&authorize, "nonce", "x")).await;
        self.is_refused(&mut there, &callback, self.other_nonce).await;
        drop(there);
        let wrong = Registered { secret: "wrong".to_owned(), ..registered.clone() };
        let mut there = self.start(&wrong);
        let authorize = there.sends(self.login).await;
        let callback = stage.mia.goes_through(&authorize).await;
        self.is_refused(&mut there, &callback, self.wrong_secret).await;
        drop(there);
        if let Some(told) = self.other_issuer {
            self.other_issuer(&mut stage, &registered, told).await;
        }
    }

    /// The same provider under an address that is not in its issuer: whoever takes what it says as it
    /// comes would take what anybody says.
    async fn other_issuer(&self, stage: &mut Stage, registered: &Registered, told: &str) {
        let issuer = registered.issuer.replace("//localhost:", "//127.0.0.1:");
        assert_ne!(issuer, registered.issuer);
        let other = Registered { issuer, ..registered.clone() };
        let Ok(mut there) = Running::start((self.command)(), &other) else { return };
        let begun = there.get(self.login).await;
        match begun.location.clone() {
            None => assert!(begun.status >= 400 && says(&begun, told), "{begun:?}"),
            Some(authorize) => {
                let callback = stage.mia.goes_through(&authorize).await;
                self.is_refused(&mut there, &callback, told).await;
            }
        }
    }

    async fn is_refused(&self, there: &mut Running, callback: &str, told: &str) {
        let mut answer = there.get(callback).await;
        // Some tell it on a page of the application's.
        if let Some(location) = answer.location.clone().filter(|it| it.starts_with('/')) {
            answer = there.get(&location).await;
        }
        assert!(answer.status >= 400, "{}: {answer:?}", self.name);
        assert!(says(&answer, told), "{}: {answer:?}", self.name);
        assert!(is_out(there).await, "{}", self.name);
    }
}

/// Whether nobody is signed in there. An answer that tells of an error is another thing.
async fn is_out(there: &mut Running) -> bool {
    let me = there.get("/me").await;
    me.status == 401 && me.json() == json!({})
}

fn says(answer: &Answer, told: &str) -> bool {
    answer.body.to_lowercase().contains(told)
}

/// The same address with another value of a parameter.
pub(crate) fn with(url: &str, parameter: &str, value: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert!(pairs.iter().any(|(name, _)| name == parameter), "no {parameter} in {url}");
    let others = pairs.iter().filter(|(name, _)| name != parameter);
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(parameter, value);
    url.into()
}
