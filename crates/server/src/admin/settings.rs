//! What a tenant allows.

mod form;
mod samples;

use axum::extract::{Query, State};
use axum::response::Response;
use identity::{CardFirst, Tenant, TenantPolicy};
use serde::Deserialize;
use store::AuditEntry;

use self::form::{Form, GRACE_SECONDS, MOST_DAYS, SESSION_MINUTES};
pub(super) use self::samples::samples;
use crate::admin::form::{
    Choice, Control, Field, FormPage, Group, Head, Headline, Link, Message, Problems,
};
use crate::admin::frame::auth_time;
use crate::admin::place::Place;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::body::FormBody;
use crate::http::page::see_other;
use crate::http::problem::Problem;
use crate::pages::Section;
use crate::start::OPERATORS;

#[derive(Deserialize)]
pub(crate) struct View {
    done: Option<String>,
}

/// `GET /admin/tenants/{slug}/settings`: what the tenant allows.
pub(crate) async fn page(
    State(app): State<App>,
    place: Place,
    Query(view): Query<View>,
) -> Result<Response, Problem> {
    let messages = match view.done.as_deref() {
        Some("saved") => vec![Message::good("Saved")],
        _ => Vec::new(),
    };
    let form = Form::of(&place.tenant);
    answer(&app, &place, &form, messages, Problems::default()).await
}

/// `POST /admin/tenants/{slug}/settings`: a second time writes the same.
pub(crate) async fn save(
    State(app): State<App>,
    fresh: FreshAdministrator,
    place: Place,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let settings = form.settings(&place.tenant).and_then(|(name, policy)| {
        let policy = lets_in(&place, policy)?;
        Ok((name, policy))
    });
    match settings {
        Ok((name, policy)) => {
            let was = &place.tenant;
            let mut tx = fresh.write(&app, was).await?;
            if name != was.display_name {
                tx.put_display_name(&name).await?;
                let detail = serde_json::json!({ "from": was.display_name, "to": name });
                let actor = Some(fresh.id());
                tx.audit(&AuditEntry { actor, ..AuditEntry::new("tenant.renamed", detail) })
                    .await?;
            }
            tx.put_policy(&policy).await?;
            let detail = serde_json::json!({ "from": was.policy, "to": policy });
            fresh.commit(tx, "policy.saved", None, detail).await?;
            Ok(see_other(&place.url("settings?done=saved")))
        }
        Err(problems) => answer(&app, &place, &form, Vec::new(), problems).await,
    }
}

/// Operators have no upstream: without card first, nobody could open the console any more.
fn lets_in(place: &Place, policy: TenantPolicy) -> Result<TenantPolicy, Problems> {
    if place.tenant.slug.as_str() == OPERATORS && policy.card_first != CardFirst::On {
        let text = "Operators sign in with their card alone: this must stay on, or nobody could \
                    open the console.";
        return Err(Problems::of("card_first", text));
    }
    Ok(policy)
}

async fn answer(
    app: &App,
    place: &Place,
    form: &Form,
    messages: Vec<Message>,
    problems: Problems,
) -> Result<Response, Problem> {
    let tenant = &place.tenant;
    let mut console = place.console(app, Section::Policy).await?;
    let providers = app.store.read(tenant.id).await?.providers().await?;
    console.banners.extend(providers.iter().filter_map(|one| auth_time(tenant, one)));
    let page = FormPage {
        console,
        head: Head {
            title: "Tenant settings".into(),
            crumbs: vec![Link::new(place.url(""), &tenant.display_name)],
            messages,
            ..Head::default()
        },
        intro: "",
        groups: groups(tenant, form),
        action: place.url("settings"),
        submit: "Save",
        cancel: None,
        delete: None,
        headline: Headline::NotSaved,
    };
    Ok(page.answer(problems))
}

