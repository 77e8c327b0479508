use identity::{Moment, Tenant, TenantPolicy};
use ids::{Slug, TenantId};
use uuid::Uuid;

use super::{Form, groups};
use crate::admin::form::{FormPage, Headline, Problems};
use crate::admin::samples::head;
use crate::pages::sample::{Rendered, Text};
use crate::pages::{ConsoleFrame, Section};

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    let Ok(slug) = Slug::try_from("acme".to_owned()) else { return Ok(Vec::new()) };
    let tenant = Tenant {
        id: TenantId(Uuid::from_u128(1)),
        slug,
        display_name: text("Acme Hospital"),
        policy: TenantPolicy::default(),
        created_at: Moment(0),
    };
    let page = |form: &Form, problems| {
        FormPage {
            console: ConsoleFrame::sample(text, Section::Policy),
            head: head(text, "Tenant settings"),
            intro: "",
            groups: groups(&tenant, form),
            action: text("/admin/tenants/acme/settings"),
            submit: "Save",
            cancel: None,
            delete: None,
            headline: Headline::NotSaved,
        }
        .with(problems)
    };
    let good = Form::of(&tenant);
    let bad = Form {
        tenant_name: text(" "),
        first_card: text("anybody"),
        card_first: text("maybe"),
        card_first_days: text("0"),
        straight_to_provider: text("?"),
        session_minutes: text("4"),
        card_lifted: text("flies"),
        one_computer: text("?"),
        agent_grace_seconds: text("9"),
        return_always: text("?"),
        one_tap: text("?"),
    };
    let mut problems = Problems::of("card_first_days", text("Enter 1 to 365 days."));
    let choices = ["first_card", "card_first", "return_always", "card_lifted", "one_computer"];
    let others = ["tenant_name", "straight_to_provider", "session_minutes", "one_tap"];
    let others = others.into_iter().chain(["agent_grace_seconds"]);
    for field in choices.into_iter().chain(others) {
        problems.add(field, text("Choose another value."));
    }
    crate::pages::sample::rendered(vec![
        ("saved", page(&good, Problems::default())),
        ("refused", page(&bad, problems)),
    ])
}
