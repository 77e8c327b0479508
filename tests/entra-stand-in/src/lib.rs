//! Plays Microsoft Entra ID towards a relying party: requests and forms in, redirects and tokens out.
//!
//! As strict as the v2.0 endpoints where a broker touches them, so that what works here works there;
//! where it is stricter the line begins with `Deviation:`. It keeps everything in memory, knows two
//! directories ([`ACME`], [`BIRCH`]) with the same cast, and depends on no crate of the product.
//! It does not play: refresh tokens, implicit and hybrid flows, certificates of applications, v1.0
//! endpoints, conditional access, groups in groups (a person's memberships are the transitive ones).
//! Of Microsoft Graph it plays what a person's groups need, for delegated and application permissions.
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

mod aadsts;
mod chance;
mod clock;
mod der;
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

pub use faults::{Endpoint, Fault, IdTokenFault, Signature};
pub use log::LoggedRequest;
pub use model::{
    App, Audience, ClientSecret, Consent, Directory, Group, GroupKind, GroupsClaim, NewUser,
    OptionalClaim, PASSWORD, Platform, RedirectUri, User, UserConsent,
};
pub use person::{Arrival, Browser, BrowserError, Form, Page, Person, Step};
pub use seed::{ACME, BIRCH, MANY_GROUPS};
pub use stand_in::{Builder, StandIn, StandInError};
