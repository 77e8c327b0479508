//! The authentication request, OpenID Connect Core 1.0 §3.1.2.1, with PKCE (RFC 7636).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrets::Token;
use url::Url;

use crate::sha256;

/// What we ask for: who the person is, and names to show.
pub const SCOPE: &str = "openid profile email";

/// A request to sign a person in.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationRequest<'a> {
    /// Authorization endpoint of the upstream.
    pub endpoint: &'a str,
    /// Our id there.
    pub client_id: &'a str,
    /// Where the answer goes. Never left out: Entra would pick a registered one at random.
    pub redirect_uri: &'a str,
    /// Binds the answer to the browser that began.
    pub state: &'a Token,
    /// Binds the ID token to this request.
    pub nonce: &'a Token,
    /// PKCE verifier; only its hash is sent now.
    pub verifier: &'a Token,
    /// What the upstream should ask the person, if not left to it.
    pub prompt: Option<Prompt>,
    /// Whom we expect, when known.
    pub login_hint: Option<&'a str>,
}

/// `prompt` of §3.1.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Sign in without showing anything, or fail.
    None,
    /// Sign in again even when signed in.
    Login,
    /// Ask for consent.
    Consent,
    /// Choose an account.
    SelectAccount,
}

impl Prompt {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }
}

/// The authorization endpoint is not a URL that a browser can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("authorization endpoint is not a usable url")]
pub struct EndpointError;

impl AuthorizationRequest<'_> {
    /// The URL to send the browser to.
    ///
    /// Parameters that the endpoint itself carries stay, unless they bear the name of one of ours.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] when the endpoint is no http(s) URL.
    pub fn url(&self) -> Result<Url, EndpointError> {
        let mut url = Url::parse(self.endpoint).map_err(|_| EndpointError)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(EndpointError);
        }
        let ours = self.parameters();
        let theirs: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| ours.iter().all(|(our, _)| our != name))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.set_fragment(None);
        url.query_pairs_mut().clear().extend_pairs(theirs).extend_pairs(ours);
        Ok(url)
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![
            ("client_id", self.client_id.to_owned()),
            ("redirect_uri", self.redirect_uri.to_owned()),
            ("response_type", "code".to_owned()),
            ("response_mode", "query".to_owned()),
            ("scope", SCOPE.to_owned()),
            ("state", self.state.reveal()),
            ("nonce", self.nonce.reveal()),
            ("code_challenge", challenge(self.verifier)),
            ("code_challenge_method", "S256".to_owned()),
        ];
        parameters.extend(self.prompt.map(|prompt| ("prompt", prompt.as_str().to_owned())));
        // A hint would take away the choice that is asked for.
        let hint = self.login_hint.filter(|_| self.prompt != Some(Prompt::SelectAccount));
        parameters.extend(hint.map(|hint| ("login_hint", hint.to_owned())));
        parameters
    }
}

/// `code_challenge` of RFC 7636 §4.2 for method `S256`.
fn challenge(verifier: &Token) -> String {
    URL_SAFE_NO_PAD.encode(sha256(verifier.reveal().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize";

    fn url(endpoint: &str, prompt: Option<Prompt>, login_hint: Option<&str>) -> String {
        let request = AuthorizationRequest {
            endpoint,
            client_id: "client",
            redirect_uri: "https://cardea.example/realms/acme/broker/azure/endpoint",
            state: &Token::new([1; 32]),
            nonce: &Token::new([2; 32]),
            verifier: &Token::new([3; 32]),
            prompt,
            login_hint,
        };
        request.url().unwrap().into()
    }

    #[test]
    fn the_url_carries_what_oidc_10_demands() {
        assert_eq!(
            url(ENDPOINT, None, None),
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=client\
             &redirect_uri=https%3A%2F%2Fcardea.example%2Frealms%2Facme%2Fbroker%2Fazure%2Fendpoint\
             &response_type=code&response_mode=query&scope=openid+profile+email\
             &state=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\
             &nonce=AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\
             &code_challenge=g77gcvvTQj90gfwWOCFjatjPtz-u8N0FgfOXnqDHMbk\
             &code_challenge_method=S256"
        );
    }

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        // Appendix B: verifier dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk.
        let verifier = Token::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_hint_and_the_choice_of_an_account_exclude_each_other() {
        let hinted = url(ENDPOINT, Some(Prompt::Login), Some("ann@contoso.example"));
        assert!(hinted.ends_with("&prompt=login&login_hint=ann%40contoso.example"), "{hinted}");
        let choice = url(ENDPOINT, Some(Prompt::SelectAccount), Some("ann@contoso.example"));
        assert!(choice.ends_with("&prompt=select_account"), "{choice}");
    }

    #[test]
    fn the_endpoints_own_parameters_stay_and_cannot_replace_ours() {
        let own = url("https://id.example/a?p=b2c_1&state=evil&client_id=evil#x", None, None);
        assert!(own.starts_with("https://id.example/a?p=b2c_1&client_id=client&"), "{own}");
        assert!(!own.contains("evil") && !own.contains('#'), "{own}");
    }

    #[test]
    fn a_browser_is_sent_to_http_addresses_only() {
        let tokens = Token::new([1; 32]);
        for endpoint in ["", "/authorize", "javascript:alert(1)", "file:///etc/passwd", "data:,x"] {
            let request = AuthorizationRequest {
                endpoint,
                client_id: "client",
                redirect_uri: "https://cardea.example/",
                state: &tokens,
                nonce: &tokens,
                verifier: &tokens,
                prompt: None,
                login_hint: None,
            };
            assert_eq!(request.url(), Err(EndpointError), "{endpoint}");
        }
    }
}
