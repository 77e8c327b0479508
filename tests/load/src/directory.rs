use entra_stand_in::{ACME, Audience, GroupsClaim, NewUser, OptionalClaim, StandIn, StandInError};
use uuid::Uuid;

use crate::Port;

/// The Azure side: an app registration at the stand-in, as the guide makes it.
pub struct Directory {
    /// The stand-in.
    pub stand_in: StandIn,
    /// Application (client) ID.
    pub client_id: Uuid,
    /// The secret's Value.
    pub secret: String,
}

impl Directory {
    /// Starts a stand-in and registers Cardea there.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn register() -> Result<Self, StandInError> {
        let stand_in = StandIn::builder().start().await?;
        let app = stand_in.register_app(ACME, "Cardea", Audience::SingleDirectory);
        let id = app.client_id;
        let secret = stand_in.add_secret(id, "Cardea", 180 * 86_400)?.value;
        stand_in.set_optional_claims(id, &[OptionalClaim::Upn, OptionalClaim::AuthTime])?;
        stand_in.set_groups_claim(id, GroupsClaim::SecurityGroup)?;
        stand_in.grant_admin_consent(id, &["openid", "profile", "email"])?;
        Ok(Self { stand_in, client_id: id, secret })
    }

    /// Lets Entra send browsers to the Cardea behind this port.
    ///
    /// # Errors
    ///
    /// When the stand-in refuses the address.
    pub fn admit(&self, port: &Port) -> Result<(), StandInError> {
        let number = port.number();
        let uri = format!("http://localhost:{number}/realms/acme/broker/azure/endpoint");
        self.stand_in.add_redirect_uri(self.client_id, &uri)
    }

    /// Adds a person; their user principal name.
    ///
    /// # Errors
    ///
    /// When there is one of that name.
    pub fn employ(&self, number: usize) -> Result<String, StandInError> {
        let alias = format!("person{number}");
        let new = NewUser {
            given_name: "Person".into(),
            family_name: number.to_string(),
            alias: alias.clone(),
        };
        let user = self.stand_in.add_user(ACME, &new)?;
        Ok(user.user_principal_name)
    }

    /// The addresses of the directory, below which the endpoints are.
    pub(crate) fn base(&self) -> String {
        format!("{}/{ACME}", self.stand_in.base_url().trim_end_matches('/'))
    }
}
