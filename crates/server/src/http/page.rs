//! Pages as answers.

use askama::Template;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HeaderValue, USER_AGENT};
use axum::response::{IntoResponse, Response};
use identity::{Moment, Tenant};

use crate::http::problem::Problem;
use crate::pages::{Frame, When};

/// A page.
pub(crate) struct Html<T>(pub(crate) T);

impl<T: Template> IntoResponse for Html<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(text) => {
                let html = HeaderValue::from_static("text/html; charset=utf-8");
                ([(CONTENT_TYPE, html)], text).into_response()
            }
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

/// A redirect that a GET follows (303): never one that repeats a POST elsewhere.
pub(crate) fn see_other(location: &str) -> Response {
    axum::response::Redirect::to(location).into_response()
}

/// Where a page of this tenant belongs.
pub(crate) fn frame(tenant: &Tenant) -> Frame {
    Frame { tenant: tenant.display_name.clone(), slug: tenant.slug.to_string() }
}

/// A moment as pages show it: in UTC, since a server knows no better.
pub(crate) fn when(moment: Moment) -> When {
    let timestamp =
        jiff::Timestamp::from_microsecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let text = timestamp.strftime("%-d %B %Y, %H:%M UTC").to_string();
    When { text, machine: timestamp.to_string() }
}

/// The day of a moment, in UTC.
pub(crate) fn date(moment: Moment) -> String {
    let timestamp =
        jiff::Timestamp::from_microsecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    timestamp.strftime("%-d %B %Y").to_string()
}

/// The browser that sends a request, in a few words: `Firefox on Linux`.
pub(crate) fn browser(headers: &HeaderMap) -> (&'static str, &'static str) {
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = |names: &[(&str, &'static str)], other| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map_or(other, |(_, name)| *name)
    };
    // Order matters: Edge calls itself Chrome too, and Chrome calls itself Safari.
    let browsers =
        [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let systems = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    (known(&browsers, "A browser"), known(&systems, "an unknown system"))
}

/// The day of a moment, as forms write it: `2027-05-31`.
pub(crate) fn day(moment: Moment) -> String {
    let timestamp =
        jiff::Timestamp::from_microsecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    timestamp.strftime("%Y-%m-%d").to_string()
}

/// The last second of a day that a form names.
pub(crate) fn end_of_day(text: &str) -> Option<Moment> {
    let day: jiff::civil::Date = text.parse().ok()?;
    let end = day.at(23, 59, 59, 0).in_tz("UTC").ok()?;
    Some(Moment::from_unix_seconds(end.timestamp().as_second()))
}
