//! External MFA: who is sent to a provider with what, and what of its answers is refused.

mod answers;
mod control;
mod demand;
mod graph;
mod portal;
mod provider;
mod providers;
mod requests;

use entra_stand_in::{ACME, Arrival, Audience, ExternalMethod, Person};
use url::Url;
use uuid::Uuid;

use self::provider::{Provider, Token};
use crate::fixture::Fixture;

/// A form that is on its way to a provider.
type Form = Vec<(String, String)>;

/// An application that demands multifactor authentication, and a provider that mia has registered.
struct External {
    fixture: Fixture,
    provider: Provider,
    method: ExternalMethod,
    mia: Uuid,
}

impl External {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        let entra = &fixture.entra;
        entra.grant_admin_consent(fixture.client_id, &["openid", "profile", "email"]).unwrap();
        let provider = Provider::start().await;
        let app = entra.register_app(ACME, "Provider", Audience::SingleDirectory).client_id;
        let (endpoint, discovery) = (provider.authorization_endpoint(), provider.discovery_url());
        let method = entra.connect_external_mfa(app, "Cards", &endpoint, &discovery).unwrap();
        let mia = entra.user("mia@acme.example").unwrap().id;
        entra.register_external_method(mia, method.id).unwrap();
        entra.require_mfa(ACME, Some(fixture.client_id)).unwrap();
        Self { fixture, provider, method, mia }
    }

    async fn sign_in(&self, person: &mut Person) -> Arrival {
        person.sign_in(&self.fixture.request().url()).await.unwrap()
    }

    /// Mia, who has typed her password, and the form that she posts to the provider.
    async fn challenge(&self) -> (Person, Form) {
        let mut mia = Person::new("mia@acme.example");
        let (action, form) = self.sign_in(&mut mia).await.external_mfa();
        assert_eq!(action.as_str(), self.provider.authorization_endpoint());
        (mia, form)
    }

    fn return_address(&self) -> Url {
        self.fixture.entra.external_return_address().parse().unwrap()
    }

    async fn back(&self, person: &mut Person, answer: &[(String, String)]) -> Arrival {
        person.back_from_provider(self.return_address(), answer).await.unwrap()
    }

    fn token(&self, form: &[(String, String)]) -> Token {
        self.provider.token(form, self.fixture.entra.now())
    }

    /// What becomes of mia's sign-in when the provider answers with that token.
    async fn answered(&self, change: impl FnOnce(Token) -> Token) -> Arrival {
        let (mut mia, form) = self.challenge().await;
        let answer = change(self.token(&form)).answers(&form);
        self.back(&mut mia, &answer).await
    }
}
