//! Codes: made by silent single sign-on, each with PKCE, state and nonce of its own, and redeemed.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use uuid::Uuid;

use super::application::Application;
use super::crowd::{Asker, Cost};
use super::provider::Provider;
use super::wire::{FORM, Reply, Site, form};
use crate::Failure;

/// A code that nobody has redeemed, with what goes with it.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    code: String,
    verifier: String,
    nonce: String,
}

/// What came of a code.
#[derive(Debug)]
pub(crate) struct Redeemed {
    pub(crate) id_token: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) nonce: String,
}

/// What both askers need to know.
#[derive(Clone)]
struct At {
    site: Site,
    path: String,
    application: Application,
}

/// Asks for codes with the cookie of somebody who is signed in.
struct Silent {
    at: At,
    cookie: String,
    scope: &'static str,
    left: usize,
    /// State, verifier and nonce of the request that is out.
    out: Option<(String, Fresh)>,
    codes: Vec<Fresh>,
}

/// Redeems codes.
struct Redeeming {
    at: At,
    codes: Vec<Fresh>,
    out: Option<Fresh>,
    redeemed: Vec<Redeemed>,
}

impl Provider {
    /// Makes so many codes for each connection; what that cost, too.
    pub(crate) async fn codes(
        &mut self,
        application: &Application,
        scope: &'static str,
        each: usize,
    ) -> Result<(Vec<Vec<Fresh>>, Cost), Failure> {
        let at = self.at(&self.authorization, application);
        let people = self.cookies.iter().cycle().take(self.crowd.size());
        let askers = people.map(|cookie| {
            let (at, cookie) = (at.clone(), cookie.clone());
            Silent { at, cookie, scope, left: each, out: None, codes: Vec::new() }
        });
        let askers = askers.collect();
        let (askers, cost) = self.crowd.ask(askers, None).await?;
        Ok((askers.into_iter().map(|asker| asker.codes).collect(), cost))
    }

    /// Redeems codes.
    pub(crate) async fn redeem(
        &mut self,
        application: &Application,
        codes: Vec<Vec<Fresh>>,
    ) -> Result<(Vec<Redeemed>, Cost), Failure> {
        let at = self.at(&self.token, application);
        let asker = |codes| {
            let (at, redeemed) = (at.clone(), Vec::new());
            Redeeming { at, codes, out: None, redeemed }
        };
        let askers = codes.into_iter().map(asker).collect();
        let (askers, cost) = self.crowd.ask(askers, None).await?;
        Ok((askers.into_iter().flat_map(|asker| asker.redeemed).collect(), cost))
    }

    /// Whether a code that was changed in one place is refused, and the code itself is good after that.
    pub(crate) async fn refuses_a_changed_code(
        &mut self,
        application: &Application,
    ) -> Result<bool, Failure> {
        let (codes, _) = self.codes(application, "openid", 1).await?;
        let code = codes.into_iter().flatten().next().ok_or("no code")?;
        let at = self.at(&self.token, application);
        let changed = Fresh { code: changed(&code.code), ..code.clone() };
        let refused = at.site.ask(&at.redemption(&changed)).await?;
        let taken = at.site.ask(&at.redemption(&code)).await?;
        let is_refused = refused.status == 400 && refused.text().contains("invalid_grant");
        Ok(is_refused && taken.status == 200)
    }

    fn at(&self, path: &str, application: &Application) -> At {
        let (site, path) = (self.crowd.site.clone(), path.to_owned());
        At { site, path, application: application.clone() }
    }
}

/// The same with another character in the middle.
fn changed(code: &str) -> String {
    let middle = code.len() / 2;
    let other = |c: char| if c == 'A' { 'B' } else { 'A' };
    code.char_indices().map(|(at, c)| if at == middle { other(c) } else { c }).collect()
}

impl At {
    fn redemption(&self, fresh: &Fresh) -> Vec<u8> {
        let body = form([
            ("grant_type", "authorization_code"),
            ("code", &fresh.code),
            ("redirect_uri", self.application.redirect_uri),
            ("code_verifier", &fresh.verifier),
        ]);
        let authorization = self.application.authorization();
        self.site.post(&self.path, &[FORM, ("authorization", &authorization)], &body)
    }
}

impl Asker for Silent {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(1)?;
        let word = || Uuid::new_v4().simple().to_string();
        // 64 characters (RFC 7636, 4.1).
        let (verifier, state, nonce) = (word() + &word(), word(), word());
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let query = form([
            ("client_id", self.at.application.client_id),
            ("redirect_uri", self.at.application.redirect_uri),
            ("response_type", "code"),
            ("scope", self.scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        self.out = Some((state, Fresh { code: String::new(), verifier, nonce }));
        let path = format!("{}?{query}", self.at.path);
        Some(self.at.site.get(&path, &[("cookie", &self.cookie), ("accept", "text/html")]))
    }

    fn take(&mut self, reply: Reply) -> Result<(), Failure> {
        let (state, fresh) = self.out.take().ok_or("an answer to nothing")?;
        let location = reply.header("location").unwrap_or_default();
        let query = location.strip_prefix(self.at.application.redirect_uri);
        let query = query.and_then(|rest| rest.strip_prefix('?')).unwrap_or_default();
        let field = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        match field("code") {
            Some(code) if field("state") == Some(state) => {
                self.codes.push(Fresh { code, ..fresh });
                Ok(())
            }
            _ => Err(reply.unexpected("silent single sign-on")),
        }
    }
}

impl Asker for Redeeming {
    fn next(&mut self) -> Option<Vec<u8>> {
        let fresh = self.codes.pop()?;
        let request = self.at.redemption(&fresh);
        self.out = Some(fresh);
        Some(request)
    }

    fn take(&mut self, reply: Reply) -> Result<(), Failure> {
        let Fresh { nonce, .. } = self.out.take().ok_or("an answer to nothing")?;
        let tokens = reply.json();
        let token = |name: &str| tokens.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(id_token), Some(access_token)) = (token("id_token"), token("access_token"))
        else {
            return Err(reply.unexpected("redemption"));
        };
        let refresh_token = token("refresh_token");
        self.redeemed.push(Redeemed { id_token, access_token, refresh_token, nonce });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn a_changed_code_differs_in_one_place() {
        assert_eq!(changed("abcde"), "abAde");
        assert_eq!(changed("abAde"), "abBde");
    }
}
