use serde::Serialize;

/// A public key as we publish it (RFC 7517, RFC 7518 §6), its members always in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: &'static str,
    #[serde(rename = "use")]
    key_use: &'static str,
    alg: &'static str,
    pub(crate) kid: String,
    #[serde(flatten)]
    material: Material,
}

/// The members that make the key, all base64url but the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Material {
    Rsa {
        #[serde(flatten)]
        certificate: Option<CertificateMembers>,
        n: String,
        e: String,
    },
    P256 {
        crv: &'static str,
        x: String,
        y: String,
    },
}

/// RFC 7517 §4.6 to §4.8. EAM-05 demands both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CertificateMembers {
    /// SHA-1 of the certificate, base64url. A name, not a protection.
    pub(crate) x5t: String,
    /// The certificate, and no chain: standard base64 of its DER, without PEM's lines.
    pub(crate) x5c: [String; 1],
}

impl Jwk {
    pub(crate) fn new(kid: String, material: Material) -> Self {
        let (kty, alg) = match material {
            Material::Rsa { .. } => ("RSA", "RS256"),
            Material::P256 { .. } => ("EC", "ES256"),
        };
        Self { kty, key_use: "sig", alg, kid, material }
    }

    /// The name of the key.
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

/// The document of a `jwks_uri` (RFC 7517 §5): the same bytes for the same keys in the same order.
pub fn key_set<'a>(keys: impl IntoIterator<Item = &'a Jwk>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Document<'a> {
        keys: Vec<&'a Jwk>,
    }
    let document = Document { keys: keys.into_iter().collect() };
    // Texts and lists of texts: there is nothing that JSON could not say.
    serde_json::to_vec(&document).unwrap_or_default()
}
