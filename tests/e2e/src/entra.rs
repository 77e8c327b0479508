use entra_stand_in::{ACME, Audience, GroupsClaim, OptionalClaim, StandIn};
use uuid::Uuid;

/// The Azure side of a tenant: an app registration at the stand-in, as the guide makes it.
#[derive(Clone, Debug)]
pub struct Azure {
    /// Application (client) ID.
    pub client_id: Uuid,
    /// The secret's Value.
    pub secret: String,
    /// OpenID Connect metadata document.
    pub metadata: String,
    /// The directory.
    pub directory: Uuid,
}

impl Azure {
    /// Registers an application in Acme's directory, for this redirect URI.
    ///
    /// # Panics
    ///
    /// When the stand-in refuses.
    pub fn register(stand_in: &StandIn, redirect_uri: &str) -> Self {
        Self::register_in(stand_in, ACME, redirect_uri)
    }

    /// The same in another directory.
    ///
    /// # Panics
    ///
    /// When the stand-in refuses.
    #[expect(clippy::expect_used, reason = "fixtures")]
    pub fn register_in(stand_in: &StandIn, directory: Uuid, redirect_uri: &str) -> Self {
        let app = stand_in.register_app(directory, "Cardea", Audience::SingleDirectory);
        stand_in.add_redirect_uri(app.client_id, redirect_uri).expect("a redirect uri");
        let secret = stand_in.add_secret(app.client_id, "Cardea", 180 * 86_400).expect("a secret");
        stand_in
            .set_optional_claims(app.client_id, &[OptionalClaim::Upn, OptionalClaim::AuthTime])
            .expect("optional claims");
        stand_in.set_groups_claim(app.client_id, GroupsClaim::SecurityGroup).expect("groups");
        let scopes = ["openid", "profile", "email"];
        stand_in.grant_admin_consent(app.client_id, &scopes).expect("consent");
        Self {
            client_id: app.client_id,
            secret: secret.value,
            metadata: stand_in.metadata_url(directory),
            directory,
        }
    }
}
