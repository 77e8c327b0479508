//! The application that a module is: how it is registered, what it asks, and what it is answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use e2e::{Answer, Browser};
use entra_stand_in::Page;
use identity::Moment;
use openid_provider::client::ClientSettings;
use serde_json::Value;
use store::Client;
use url::Url;

use crate::place::{Place, Shared};

/// How answers come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As the response type has it: in the query.
    Query,
    /// `form_post`.
    FormPost,
}

/// Which way the application shows its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
}

/// A module while it runs: a server, somebody at a browser, and an application.
pub(crate) struct Suite {
    pub(crate) shared: Arc<Shared>,
    pub(crate) place: Place,
    pub(crate) mode: Mode,
    /// A browser that has been nowhere, when the module begins.
    pub(crate) browser: Browser,
    /// What the provider says of itself.
    pub(crate) server: Value,
    pub(crate) client: Registered,
}

/// An application that is registered.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) client_id: String,
    pub(crate) secret: String,
    pub(crate) name: String,
    pub(crate) redirect_uri: String,
    pub(crate) post_logout_redirect_uri: String,
}

/// An authentication request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) endpoint: String,
    pub(crate) fields: Vec<(String, String)>,
}

/// An authentication response.
#[derive(Clone, Debug)]
pub(crate) struct Back(BTreeMap<String, String>);

impl Suite {
    pub(crate) async fn new(shared: Arc<Shared>, place: Place, mode: Mode) -> Self {
        let browser = shared.browser();
        let client = register(&shared, &place, |_| {}).await;
        let configuration = place.way.path(".well-known/openid-configuration");
        let server = shared.browser().get(&configuration).await.json();
        Self { shared, place, mode, browser, server, client }
    }

    /// Another application. The suite knows PKCE in one module alone, so applications are excused.
    pub(crate) async fn register(&self, change: impl FnOnce(&mut ClientSettings)) -> Registered {
        register(&self.shared, &self.place, change).await
    }

    /// What the provider says of itself.
    #[track_caller]
    pub(crate) fn server(&self, name: &str) -> &str {
        self.server[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.server))
    }

    /// An ordinary request, with a state and a nonce that no other has.
    pub(crate) fn asks(&self) -> Asked {
        self.asks_for(&self.client)
    }

    pub(crate) fn asks_for(&self, client: &Registered) -> Asked {
        let number = self.shared.number();
        let asked = Asked {
            endpoint: self.server("authorization_endpoint").to_owned(),
            fields: Vec::new(),
        };
        let asked = asked
            .with("client_id", &client.client_id)
            .with("redirect_uri", &client.redirect_uri)
            .with("scope", "openid")
            .with("state", &format!("state-{number}"))
            .with("nonce", &format!("nonce-{number}"))
            .with("response_type", "code");
        match self.mode {
            Mode::Query => asked,
            Mode::FormPost => asked.with("response_mode", "form_post"),
        }
    }

    /// What the application is answered: to its address, in its mode, with its state, by this issuer.
    #[track_caller]
    pub(crate) fn back(&self, asked: &Asked, answer: &Answer) -> Back {
        let client_id = asked.get("client_id").unwrap();
        let back = match self.mode {
            Mode::Query => of_query(asked, answer),
            Mode::FormPost => self.of_form(asked, answer),
        };
        assert_eq!(back.get("state"), asked.get("state"), "{client_id}: {back:?}");
        assert_eq!(back.get("iss"), Some(self.server("issuer")), "{back:?}");
        back
    }

    #[track_caller]
    fn of_form(&self, asked: &Asked, answer: &Answer) -> Back {
        assert_eq!((answer.status, answer.location.as_ref()), (200, None), "{answer:?}");
        let base = Url::parse(&self.shared.origin).unwrap();
        let button = format!("Go to {}", self.client.name);
        let form = Page::read(base, answer.status, &answer.body).form(&button).unwrap();
        assert!(form.posts);
        assert_eq!(Some(form.action.as_str()), asked.get("redirect_uri"));
        Back::of(form.pressed(&button).unwrap())
    }
}

#[track_caller]
fn of_query(asked: &Asked, answer: &Answer) -> Back {
    assert_eq!(answer.status, 303, "{answer:?}");
    let location = answer.location.as_deref().unwrap();
    let query = location.strip_prefix(asked.get("redirect_uri").unwrap());
    let query = query.and_then(|rest| rest.strip_prefix('?'));
    let query = query.unwrap_or_else(|| panic!("elsewhere: {location}"));
    Back::of(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

async fn register(
    shared: &Shared,
    place: &Place,
    change: impl FnOnce(&mut ClientSettings),
) -> Registered {
    let number = shared.number();
    let redirect_uri = format!("https://suite.example/{number}/callback");
    let post_logout_redirect_uri = format!("https://suite.example/{number}/post_logout_redirect");
    let mut settings = ClientSettings {
        redirect_uris: vec![redirect_uri.clone()],
        post_logout_redirect_uris: vec![post_logout_redirect_uri.clone()],
        without_pkce: true,
        ..ClientSettings::default()
    };
    change(&mut settings);
    settings.check().unwrap();
    let name = "The suite".to_owned();
    let client = Client {
        client_id: format!("suite-{number}"),
        name: name.clone(),
        home_url: None,
        settings: Some(settings),
        enabled: true,
        created_at: Moment(0),
    };
    let mut random = [7; 32];
    random[..8].copy_from_slice(&number.to_be_bytes());
    let (secret, hash) = openid_provider::client::new_secret(random);
    let tenant = shared.tenant(place.way.tenant).await.id;
    let mut tx = shared.app.store().write(tenant).await.unwrap();
    assert!(tx.add_client(&client).await.unwrap());
    assert!(tx.add_client_secret(&client.client_id, &hash).await.unwrap());
    tx.commit().await.unwrap();
    let (client_id, secret) = (client.client_id, secret.expose_text().unwrap().to_owned());
    Registered { client_id, secret, name, redirect_uri, post_logout_redirect_uri }
}

impl Asked {
    /// The same with another value of a field.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(n, _)| n != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(n, _)| n != name);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn url(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.fields)
            .finish();
        format!("{}?{query}", self.endpoint)
    }
}

impl Back {
    #[track_caller]
    fn of(pairs: Vec<(String, String)>) -> Self {
        let count = pairs.len();
        let back = Self(pairs.into_iter().collect());
        assert_eq!(back.0.len(), count, "twice: {back:?}");
        back
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The code, with nothing beside it that should not be there.
    #[track_caller]
    pub(crate) fn code(&self) -> &str {
        for other in ["error", "id_token", "access_token", "token_type"] {
            assert_eq!(self.get(other), None, "{self:?}");
        }
        let code = self.get("code").unwrap_or_else(|| panic!("no code: {self:?}"));
        assert!(code.len() >= 22, "at least 128 bits: {code}");
        code
    }

    /// The error, with a description of characters that may stand in one.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.get("code"), None, "{self:?}");
        let told = self.get("error_description").unwrap_or_default();
        let plain = |it: char| matches!(it, ' '..='!' | '#'..='[' | ']'..='~');
        assert!(!told.is_empty() && told.chars().all(plain), "RFC 6749, 4.1.2.1: {told}");
        self.get("error").unwrap_or_else(|| panic!("no error: {self:?}"))
    }
}
