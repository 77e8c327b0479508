use ids::UserId;

use super::{Prompt, Request, is_older_than};
use crate::ErrorCode;
use crate::acr::Acr;
use crate::client::{CardRule, ClientSettings};

/// What is known of a living session.
#[derive(Clone, Copy, Debug)]
pub struct SessionFacts<'a> {
    /// Who is signed in.
    pub person: UserId,
    /// Their username.
    pub username: &'a str,
    /// Their address, if one is known.
    pub email: Option<&'a str>,
    /// When the proof that it rests on was given, in microseconds since 1970.
    pub auth_time: i64,
    /// `amr` of that proof.
    pub amr: &'a [String],
}

/// What a request still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing: the session is enough.
    Enough,
    /// One more tap of the person who is signed in.
    Tap,
    /// A login: nobody is signed in, or somebody else.
    Login,
}

impl Verdict {
    /// What a client is told that wants nothing shown (`prompt=none`); `None` when the session is enough.
    pub fn without_showing(self) -> Option<ErrorCode> {
        match self {
            Self::Enough => None,
            Self::Tap => Some(ErrorCode::InteractionRequired),
            Self::Login => Some(ErrorCode::LoginRequired),
        }
    }
}

impl Request {
    /// Whether `session` is enough for what is asked and for what the client is registered with.
    /// `asked_at` and `now` are in microseconds since 1970. With [`Prompt::None`] the answer goes through
    /// [`Verdict::without_showing`].
    ///
    /// Groups are another question: [`ClientSettings::admits`].
    pub fn wants(
        &self,
        settings: &ClientSettings,
        asked_at: i64,
        session: Option<&SessionFacts<'_>>,
        now: i64,
    ) -> Verdict {
        let Some(session) = session else { return Verdict::Login };
        let is_fresh = session.auth_time >= asked_at;
        if !self.is_about(session, is_fresh) {
            return Verdict::Login;
        }
        let is_new_enough = is_fresh || self.admits_age(settings, session, now);
        let is_good_enough = self.admits_proof(settings, session);
        if is_new_enough && is_good_enough { Verdict::Enough } else { Verdict::Tap }
    }

    /// A name that was typed elsewhere may be one that we do not know: whoever has logged in since is
    /// taken for that person. Who is named by a token is exactly that person.
    fn is_about(&self, session: &SessionFacts<'_>, is_fresh: bool) -> bool {
        let is_named = |hint: &String| {
            hint.eq_ignore_ascii_case(session.username)
                || session.email.is_some_and(|email| hint.eq_ignore_ascii_case(email))
        };
        self.person.is_none_or(|person| person == session.person)
            && (is_fresh || self.login_hint.as_ref().is_none_or(is_named))
    }

    /// For a proof that is older than the request.
    fn admits_age(&self, settings: &ClientSettings, session: &SessionFacts<'_>, now: i64) -> bool {
        let young = |seconds: i64| !is_older_than(session.auth_time, seconds, now);
        let rule = match settings.card {
            CardRule::Session => true,
            CardRule::WithinMinutes(minutes) => young(i64::from(minutes).saturating_mul(60)),
            CardRule::Fresh => false,
        };
        rule && self.prompt != Prompt::Login && self.max_age.is_none_or(|age| young(age.into()))
    }

    fn admits_proof(&self, settings: &ClientSettings, session: &SessionFacts<'_>) -> bool {
        settings.admits_card(session.amr) && self.acr.choose(Acr::of(session.amr)).is_some()
    }
}

#[cfg(test)]
mod tests;
