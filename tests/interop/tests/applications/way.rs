//! The way that people have at each application, and what must be refused on it.

use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};
use url::Url;

use crate::running::Running;
use crate::stage::{Registered, Stage};

/// An application, as its library has it.
pub(crate) struct Library {
    /// Its name.
    pub(crate) name: &'static str,
    /// How it is started.
    pub(crate) command: fn() -> Command,
    /// Where a sign-in begins.
    pub(crate) login: &'static str,
    /// Where answers come to.
    pub(crate) callback: &'static str,
    /// What signs out.
    pub(crate) logout: &'static str,
    /// Whether it knows refresh tokens.
    pub(crate) refreshes: bool,
    /// What it says of a state that is not its own.
    pub(crate) other_state: &'static str,
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
        assert_eq!(said["sub"], stage.person.to_string(), "{me}");
        assert_eq!(said["groups"], json!(groups), "{me}");
    }
    assert_eq!(claims["acr"], "phr", "{me}");
    assert_eq!(claims["iss"], registered.issuer.as_str(), "{me}");
    assert_eq!(userinfo["email"], "mia@acme.example", "{me}");
    assert_eq!(userinfo["given_name"], "Mia", "{me}");
}

impl Library {
    async fn register(&self, stage: &Stage) -> Registered {
        stage.register([self.callback, "/bye"], self.refreshes).await
    }

    fn start(&self, registered: &Registered) -> Running {
        Running::start((self.command)(), registered).unwrap()
    }

    /// Sign-in, userinfo, refresh, logout.
    pub(crate) async fn signs_people_in(&self) {
        let start = Instant::now();
        let mut stage = Stage::new().await;
        let registered = self.register(&stage).await;
        let mut there = self.start(&registered);
        assert_eq!(there.get("/me").await.status, 401);
        let authorize = there.sends(self.login).await;
        let callback = stage.signs_in(&authorize).await;
        let after = there.get(&callback).await;
        let me = there.get("/me").await;
        assert_eq!(me.status, 200, "{after:?} {me:?}");
        says_who(&stage, &registered, &me.json()).await;
        if self.refreshes {
            let answer = there.get("/refresh").await;
            assert_eq!(answer.member("other"), true, "{answer:?}");
            says_who(&stage, &registered, &answer.json()).await;
        }
        let end_session = there.sends(self.logout).await;
        assert!(end_session.starts_with(&registered.issuer), "{end_session}");
        let bye = stage.follows(&end_session).await.location;
        assert_eq!(bye, Some(format!("{}/bye", registered.origin())));
        assert!(!stage.is_signed_in());
        assert_eq!(there.get("/me").await.status, 401);
        // Nobody gets in again without a login.
        let authorize = there.sends(self.login).await;
        let login = stage.browser.get(&authorize).await.location.unwrap();
        assert!(login.starts_with("/realms/acme/login?"), "{login}");
        println!("{}: signed in, {:.1?}", self.name, start.elapsed());
    }

    /// A state that is not its own, a wrong secret, a provider that says to be another.
    pub(crate) async fn refuses(&self) {
        let mut stage = Stage::new().await;
        let registered = self.register(&stage).await;
        let mut there = self.start(&registered);
        let authorize = there.sends(self.login).await;
        let callback = stage.signs_in(&authorize).await;
        self.is_refused(&mut there, &with_state(&callback, "x"), self.other_state).await;
        drop(there);
        let wrong = Registered { secret: "wrong".to_owned(), ..registered.clone() };
        let mut there = self.start(&wrong);
        let authorize = there.sends(self.login).await;
        let callback = stage.goes_through(&authorize).await;
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
            None => assert!(begun.status >= 400 && begun.body.contains(told), "{begun:?}"),
            Some(authorize) => {
                let callback = stage.goes_through(&authorize).await;
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
        assert!(answer.body.contains(told), "{}: {answer:?}", self.name);
        assert_eq!(there.get("/me").await.status, 401, "{}", self.name);
    }
}

/// The same answer with another state.
pub(crate) fn with_state(callback: &str, state: &str) -> String {
    let mut url = Url::parse(callback).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert!(pairs.iter().any(|(name, _)| name == "state"), "{callback}");
    let others = pairs.iter().filter(|(name, _)| name != "state");
    url.query_pairs_mut().clear().extend_pairs(others).append_pair("state", state);
    url.into()
}
