//! The authorization code (RFC 6749 §4.1.2): sealed by the server and carried by the browser, so that
//! issuing one writes nothing.

use ids::{ProofId, SessionId, UserId};
use serde::{Deserialize, Serialize};

use crate::acr::Acr;
use crate::authorization::{ClaimsRequest, Request, SessionFacts, is_older_than};
use crate::{Scope, scope::ScopeWord};

/// How long a code is good, in seconds (RFC 6749 §4.1.2 has ten minutes as the most).
pub const LIFE: i64 = 60;

/// What stands in a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// To whom it was issued; nobody else redeems it.
    pub client_id: String,
    /// Where it went; the token request says the same.
    pub redirect_uri: String,
    /// `S256` of the verifier that the token request brings.
    pub code_challenge: Option<String>,
    /// For the ID token.
    pub nonce: Option<String>,
    /// What was asked for.
    pub scope: Scope,
    /// Which claims were asked for one by one.
    pub claims: ClaimsRequest,
    /// Who has signed in.
    pub person: UserId,
    /// Their session.
    pub session: SessionId,
    /// What applications know that session by, where that is not its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// The proof that it rested on.
    pub proof: ProofId,
    /// When that was given, in seconds since 1970.
    pub auth_time: i64,
    /// What is said of it.
    pub acr: Acr,
    /// How it was given (RFC 8176).
    pub amr: Vec<String>,
    /// When the code was made, in microseconds since 1970.
    pub issued_at: i64,
}

/// The session for which a code is issued.
#[derive(Clone, Copy, Debug)]
pub struct Issued<'a> {
    /// What was judged by [`Request::wants`].
    pub facts: SessionFacts<'a>,
    /// The session.
    pub session: SessionId,
    /// What applications know it by.
    pub sid: SessionId,
    /// The proof that it rests on.
    pub proof: ProofId,
}

impl Code {
    /// The code for a request; `now` in microseconds. `None` when the proof is not as good as is
    /// essential, which [`Request::wants`] has told.
    pub fn new(request: &Request, issued: &Issued<'_>, now: i64) -> Option<Self> {
        let facts = &issued.facts;
        Some(Self {
            client_id: request.client_id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            code_challenge: request.code_challenge.clone(),
            nonce: request.nonce.clone(),
            scope: request.scope.clone(),
            claims: request.claims.clone(),
            person: facts.person,
            session: issued.session,
            sid: Some(issued.sid).filter(|sid| *sid != issued.session),
            proof: issued.proof,
            auth_time: facts.auth_time.div_euclid(1_000_000),
            acr: request.acr.choose(Acr::of(facts.amr))?,
            amr: facts.amr.to_vec(),
            issued_at: now,
        })
    }

    /// What the application knows the session by: `sid` of its tokens.
    pub fn sid(&self) -> SessionId {
        self.sid.unwrap_or(self.session)
    }

    /// Whether it is too old; `now` in microseconds.
    pub fn is_over(&self, now: i64) -> bool {
        is_older_than(self.issued_at, LIFE, now)
    }

    /// Whether a refresh token goes with the answer.
    pub fn is_offline(&self) -> bool {
        self.scope.has(ScopeWord::OfflineAccess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AcrRequest;
    use crate::testing::{NOW, NOW_US, amr, client, code, facts, request_with};

    #[test]
    fn a_code_holds_what_was_asked_and_who_has_signed_in() {
        let code = code();
        let request = request_with(&client(), &[]);
        assert_eq!(
            (&code.client_id, &code.redirect_uri),
            (&request.client_id, &request.redirect_uri)
        );
        assert_eq!((&code.code_challenge, &code.nonce), (&request.code_challenge, &request.nonce));
        assert_eq!((code.auth_time, code.acr), (NOW - 60, Acr::HardwareProtected));
        assert_eq!(code.amr, amr(&["pop", "user", "hwk"]));
        let kept = serde_json::to_vec(&code).unwrap();
        assert_eq!(serde_json::from_slice::<Code>(&kept).unwrap(), code);
    }

    #[test]
    fn a_session_that_has_taken_anothers_place_is_known_by_that_ones_id() {
        let of = |sid| {
            let Code { session, proof, .. } = code();
            let amr = amr(&["hwk"]);
            let issued = Issued { facts: facts(&amr), session, sid, proof };
            Code::new(&request_with(&client(), &[]), &issued, NOW_US).unwrap()
        };
        let other = SessionId("aaaaaaaa-1111-4222-8333-444455556666".parse().unwrap());
        let (own, others) = (of(code().session), of(other));
        assert_eq!((own.sid(), own.sid), (own.session, None));
        assert_eq!((others.sid(), others.session), (other, own.session));
        let kept = serde_json::to_vec(&others).unwrap();
        assert_eq!(serde_json::from_slice::<Code>(&kept).unwrap(), others);
    }

    #[test]
    fn there_is_no_code_for_a_proof_that_is_not_as_good_as_is_essential() {
        let acr = AcrRequest { essential: true, values: vec![Acr::HardwareProtected] };
        let request = Request { acr, ..request_with(&client(), &[]) };
        let of = |methods: &[&str]| {
            let amr = amr(methods);
            let Code { session, proof, .. } = code();
            let issued = Issued { facts: facts(&amr), session, sid: session, proof };
            Code::new(&request, &issued, NOW_US)
        };
        assert_eq!(of(&["swk"]), None);
        assert_eq!(of(&["sc"]), None);
        assert_eq!(of(&["hwk"]).map(|code| code.acr), Some(Acr::HardwareProtected));
    }

    #[test]
    fn a_code_is_good_for_a_minute() {
        let code = code();
        assert!(!code.is_over(NOW_US + 60_000_000) && code.is_over(NOW_US + 60_000_001));
        assert!(!code.is_offline());
        let scope = Scope::parse("openid offline_access");
        assert!(Code { scope, ..code }.is_offline());
    }
}
