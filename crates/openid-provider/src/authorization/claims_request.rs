use ids::UserId;
use jose::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::RequestError;
use crate::acr::{Acr, AcrRequest};
use crate::claims::PERSON_CLAIMS;
use crate::client::ClientSettings;

/// Most objects and lists inside of each other in `claims`; the standard's own example has four.
const DEPTH: usize = 8;

/// Which claims are asked for one by one (Core §5.5), of those that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    /// For the ID token.
    pub id_token: Vec<String>,
    /// For the userinfo endpoint.
    pub userinfo: Vec<String>,
}

/// What else stands in `claims`.
#[derive(Default)]
pub(super) struct Demands {
    pub(super) claims: ClaimsRequest,
    pub(super) acr: Option<AcrRequest>,
    pub(super) sub: Option<UserId>,
}

impl Demands {
    pub(super) fn parse(text: &str, settings: &ClientSettings) -> Result<Self, RequestError> {
        let all = json::strict_object(text.as_bytes(), DEPTH).ok_or(RequestError::Claims)?;
        let (id_token, userinfo) = (member(&all, "id_token")?, member(&all, "userinfo")?);
        let claims = ClaimsRequest {
            id_token: known(id_token, settings),
            userinfo: known(userinfo, settings),
        };
        let acr = id_token.and_then(|it| it.get("acr")).map(acr).transpose()?;
        let subs = [id_token, userinfo].into_iter().flatten();
        let subs = subs.filter_map(|it| it.get("sub")?.get("value"));
        Ok(Self { claims, acr, sub: one_person(subs)? })
    }
}

fn member<'a>(
    all: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, RequestError> {
    match all.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(RequestError::Claims),
    }
}

/// The names that this client can be told. So what is kept has an end.
fn known(asked: Option<&Map<String, Value>>, settings: &ClientSettings) -> Vec<String> {
    let Some(asked) = asked else { return Vec::new() };
    let mapped = settings.mappers.iter().map(|mapper| mapper.claim.as_str());
    let names = PERSON_CLAIMS.into_iter().chain(mapped);
    names.filter(|name| asked.contains_key(*name)).map(str::to_owned).collect()
}

/// Core §5.5.1.1. What is essential and cannot ever be reached is an error.
fn acr(asked: &Value) -> Result<AcrRequest, RequestError> {
    let Value::Object(asked) = asked else { return Ok(AcrRequest::default()) };
    let essential = match asked.get("essential") {
        None => false,
        Some(essential) => essential.as_bool().ok_or(RequestError::Claims)?,
    };
    let words = match (asked.get("value"), asked.get("values")) {
        (None, None) => return Ok(AcrRequest { essential, values: Vec::new() }),
        (Some(Value::String(word)), None) => vec![word.as_str()],
        (None, Some(Value::Array(_))) => json::texts(asked, "values").unwrap_or_default(),
        _ => return Err(RequestError::Claims),
    };
    let values = distinct(words.into_iter().filter_map(Acr::parse));
    if essential && values.is_empty() {
        return Err(RequestError::Acr);
    }
    Ok(AcrRequest { essential, values })
}

/// Twice says no more than once.
pub(super) fn distinct(words: impl Iterator<Item = Acr>) -> Vec<Acr> {
    let mut list = Vec::new();
    for word in words {
        if !list.contains(&word) {
            list.push(word);
        }
    }
    list
}

/// Core §5.5.1: a `sub` with a value asks for that person and nobody else.
fn one_person<'a>(subs: impl Iterator<Item = &'a Value>) -> Result<Option<UserId>, RequestError> {
    let mut one = None;
    for sub in subs {
        let person: Option<UserId> = sub.as_str().and_then(|sub| sub.parse().ok());
        let person = person.ok_or(RequestError::Claims)?;
        if one.replace(person).is_some_and(|other| other != person) {
            return Err(RequestError::Claims);
        }
    }
    Ok(one)
}