fn groups(tenant: &Tenant, form: &Form) -> Vec<Group> {
    let yes_or_no = || vec![Choice::of("yes", "Yes"), Choice::of("no", "No")];
    let (least, most) = SESSION_MINUTES;
    let tenant = vec![
        Field::new("tenant_name", "Name", &form.tenant_name)
            .help("As people see it on the sign-in pages.")
            .required(),
        Field::new("tenant_slug", "Slug", tenant.slug.as_str())
            .control(Control::ReadOnly)
            .help("Fixed: it is in redirect URIs at providers and in people's bookmarks."),
    ];
    let cards = vec![
        Field::new("first_card", "First card", &form.first_card)
            .control(Control::Choice(first_card())),
        Field::new("card_first", "Card first", &form.card_first)
            .control(Control::Choice(card_first()))
            .help("Whether “Use your card” signs in without the provider."),
        Field::new("card_first_days", "Days", &form.card_first_days)
            .control(Control::Number { min: 1, max: MOST_DAYS.into() })
            .help("For the last choice."),
        Field::new("return_always", "Come back after each card", &form.return_always)
            .control(Control::Choice(yes_or_no()))
            .help(
                "Yes: a card on a reader counts once the browser that asked has opened a page at the \
                 computer of the reader. No: only where the two are new to each other, or in different \
                 networks.",
            ),
    ];
    let sign_in = vec![
        Field::new("straight_to_provider", "Straight to the provider", &form.straight_to_provider)
            .control(Control::Choice(yes_or_no()))
            .help(
                "No login page where one provider is the only way in (“Card first” is another), or \
                 where the link names one (kc_idp_hint).",
            ),
        Field::new("session_minutes", "Session length in minutes", &form.session_minutes)
            .control(Control::Number { min: least, max: most })
            .help("5 to 1440; 480 is a working day. Holds for new sessions."),
        Field::new("one_tap", "One tap, not two", &form.one_tap)
            .control(Control::Choice(yes_or_no()))
            .help(
                "Where Microsoft Entra itself has asked for the card during a sign-in (external MFA), \
                 that tap opens the session too. No: the card is asked for again. Shared desks that end \
                 sessions ask again in any case.",
            ),
    ];
    vec![
        Group { title: "", fields: tenant },
        Group { title: "Cards", fields: cards },
        Group { title: "Signing in", fields: sign_in },
        Group { title: "Shared desks", fields: shared_desks(form, yes_or_no()) },
    ]
}

fn shared_desks(form: &Form, yes_or_no: Vec<Choice>) -> Vec<Field> {
    let (least, most) = GRACE_SECONDS;
    vec![
        Field::new("card_lifted", "When a card is taken off its reader", &form.card_lifted)
            .control(Control::Choice(card_lifted()))
            .help(
                "For cards that stay on or in a reader, and keys that stay plugged in, on computers \
                 with Cardea's agent. A card that leaves within 3 seconds of its answer was only \
                 tapped: its session stays. Holds for new sessions.",
            ),
        Field::new("agent_grace_seconds", "Seconds to wait for a lost agent", &form.agent_grace_seconds)
            .control(Control::Number { min: least, max: most })
            .help(
                "10 to 600. When the connection to a computer breaks, nobody can tell whether the \
                 card is still there: after so long the session ends.",
            ),
        Field::new("one_computer", "One computer at a time", &form.one_computer)
            .control(Control::Choice(yes_or_no))
            .help(
                "Whether signing in with a card at another computer's agent ends the sessions that \
                 the card opened at the first.",
            ),
    ]
}

fn card_lifted() -> Vec<Choice> {
    vec![
        Choice {
            value: "keeps-session",
            words: "Nothing happens",
            help: "The session lasts until its person signs out, or its time is over.",
        },
        Choice {
            value: "ends-session",
            words: "The session ends",
            help: "Within a second, in all its tabs.",
        },
        Choice {
            value: "ends-session-and-locks",
            words: "The session ends and the desktop locks",
            help: "The computer also locks when the card is used at another one, if that ends the \
                   session.",
        },
    ]
}

fn first_card() -> Vec<Choice> {
    vec![
        Choice {
            value: "administrator-code",
            words: "With a one-time code from an administrator",
            help: "You issue it on the person's page. Who steals an Azure account enrols no card.",
        },
        Choice {
            value: "fresh-entra-sign-in",
            words: "After a fresh Entra sign-in",
            help: "Easier, and weaker: whoever can sign in at Microsoft Entra, guests of your directory \
                   too, can add the first card, once. People of other providers need a code all \
                   the same.",
        },
    ]
}

fn card_first() -> Vec<Choice> {
    vec![
        Choice {
            value: "off",
            words: "Off",
            help: "People sign in at the provider first, every time.",
        },
        Choice {
            value: "on",
            words: "On",
            help: "A card is enough, even if the provider has locked the person out.",
        },
        Choice {
            value: "days",
            words: "For some days after a sign-in at the provider",
            help: "Who is locked out at the provider is out here after so many days.",
        },
    ]
}
