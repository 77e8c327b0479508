use identity::{CardFirst, CardLifted, FirstCard, ReturnStep, Tenant, TenantPolicy};
use serde::Deserialize;

use crate::admin::form::{Problems, name, word, yes_or_no};

/// Shortest and longest session, in minutes.
pub(super) const SESSION_MINUTES: (u32, u32) = (5, 24 * 60);
/// Shortest and longest time that the agent of a card may be away, in seconds.
pub(super) const GRACE_SECONDS: (u32, u32) = (10, 10 * 60);
/// Most days that a card alone signs in after the provider.
pub(super) const MOST_DAYS: u16 = 365;

/// The form as it came.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Form {
    pub(super) tenant_name: String,
    pub(super) first_card: String,
    pub(super) card_first: String,
    pub(super) card_first_days: String,
    pub(super) straight_to_provider: String,
    pub(super) session_minutes: String,
    pub(super) card_lifted: String,
    pub(super) one_computer: String,
    pub(super) agent_grace_seconds: String,
    pub(super) return_always: String,
    pub(super) one_tap: String,
}

impl Form {
    pub(super) fn of(tenant: &Tenant) -> Self {
        Self { tenant_name: tenant.display_name.clone(), ..Self::of_policy(&tenant.policy) }
    }

    fn of_policy(policy: &TenantPolicy) -> Self {
        let (card_first, days) = match policy.card_first {
            CardFirst::Off => ("off", 1),
            CardFirst::On => ("on", 1),
            CardFirst::WithinDays(days) => ("days", days),
        };
        Self {
            first_card: match policy.first_card {
                FirstCard::AdministratorCode => "administrator-code",
                FirstCard::FreshEntraSignIn => "fresh-entra-sign-in",
            }
            .into(),
            card_first: card_first.into(),
            card_first_days: days.to_string(),
            straight_to_provider: word(policy.straight_to_provider).into(),
            session_minutes: policy.session_seconds.div_euclid(60).to_string(),
            card_lifted: match policy.card_lifted {
                CardLifted::KeepsSession => "keeps-session",
                CardLifted::EndsSession => "ends-session",
                CardLifted::EndsSessionAndLocks => "ends-session-and-locks",
            }
            .into(),
            one_computer: word(policy.one_computer).into(),
            agent_grace_seconds: policy.agent_grace_seconds.to_string(),
            return_always: word(policy.return_step == ReturnStep::Always).into(),
            one_tap: word(policy.one_tap).into(),
            ..Self::default()
        }
    }

    /// What the tenant shall be called and allow. What is not said stays as it `was`.
    pub(super) fn settings(&self, was: &Tenant) -> Result<(String, TenantPolicy), Problems> {
        let name = match self.tenant_name.as_str() {
            "" => Ok(was.display_name.clone()),
            text => name(text),
        };
        match (name, self.policy(&was.policy)) {
            (Ok(name), policy) => Ok((name, policy?)),
            (Err(text), policy) => {
                let mut problems = policy.err().unwrap_or_default();
                problems.add("tenant_name", text);
                Err(problems)
            }
        }
    }

    /// What the tenant shall allow. What is not said stays as it `was`.
    fn policy(&self, was: &TenantPolicy) -> Result<TenantPolicy, Problems> {
        let mut problems = Problems::default();
        let first_card = match self.first_card.trim() {
            "" => Some(was.first_card),
            "administrator-code" => Some(FirstCard::AdministratorCode),
            "fresh-entra-sign-in" => Some(FirstCard::FreshEntraSignIn),
            _ => None,
        };
        let card_first = self.card_first(was);
        let straight = yes_or_no(&self.straight_to_provider, was.straight_to_provider);
        let straight_to_provider = problems.take("straight_to_provider", straight);
        let session_seconds = problems.take("session_minutes", self.session_seconds(was));
        let card_lifted = problems.take("card_lifted", self.card_lifted(was));
        let one_computer = yes_or_no(&self.one_computer, was.one_computer);
        let one_computer = problems.take("one_computer", one_computer);
        let agent_grace_seconds = problems.take("agent_grace_seconds", self.grace(was));
        let always = yes_or_no(&self.return_always, was.return_step == ReturnStep::Always);
        let always = problems.take("return_always", always);
        let one_tap = problems.take("one_tap", yes_or_no(&self.one_tap, was.one_tap));
        let return_step = if always { ReturnStep::Always } else { ReturnStep::OtherNetwork };
        if first_card.is_none() {
            problems.add("first_card", "Choose one of the two.");
        }
        match (first_card, card_first) {
            (Some(first_card), Ok(card_first)) => problems.or(TenantPolicy {
                first_card,
                card_first,
                straight_to_provider,
                session_seconds,
                card_lifted,
                one_computer,
                agent_grace_seconds,
                return_step,
                one_tap,
                // This has a page of its own.
                x509: was.x509.clone(),
            }),
            (_, Err((field, text))) => {
                problems.add(field, text);
                Err(problems)
            }
            (None, _) => Err(problems),
        }
    }

