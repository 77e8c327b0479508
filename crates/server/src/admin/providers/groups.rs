//! The question whether a provider has stopped sending groups, and its answer.

use axum::extract::State;
use axum::response::Response;
use identity::{GroupsAnswer, GroupsQuestion, Moment, Provider, Tenant, UNASKED};
use serde::Deserialize;
use store::MissingGroups;

use crate::admin::place::AtProvider;
use crate::admin::session::FreshAdministrator;
use crate::app::App;
use crate::http::body::FormBody;
use crate::http::page::{see_other, when};
use crate::http::problem::Problem;
use crate::pages::{Answer, Banner, Question, Tone};

/// An answer, and which question it was shown with: the moment from which people were counted.
#[derive(Deserialize)]
pub(crate) struct Form {
    answer: GroupsAnswer,
    since: i64,
}

/// The question, while it is open.
pub(crate) fn question(
    tenant: &Tenant,
    provider: &Provider,
    missing: &MissingGroups,
) -> Option<Banner> {
    let since = missing.since.filter(|_| provider.seen.groups == GroupsQuestion::Open)?;
    let (name, people) = (&provider.display_name, missing.people);
    let text = format!(
        "It began on {}. The first {UNASKED} of them have no groups here any more; the others keep \
         theirs, marked as possibly old, until you answer. In Azure, look at App registrations → \
         your app → Token configuration → Groups claim. If it was missing and you have put it \
         back, the second answer is right: it holds until groups come again.",
        when(since).text
    );
    let base = format!("/admin/tenants/{}/providers/{}", tenant.slug, provider.alias);
    Some(Banner {
        tone: Tone::Warning,
        title: format!("{people} people came from {name} without groups. Are they still sent?"),
        text,
        link: None,
        question: Some(Question {
            action: format!("{base}/groups"),
            fields: vec![("since", since.0.to_string())],
            answers: vec![
                Answer {
                    value: "keep",
                    words: format!("{name} no longer sends groups: keep what people have"),
                },
                Answer { value: "clear", words: "They really have no groups: clear".into() },
            ],
        }),
    })
}

/// `POST …/providers/{alias}/groups`: answers the question. A second time, or with the page of a
/// question that is over, nothing changes, and the page says so.
pub(crate) async fn answer(
    State(app): State<App>,
    fresh: FreshAdministrator,
    at: AtProvider,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let alias = &at.provider.alias;
    let mut tx = fresh.write(&app, &at.place.tenant).await?;
    let (_, question) = tx.hold_groups(alias).await?.ok_or(Problem::NotFound)?;
    let missing = tx.missing_groups(alias).await?;
    let shown = missing.since == Some(Moment(form.since));
    let Some((sent, then)) = question.answered(form.answer).filter(|_| shown) else {
        return Ok(see_other(&at.url("?done=groups-over")));
    };
    tx.set_groups_sent(alias, sent).await?;
    tx.set_groups_question(alias, then).await?;
    let detail = serde_json::json!({
        "provider": alias, "answer": form.answer, "people": missing.people,
    });
    fresh.commit(tx, "provider.groups-answered", None, detail).await?;
    Ok(see_other(&at.url(match form.answer {
        GroupsAnswer::Clear => "?done=groups-clear",
        GroupsAnswer::Keep => "?done=groups-keep",
    })))
}
