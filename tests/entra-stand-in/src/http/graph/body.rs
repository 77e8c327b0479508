//! The body of a write, taken apart member by member. What nobody has taken does not belong there.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Problem;

/// The members of an object that is to become a resource of that type.
pub(super) struct Members {
    resource: &'static str,
    members: Map<String, Value>,
}

impl Members {
    /// The body of a request.
    pub(super) fn read(
        resource: &'static str,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Self, Problem> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/json") {
            return Err(Problem::unreadable());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self { resource, members }),
            _ => Err(Problem::unreadable()),
        }
    }

    fn of(resource: &'static str, value: Value) -> Result<Self, Problem> {
        match value {
            Value::Object(members) => Ok(Self { resource, members }),
            _ => Err(Problem::invalid_value(resource)),
        }
    }

    /// `null` is as if it were not there.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Whether it is there, be it `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::invalid_value(name)),
        }
    }

    pub(super) fn required_text(&mut self, name: &str) -> Result<String, Problem> {
        let found = self.text(name)?.filter(|text| !text.is_empty());
        found.ok_or_else(|| Problem::value_required(name, self.resource))
    }

    pub(super) fn required_id(&mut self, name: &str) -> Result<Uuid, Problem> {
        let text = self.required_text(name)?;
        Uuid::parse_str(&text).map_err(|_| Problem::invalid_value(name))
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Problem::invalid_value(name)),
        }
    }

    pub(super) fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(_) => Err(Problem::invalid_value(name)),
        }
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Problem> {
        let text = |value: Value| match value {
            Value::String(text) => Ok(text),
            _ => Err(Problem::invalid_value(name)),
        };
        self.list(name)?.map(|list| list.into_iter().map(text).collect()).transpose()
    }

    pub(super) fn object(
        &mut self,
        name: &str,
        resource: &'static str,
    ) -> Result<Option<Self>, Problem> {
        self.take(name).map(|value| Self::of(resource, value)).transpose()
    }

    pub(super) fn objects(
        &mut self,
        name: &str,
        resource: &'static str,
    ) -> Result<Option<Vec<Self>>, Problem> {
        let list = self.list(name)?;
        let each = |list: Vec<Value>| list.into_iter().map(|value| Self::of(resource, value));
        list.map(|list| each(list).collect()).transpose()
    }

    /// `@odata.type`: that of the resource, where several share a collection.
    pub(super) fn check_type(&mut self, required: bool) -> Result<(), Problem> {
        match self.text("@odata.type")? {
            None if !required => Ok(()),
            Some(found)
                if found.trim_start_matches('#')
                    == format!("microsoft.graph.{}", self.resource) =>
            {
                Ok(())
            }
            _ => Err(Problem::invalid_value("@odata.type")),
        }
    }

    /// Refuses what was not taken.
    pub(super) fn end(self) -> Result<(), Problem> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(other) => Err(Problem::invalid_property(other, self.resource)),
        }
    }
}

/// One condition `name eq 'value'` of `$filter`, which is all that is played.
pub(super) fn filter(
    query: Option<&str>,
    names: &[&str],
) -> Result<Option<(String, String)>, Problem> {
    let sent = crate::request::Parameters::parse_lenient(query.unwrap_or_default().as_bytes());
    let other = sent.names().find(|name| !["$filter", "$select", "$top"].contains(name));
    if let Some(other) = other {
        let text = format!("The query option '{other}' is not supported here.");
        return Err(Problem::unsupported_query(text));
    }
    let Some(filter) = sent.get("$filter") else { return Ok(None) };
    let parsed = filter.split_once(" eq ").and_then(|(name, value)| {
        let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        Some((name.trim().to_owned(), value.replace("''", "'")))
    });
    let parsed = parsed.filter(|(name, _)| names.contains(&name.as_str()));
    let text = format!("The filter clause '{filter}' is not supported here.");
    parsed.map(Some).ok_or_else(|| Problem::unsupported_query(text))
}
