//! The checks of an ID token by name, and what to do when one fails.

use oidc::id_token::IdTokenError;

/// The checks, in the order in which they are made.
pub(super) const CHECKS: [&str; 11] = [
    "The ID token is signed, in a form that Cardea reads",
    "Its algorithm is one that Cardea accepts",
    "Its key is one that the provider publishes",
    "Its signature is made with that key",
    "All claims are there that an ID token must have",
    "The ID token is issued by this provider",
    "The ID token is from this directory, and names the person",
    "The ID token is for this client ID alone",
    "The ID token is valid at this moment",
    "The ID token answers this very request",
    "The ID token belongs to the access token that came with it",
];

/// Which check an error is of, and what to do about it.
pub(super) fn failed(error: &IdTokenError) -> (usize, &'static str) {
    use IdTokenError as E;
    const NOT_OURS: &str = "The provider does not send ID tokens as OpenID Connect Core says. Check \
                            the discovery endpoint.";
    match error {
        E::Encrypted => (
            0,
            "The provider encrypts ID tokens. In Azure: the app registration → Token encryption: \
             remove the certificate.",
        ),
        E::Algorithm => (
            1,
            "Only RS256 is taken of Entra, and RS256 or ES256 of others. Let the provider sign \
             with one of them.",
        ),
        E::NoSuchKey | E::KeyIssuer => (
            2,
            "Press Fetch in the settings and save. An app with signing keys of its own (claims \
             mapping) needs the metadata address with ?appid= and its client ID at the end.",
        ),
        E::Signature => (
            3,
            "Press Fetch in the settings and save. If that does not help, trust nothing that came.",
        ),
        E::MissingClaim(_) | E::ClaimType(_) => (4, NOT_OURS),
        E::Issuer => (
            5,
            "Press Fetch in the settings. If the issuer changes, the app registration is in \
             another directory than the discovery endpoint.",
        ),
        E::Tid | E::Version => (
            6,
            "The token is of another directory, or an old v1.0 token. In Azure: the app \
             registration → Manifest: accessTokenAcceptedVersion 2, and check the discovery \
             endpoint.",
        ),
        E::Oid => (
            6,
            "The object id did not come. In Azure: API permissions: the delegated permission \
             profile of Microsoft Graph.",
        ),
        E::Audience | E::AuthorizedParty => {
            (7, "Compare the client ID in the settings with the Application (client) ID in Azure.")
        }
        E::Expired | E::NotYetValid | E::IssuedInFuture => (
            8,
            "Compare the clock of this server with the provider's: they may differ by two minutes \
             at most. Let the server get its time from the network (NTP).",
        ),
        E::Nonce => (9, "Begin the test anew, in one window only."),
        E::AccessTokenHash => (10, NOT_OURS),
        _ => (0, NOT_OURS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_points_to_a_check_that_is_listed() {
        use IdTokenError as E;
        for error in [
            E::NotCompact,
            E::Encrypted,
            E::NoSuchKey,
            E::Signature,
            E::Algorithm,
            E::MissingClaim("sub"),
            E::Issuer,
            E::Tid,
            E::Oid,
            E::Audience,
            E::Expired,
            E::Nonce,
            E::AccessTokenHash,
        ] {
            let (index, remedy) = failed(&error);
            assert!(index < CHECKS.len() && remedy.ends_with('.'), "{error}");
        }
    }
}
