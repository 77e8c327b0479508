use ids::guid;
use jose::json;
use serde_json::{Map, Value};

use crate::aadsts;

/// Longest text that is kept for people, in characters.
const MAX_TEXT: usize = 2_000;

/// What an upstream says to people about a refusal, taken apart. A stranger's text: to be shown as
/// text, never as markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Number of Entra's error, `AADSTSnnnn`.
    pub aadsts: Option<u32>,
    /// Entra's id of the request, for its support.
    pub trace_id: Option<String>,
    /// Entra's id of the sign-in, for its sign-in logs.
    pub correlation_id: Option<String>,
    /// When it happened, as Entra writes it.
    pub timestamp: Option<String>,
    /// The text, without control characters, cut after 2000 characters.
    pub text: String,
}

impl Report {
    /// Takes an `error_description` apart.
    pub fn parse(description: &str) -> Self {
        let readable = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = description.chars().map(readable).take(MAX_TEXT).collect();
        Self {
            aadsts: aadsts::after(&text, "aadsts"),
            trace_id: labelled(&text, "Trace ID:").and_then(guid::parse),
            correlation_id: labelled(&text, "Correlation ID:").and_then(guid::parse),
            timestamp: labelled_line(&text, "Timestamp:"),
            text: text.trim().to_owned(),
        }
    }

    /// Adds what Entra's token endpoint says in fields of their own.
    pub(crate) fn add_fields(&mut self, answer: &Map<String, Value>) {
        let id = |name| json::text(answer, name).and_then(guid::parse);
        let number = || {
            let first = answer.get("error_codes")?.as_array()?.first()?.as_u64()?;
            u32::try_from(first).ok()
        };
        self.aadsts = self.aadsts.or_else(number);
        self.trace_id = self.trace_id.take().or_else(|| id("trace_id"));
        self.correlation_id = self.correlation_id.take().or_else(|| id("correlation_id"));
    }
}

/// The word after `label`.
fn labelled<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.split_once(label)?.1.split_whitespace().next()
}

/// `2026-11-23 15:04:05Z`: date and time, in the characters that a time has.
fn labelled_line(text: &str, label: &str) -> Option<String> {
    let rest = text.split_once(label)?.1.trim_start();
    let end = rest.find(|c: char| !(c.is_ascii_digit() || "-:.TZ ".contains(c)));
    let time = rest.get(..end.unwrap_or(rest.len()))?.trim();
    (10..=32).contains(&time.len()).then(|| time.to_owned())
}
