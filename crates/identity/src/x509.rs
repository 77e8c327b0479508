use serde::{Deserialize, Serialize};

/// What a tenant takes of X.509 smart cards. Off by default. Its authorities and their lists of
/// revoked certificates have rows of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct X509Policy {
    /// Whether such cards are enrolled and taken at all.
    pub enabled: bool,
    /// A certificate is for one of these purposes (extKeyUsage), as dotted object identifiers;
    /// empty for any.
    pub usages: Vec<String>,
    /// A certificate was issued under one of these policies (certificatePolicies), as dotted object
    /// identifiers; empty for any.
    pub policies: Vec<String>,
    /// How much must be known of revocation.
    pub revocation: RevocationPolicy,
    /// Whether a certificate must name the account (UPN). One that names another is never taken.
    pub upn_required: bool,
}

impl Default for X509Policy {
    fn default() -> Self {
        Self {
            enabled: false,
            // Smart card logon, of Microsoft, and client authentication.
            usages: vec!["1.3.6.1.4.1.311.20.2.2".into(), "1.3.6.1.5.5.7.3.2".into()],
            policies: Vec::new(),
            revocation: RevocationPolicy::Required,
            upn_required: false,
        }
    }
}

/// How much must be known of whether a certificate is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationPolicy {
    /// A list of each issuer that is not out of date; without it the certificate is not taken.
    Required,
    /// What the lists that are there say.
    IfThere,
}
