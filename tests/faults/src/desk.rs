//! A computer with the agent, as far as links need it.

use agent_protocol::{DeviceProof, Jti, Link, PROOF_HEADER, ResultAnswer, SigningKey, paths};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use load::{Answer, Browser, Member, TENANT, Trouble, clock};
use serde_json::{Value, json};

use crate::Failure;

/// The key of its device.
pub(crate) struct Desk(SigningKey);

impl Desk {
    /// One that is enrolled nowhere.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub(crate) fn new() -> Result<Self, Failure> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        Ok(Self(SigningKey::from_pkcs8(pair.to_pkcs8v1()?.as_ref())?))
    }

    /// Is set up from a browser that waits at the card step.
    ///
    /// # Errors
    ///
    /// Where it stopped.
    pub(crate) async fn set_up(&self, browser: &mut Browser) -> Result<(), Failure> {
        let code = browser.post_json(&card("/pair"), &json!({})).await?.ok("code")?.json();
        let code = text(&code, "code").replace('-', "");
        let key = serde_json::to_value(self.0.public().to_jwk())?;
        let offer = json!({ "code": code, "device_key": key, "device_name": "ward-3-pc" });
        let offer = self.call(browser, paths::ENROL, &offer).await?.ok("offer")?.json();
        let token = text(&offer, "return_token");
        browser.post_form(&card("/pair/return"), &[("token", &token)]).await?.ok("pairing")?;
        Ok(())
    }

    /// Opens the link that this browser is given, and has the card answer: the return token.
    ///
    /// # Errors
    ///
    /// Where it stopped.
    pub(crate) async fn answer(
        &self,
        browser: &mut Browser,
        member: &mut Member,
    ) -> Result<String, Failure> {
        let asked = browser.post_json(&card("/link"), &json!({})).await?.ok("link")?.json();
        let link: Link = text(&asked, "link").parse()?;
        let claim = json!({ "ticket": link.claim() });
        let claimed = self.call(browser, paths::CLAIM, &claim).await?.ok("claim")?.json();
        let options = json!({ "publicKey": request_of(&claimed)? });
        let credential = member.card.0.authenticate(&options, browser.origin())?;
        let result = json!({ "ticket": link.ticket(), "outcome": { "assertion": credential } });
        let taken = self.call(browser, paths::RESULT, &result).await?.ok("result")?;
        match serde_json::from_str(&taken.body)? {
            ResultAnswer::Return { token } => Ok(token.as_str().to_owned()),
            ResultAnswer::Accepted => Err("the answer counts without its browser".into()),
        }
    }

    /// Makes a call, on the connections of this browser and without its cookies.
    async fn call(&self, browser: &Browser, path: &str, body: &Value) -> Result<Answer, Failure> {
        let mut jti = [0; 16];
        rand::fill(&mut jti)?;
        let (url, body) = (format!("{}{path}", browser.origin()), body.to_string());
        let jti = Jti::from_random(jti);
        let proof = DeviceProof::new("POST", &url, body.as_bytes(), jti, clock::wall());
        let proof = proof.sign(&self.0)?;
        let answer = browser.stranger().post_call(path, body, (PROOF_HEADER, &proof)).await;
        answer.map_err(Trouble::into)
    }
}

/// What a signed request asks a card. Its signature is the agent's matter.
fn request_of(claimed: &Value) -> Result<Value, Failure> {
    let request = text(claimed, "request");
    let payload = request.split('.').nth(1).ok_or("no request")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?)
}

pub(crate) fn card(rest: &str) -> String {
    format!("/realms/{TENANT}/login/card{rest}")
}

fn text(json: &Value, member: &str) -> String {
    json.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}
