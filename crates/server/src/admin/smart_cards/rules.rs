use axum::extract::State;
use axum::response::Response;
use identity::{RevocationPolicy, TenantPolicy, X509Policy};
use serde::Deserialize;
use x509_cards::Oid;

use super::sheet::Sheet;
use crate::admin::form::{Choice, Control, Field, Problems, word, yes_or_no};
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::authorities::rest;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::problem::Problem;

/// The most identifiers of one kind.
const MOST: usize = 20;

/// The form as it came.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Form {
    pub(super) enabled: String,
    pub(super) usages: String,
    pub(super) policies: String,
    pub(super) revocation: String,
    pub(super) upn_required: String,
}

/// `GET /admin/tenants/{slug}/smart-cards/rules`.
pub(crate) async fn page(State(app): State<App>, place: Place) -> Result<Response, Problem> {
    let form = Form::of(&place.tenant.policy.x509);
    form.sheet().answer(&app, &place, Problems::default()).await
}

/// `POST /admin/tenants/{slug}/smart-cards/rules`: a second time writes the same.
pub(crate) async fn save(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let was = &place.tenant.policy;
    let x509 = match form.policy() {
        Ok(x509) => x509,
        Err(problems) => return form.sheet().answer(&app, &place, problems).await,
    };
    let mut tx = fresh.write(&app, &place.tenant).await?;
    let detail = serde_json::json!({ "from": was.x509, "to": x509 });
    let stricter = rest::is_stricter(&was.x509, &x509);
    tx.put_policy(&TenantPolicy { x509, ..was.clone() }).await?;
    if stricter {
        rest::end_all(&mut tx).await?;
    }
    fresh.commit(tx, "x509.rules-saved", None, detail).await?;
    Ok(see_other(&place.url("smart-cards?done=saved")))
}

fn fields(form: &Form) -> Vec<Field> {
    let yes_or_no = || vec![Choice::of("yes", "Yes"), Choice::of("no", "No")];
    let common = format!(
        "One of these must be in it; one on each line, none for any. Smart card logon is {}, client \
         authentication {}.",
        Oid::SMART_CARD_LOGON,
        Oid::CLIENT_AUTH
    );
    let revocation = vec![
        Choice {
            value: "required",
            words: "A list must be there",
            help: "Where an authority's list is missing or out of date, its cards are refused.",
        },
        Choice {
            value: "if-there",
            words: "What the lists say that are there",
            help: "Weaker: a card that was lost may be used until somebody brings a list.",
        },
    ];
    vec![
        Field::new("enabled", "Take smart cards with certificates", &form.enabled)
            .control(Control::Choice(yes_or_no())),
        Field::new("usages", "Uses (extended key usage)", &form.usages)
            .control(Control::Area)
            .help(common),
        Field::new("policies", "Certificate policies", &form.policies)
            .control(Control::Area)
            .help("One of these must be in it; one object identifier on each line, none for any."),
        Field::new("revocation", "Revoked certificates", &form.revocation)
            .control(Control::Choice(revocation)),
        Field::new("upn_required", "The certificate must name the account", &form.upn_required)
            .control(Control::Choice(yes_or_no()))
            .help("By a UPN. One that names another account is refused in any case."),
    ]
}

impl Form {
    pub(super) fn sheet(&self) -> Sheet {
        let fields = fields(self);
        Sheet { title: "What is taken", path: "rules", submit: "Save", fields }
    }

    pub(super) fn of(policy: &X509Policy) -> Self {
        Self {
            enabled: word(policy.enabled).into(),
            usages: policy.usages.join("\n"),
            policies: policy.policies.join("\n"),
            revocation: match policy.revocation {
                RevocationPolicy::Required => "required",
                RevocationPolicy::IfThere => "if-there",
            }
            .into(),
            upn_required: word(policy.upn_required).into(),
        }
    }

    /// What the tenant shall take. The form says it in full: none of its texts is a text, too.
    fn policy(&self) -> Result<X509Policy, Problems> {
        let mut problems = Problems::default();
        let enabled = problems.take("enabled", yes_or_no(&self.enabled, false));
        let upn_required = problems.take("upn_required", yes_or_no(&self.upn_required, false));
        let usages = problems.take("usages", oids(&self.usages));
        let policies = problems.take("policies", oids(&self.policies));
        let revocation = match self.revocation.trim() {
            "" | "required" => RevocationPolicy::Required,
            "if-there" => RevocationPolicy::IfThere,
            _ => {
                problems.add("revocation", "Choose one of the two.");
                RevocationPolicy::Required
            }
        };
        problems.or(X509Policy { enabled, usages, policies, revocation, upn_required })
    }
}

fn oids(text: &str) -> Result<Vec<String>, String> {
    let words: Vec<&str> = text.split([' ', ',', ';', '\r', '\n', '\t']).collect();
    let words = words.into_iter().filter(|word| !word.is_empty());
    let oids = words.map(|word| {
        let oid = Oid::parse(word).map(String::from);
        oid.ok_or_else(|| {
            format!("“{word}” is no object identifier, such as {}.", Oid::CLIENT_AUTH)
        })
    });
    let oids: Vec<String> = oids.collect::<Result<_, _>>()?;
    if oids.len() > MOST {
        return Err(format!("At most {MOST} are taken."));
    }
    Ok(oids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_back_from_their_form_as_they_were() {
        for revocation in [RevocationPolicy::Required, RevocationPolicy::IfThere] {
            for policies in [vec![], vec!["2.16.840.1.101.3.2.1.3.13".to_owned()]] {
                let rules =
                    X509Policy { enabled: true, policies, revocation, ..X509Policy::default() };
                assert_eq!(Form::of(&rules).policy().ok(), Some(rules));
            }
        }
    }

    #[test]
    fn values_that_make_no_sense_are_refused_by_field() {
        let form = || Form::of(&X509Policy::default());
        let many = vec!["1.2.3"; MOST + 1].join(",");
        for (form, field) in [
            (Form { enabled: "?".into(), ..form() }, "enabled"),
            (Form { usages: "smart card".into(), ..form() }, "usages"),
            (Form { policies: many, ..form() }, "policies"),
            (Form { revocation: "maybe".into(), ..form() }, "revocation"),
            (Form { upn_required: "?".into(), ..form() }, "upn_required"),
        ] {
            let problems = form.policy().err();
            assert_eq!(problems.map(|problems| problems.fields()), Some(vec![field]));
        }
    }
}
