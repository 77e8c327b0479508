//! Where each call goes. A URL is always the server's origin followed by one of these.

/// `POST`: an agent asks to be enrolled, with the code that a page shows.
pub const ENROL: &str = "/agent/v1/enrol";
/// `POST`, long poll: has the page confirmed?
pub const ENROL_WAIT: &str = "/agent/v1/enrol/wait";
/// Where the agent has the person's browser confirm it, with the return token behind a `#`: so it
/// is in no log and no referrer. `None` for what cannot be the slug of a tenant.
pub fn pair_return(tenant: &str) -> Option<String> {
    is_slug(tenant).then(|| format!("/realms/{tenant}/login/card/pair/return"))
}
/// Where the agent has the person's browser bring back the token that a card's answer waits for,
/// behind `#rt=`. `None` for what cannot be the slug of a tenant.
pub fn card_return(tenant: &str) -> Option<String> {
    is_slug(tenant).then(|| format!("/realms/{tenant}/login/card/return"))
}
fn is_slug(tenant: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&tenant.len()) && tenant.bytes().all(plain)
}
/// `POST`: a nonce of the server for the next proof.
pub const NONCE: &str = "/agent/v1/nonce";
/// `GET`, WebSocket upgrade: the channel over which the server pushes.
pub const CHANNEL: &str = "/agent/v1/channel";
/// `POST`: takes a ticket and gets the signed request.
pub const CLAIM: &str = "/agent/v1/claim";
/// `POST`: what became of it.
pub const RESULT: &str = "/agent/v1/result";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tenant_leads_the_browser_anywhere_else() {
        let path = pair_return("acme").unwrap();
        assert_eq!(path, "/realms/acme/login/card/pair/return");
        assert_eq!(card_return("acme").unwrap(), "/realms/acme/login/card/return");
        for slug in ["", "Acme", "a/../..", "a#b", "a?b", "a%2f", "a b", &"a".repeat(64)] {
            assert_eq!((pair_return(slug), card_return(slug)), (None, None), "{slug}");
        }
    }
}
