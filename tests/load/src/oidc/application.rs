//! Applications, as they are registered at both sides.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::Moment;
use ids::TenantId;
use openid_provider::client::{ClientKind, ClientSettings, new_secret};
use secrets::Secret;
use store::{Client, Store};

use crate::Failure;

/// An application with a secret.
#[derive(Clone)]
pub(crate) struct Application {
    pub(crate) client_id: &'static str,
    pub(crate) redirect_uri: &'static str,
    /// What its tokens are signed with.
    pub(crate) alg: jsonwebtoken::Algorithm,
    /// Whether its access tokens are, too.
    pub(crate) signed: bool,
    secret: Secret,
}

impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Application({})", self.client_id)
    }
}

impl Application {
    /// Registers an application, for people or for itself, at a tenant.
    pub(crate) async fn register(
        store: &Store,
        tenant: TenantId,
        client_id: &'static str,
        kind: ClientKind,
        alg: jose::Alg,
    ) -> Result<Self, Failure> {
        let redirect_uri = "https://application.example/callback";
        let has_people = kind == ClientKind::Web;
        let settings = ClientSettings {
            kind,
            signing_alg: alg,
            offline_access: has_people,
            redirect_uris: if has_people { vec![redirect_uri.to_owned()] } else { Vec::new() },
            ..ClientSettings::default()
        };
        let client = Client {
            client_id: client_id.to_owned(),
            name: client_id.to_owned(),
            home_url: None,
            settings: Some(settings),
            enabled: true,
            created_at: Moment(0),
        };
        let (one, other) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        let mut random = [0; 32];
        let bytes = one.as_bytes().iter().chain(other.as_bytes());
        random.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        let (secret, hash) = new_secret(random);
        let mut tx = store.write(tenant).await?;
        let kept = tx.add_client(&client).await? && tx.add_client_secret(client_id, &hash).await?;
        tx.commit().await?;
        if !kept {
            return Err(format!("{client_id} is there already").into());
        }
        let alg = match alg {
            jose::Alg::Rs256 => jsonwebtoken::Algorithm::RS256,
            jose::Alg::Es256 => jsonwebtoken::Algorithm::ES256,
        };
        Ok(Self { client_id, redirect_uri, alg, signed: true, secret })
    }

    /// The same at oidc-provider, where its access tokens are as they come there: not signed.
    pub(crate) fn unsigned(&self) -> Self {
        let client_id = match self.alg {
            jsonwebtoken::Algorithm::ES256 => "web-es256-unsigned",
            _ => "web-rs256-unsigned",
        };
        Self { client_id, signed: false, ..self.clone() }
    }

    /// `Authorization`, by which it shows who it is (RFC 6749, 2.3.1). Its secret is base64url.
    pub(crate) fn authorization(&self) -> String {
        let secret = self.secret.expose_text().unwrap_or_default();
        format!("Basic {}", STANDARD.encode(format!("{}:{secret}", self.client_id)))
    }

    /// As oidc-provider is told of it.
    pub(crate) fn at_oidc_provider(&self) -> serde_json::Value {
        serde_json::json!({
            "client_id": self.client_id,
            "client_secret": self.secret.expose_text(),
            "redirect_uri": self.redirect_uri,
            "alg": format!("{:?}", self.alg),
        })
    }
}
