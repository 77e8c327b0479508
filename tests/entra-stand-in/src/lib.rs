//! Plays Microsoft Entra ID towards a relying party: requests and forms in, redirects and tokens out.
//!
//! As strict as the v2.0 endpoints where a broker touches them, so that what works here works there;
//! where it is stricter the line begins with `Deviation:`. It keeps everything in memory, knows two
//! directories ([`ACME`], [`BIRCH`]) with the same cast, and depends on no crate of the product.
//! It does not play: refresh tokens, implicit and hybrid flows, certificates of applications, v1.0
//! endpoints, groups in groups (a person's memberships are the transitive ones). Of Conditional Access it
//! plays the grant "Require multifactor authentication", and of second factors external MFA alone.
//! Of Microsoft Graph it plays what a person's groups need, and what sets up an application and external
//! MFA, for delegated and application permissions.
//!
//! Sources: <https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc>,
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>.
//!
//! Begin with [`StandIn::builder`]; [`Person`] signs in on its pages as somebody with a browser would:
//!
//! ```
//! use entra_stand_in::{ACME, Audience, Person, StandIn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let entra = StandIn::builder().start().await?;
//! let app = entra.register_app(ACME, "Cardea", Audience::SingleDirectory);
//! entra.add_redirect_uri(app.client_id, "http://localhost:8080/back")?;
//! let url = format!(
//!     "{}/{ACME}/oauth2/v2.0/authorize?response_type=code&scope=openid&client_id={}&redirect_uri=http://localhost:8080/back",
//!     entra.base_url(),
//!     app.client_id,
//! );
//! let mut ada = Person::new("ada@acme.example").consenting_for_organization();
//! let back = ada.sign_in(&url).await?.redirect();
//! assert!(back.as_str().starts_with("http://localhost:8080/back?code="));
//! # Ok(())
//! # }
//! ```
//!
//! # External MFA
//!
//! The stand-in calls a provider of external MFA as Entra does
//! (<https://learn.microsoft.com/entra/identity/authentication/concept-authentication-external-method-provider>):
//!
//! 1. [`StandIn::register_app`] makes the registration that stands for the provider. Its client ID is both
//!    the App ID and the Client ID; the provider must know it, the directory, and the issuer
//!    `{base}/{directory}/v2.0`. The return address is [`StandIn::external_return_address`].
//! 2. [`StandIn::connect_external_mfa`] gives the registration the provider's `authorization_endpoint` as a
//!    reply URL and the administrator's consent, and adds the method for everybody. Nothing is fetched yet.
//! 3. [`StandIn::register_external_method`] registers it for a person. Whoever has not is led through
//!    "More information required" at the next sign-in, or may go to `/security-info`.
//! 4. [`StandIn::require_mfa`] switches Conditional Access on, at one application or at all.
//!
//! [`Person::sign_in`] then ends with [`Arrival::ExternalMfa`]: the form that a browser would post to the
//! provider. Post it, do what the provider asks, and hand its own form to [`Person::back_from_provider`].
//! Browsers with scripts need none of this. The provider is fetched from by plain HTTP, on this machine.
//!
//! [`StandIn::external_outcomes`] says what became of each, with the AADSTS number and what was wrong;
//! [`StandIn::spoil_next_external_mfa`] sends requests that are not what they should be. What is known of
//! a provider is kept for 24 hours by the stand-in's clock; until then only [`StandIn::forget_providers`]
//! makes it look again. A session in which the policy is satisfied is not asked again before
//! `prompt=login`. After a good answer the sign-in goes on by a redirect, as the harder way for a page
//! with a `form-action`; [`StandIn::continue_external_mfa_by`] chooses the other.
//!
//! ```no_run
//! # use entra_stand_in::{ACME, Audience, Person, StandIn};
//! # async fn provider_answers(_: url::Url, _: Vec<(String, String)>) -> Vec<(String, String)> { vec![] }
//! # async fn example(entra: StandIn, authorization_url: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let app = entra.register_app(ACME, "Cards", Audience::SingleDirectory).client_id;
//! let issuer = "http://localhost:8080/realms/acme/eam";
//! let method = entra.connect_external_mfa(
//!     app,
//!     "Cards",
//!     &format!("{issuer}/auth"),
//!     &format!("{issuer}/.well-known/openid-configuration"),
//! )?;
//! let mia = entra.user("mia@acme.example").ok_or("nobody of that name")?;
//! entra.register_external_method(mia.id, method.id)?;
//! entra.require_mfa(ACME, None)?;
//! let mut person = Person::new("mia@acme.example");
//! let (action, form) = person.sign_in(authorization_url).await?.external_mfa();
//! let answer = provider_answers(action, form).await;
//! let back = entra.external_return_address().parse()?;
//! let url = person.back_from_provider(back, &answer).await?.redirect();
//! # drop(url);
//! # Ok(())
//! # }
//! ```

mod aadsts;
mod chance;
mod clock;
mod der;
mod external;
mod faults;
mod http;
mod id_token;
mod keys;
mod log;
mod model;
mod permissions;
mod person;
mod request;
mod seed;
mod sign_in;
mod stand_in;
mod world;

pub use external::Continues;
pub use external::fault::ExternalFault;
pub use external::log::ExternalOutcome;
pub use external::method::{ExternalMethod, NewExternalMethod, Registration, Target};
pub use external::policy::{Policy, Scope};
pub use faults::{Endpoint, Fault, IdTokenFault, Signature};
pub use log::LoggedRequest;
pub use model::{
    App, Audience, ClientSecret, Consent, Directory, Group, GroupKind, GroupsClaim, NewUser,
    OptionalClaim, PASSWORD, Platform, RedirectUri, User, UserConsent,
};
pub use person::{Arrival, Browser, BrowserError, Form, Page, Person, Step};
pub use seed::{ACME, BIRCH, MANY_GROUPS};
pub use stand_in::{Builder, StandIn, StandInError};