    fn card_first(&self, was: &TenantPolicy) -> Result<CardFirst, (&'static str, &'static str)> {
        match self.card_first.trim() {
            "" => Ok(was.card_first),
            "off" => Ok(CardFirst::Off),
            "on" => Ok(CardFirst::On),
            "days" | "within-days" => match self.card_first_days.trim().parse::<u16>() {
                Ok(days) if (1..=MOST_DAYS).contains(&days) => Ok(CardFirst::WithinDays(days)),
                _ => Err(("card_first_days", "Enter 1 to 365 days.")),
            },
            _ => Err(("card_first", "Choose one of the three.")),
        }
    }

    fn card_lifted(&self, was: &TenantPolicy) -> Result<CardLifted, &'static str> {
        match self.card_lifted.trim() {
            "" => Ok(was.card_lifted),
            "keeps-session" => Ok(CardLifted::KeepsSession),
            "ends-session" => Ok(CardLifted::EndsSession),
            "ends-session-and-locks" => Ok(CardLifted::EndsSessionAndLocks),
            _ => Err("Choose one of the three."),
        }
    }

    fn grace(&self, was: &TenantPolicy) -> Result<u32, &'static str> {
        let (least, most) = GRACE_SECONDS;
        match self.agent_grace_seconds.trim() {
            "" => Ok(was.agent_grace_seconds),
            text => match text.parse::<u32>() {
                Ok(seconds) if (least..=most).contains(&seconds) => Ok(seconds),
                _ => Err("Enter 10 to 600 seconds."),
            },
        }
    }

    fn session_seconds(&self, was: &TenantPolicy) -> Result<u32, &'static str> {
        let (least, most) = SESSION_MINUTES;
        match self.session_minutes.trim() {
            "" => Ok(was.session_seconds),
            text => match text.parse::<u32>() {
                Ok(minutes) if (least..=most).contains(&minutes) => Ok(minutes.saturating_mul(60)),
                _ => Err("Enter 5 minutes to 24 hours (1440 minutes)."),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_comes_back_from_its_form_as_it_was() {
        for card_first in [CardFirst::Off, CardFirst::On, CardFirst::WithinDays(30)] {
            for first_card in [FirstCard::AdministratorCode, FirstCard::FreshEntraSignIn] {
                let (straight_to_provider, session_seconds) = (true, 300);
                let policy = TenantPolicy {
                    first_card,
                    card_first,
                    straight_to_provider,
                    session_seconds,
                    return_step: ReturnStep::Always,
                    one_tap: false,
                    ..TenantPolicy::default()
                };
                let back = Form::of_policy(&policy).policy(&TenantPolicy::default());
                assert_eq!(back.ok(), Some(policy));
            }
        }
    }

    #[test]
    fn what_shared_desks_do_comes_back_from_its_form() {
        for card_lifted in
            [CardLifted::KeepsSession, CardLifted::EndsSession, CardLifted::EndsSessionAndLocks]
        {
            for (one_computer, agent_grace_seconds) in [(true, 10), (false, 600)] {
                let policy = TenantPolicy {
                    card_lifted,
                    one_computer,
                    agent_grace_seconds,
                    ..TenantPolicy::default()
                };
                let back = Form::of_policy(&policy).policy(&TenantPolicy::default());
                assert_eq!(back.ok(), Some(policy));
            }
        }
    }

    #[test]
    fn values_that_make_no_sense_are_refused_by_field() {
        let form = || Form::of_policy(&TenantPolicy::default());
        for (form, field) in [
            (Form { first_card: "anybody".into(), ..form() }, "first_card"),
            (Form { card_first: "maybe".into(), ..form() }, "card_first"),
            (Form { card_first_days: "0".into(), ..form() }, "card_first_days"),
            (Form { card_first_days: "366".into(), ..form() }, "card_first_days"),
            (Form { card_first_days: "-1".into(), ..form() }, "card_first_days"),
            (Form { straight_to_provider: "?".into(), ..form() }, "straight_to_provider"),
            (Form { card_lifted: "flies".into(), ..form() }, "card_lifted"),
            (Form { one_computer: "?".into(), ..form() }, "one_computer"),
            (Form { agent_grace_seconds: "9".into(), ..form() }, "agent_grace_seconds"),
            (Form { agent_grace_seconds: "601".into(), ..form() }, "agent_grace_seconds"),
            (Form { return_always: "?".into(), ..form() }, "return_always"),
            (Form { one_tap: "?".into(), ..form() }, "one_tap"),
            (Form { session_minutes: "4".into(), ..form() }, "session_minutes"),
            (Form { session_minutes: "1441".into(), ..form() }, "session_minutes"),
            (Form { session_minutes: "99999999999".into(), ..form() }, "session_minutes"),
        ] {
            let problems = form.policy(&TenantPolicy::default()).err();
            assert_eq!(problems.map(|problems| problems.fields()), Some(vec![field]));
        }
    }
}
