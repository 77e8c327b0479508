use jose::json;
use serde_json::{Map, Value, json};

use super::{Acr, Amr, Choice, Credential, MethodError};

/// Longest `claims`, in bytes; Entra's own has about 250.
const MAX_CLAIMS: usize = 8 * 1024;
/// Most objects and lists inside of each other; Entra's own has four.
const DEPTH: usize = 8;

/// What Entra demands, in the words of its tables. Words that do not stand there are dropped, for
/// nothing could be answered to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    acr: Vec<Acr>,
    amr: Vec<Amr>,
}

impl Demand {
    /// Reads `claims` (OpenID Connect Core 1.0 §5.5): the members `values` of `acr` and `amr` under
    /// `id_token`. Entries that are no text are dropped (EAM-24), other members ignored. Whether
    /// they are essential makes no difference: both are always answered.
    ///
    /// # Errors
    ///
    /// See [`MethodError`]. A demand that no card could ever satisfy is one of them (EAM-22), so
    /// that nobody is asked for a tap in vain.
    pub fn parse(claims: Option<&str>) -> Result<Self, MethodError> {
        let claims = claims.filter(|claims| claims.len() <= MAX_CLAIMS);
        let claims = claims.and_then(|claims| json::strict_object(claims.as_bytes(), DEPTH));
        let claims = claims.ok_or(MethodError::Claims)?;
        let id_token = claims.get("id_token").and_then(Value::as_object);
        let id_token = id_token.ok_or(MethodError::NoValues("acr"))?;
        let acr = values(id_token, "acr", Acr::parse)?;
        let amr = values(id_token, "amr", Amr::parse)?;
        let demand = Self { acr, amr };
        let possible = Credential::ALL.iter().any(|&any| demand.choose(any).is_ok());
        if possible { Ok(demand) } else { Err(MethodError::NotByPossession) }
    }

    /// A `claims` that says the same, to be kept until the tap: [`Demand::parse`] reads it.
    pub fn to_claims(&self) -> String {
        let acr: Vec<&str> = self.acr.iter().map(|acr| acr.as_str()).collect();
        let amr: Vec<&str> = self.amr.iter().map(|amr| amr.as_str()).collect();
        json!({ "id_token": { "acr": { "values": acr }, "amr": { "values": amr } } }).to_string()
    }

    /// What is said of a tap with `credential`: the best method that is demanded, and the narrowest
    /// demanded `acr` that it satisfies (EAM-23).
    ///
    /// # Errors
    ///
    /// [`MethodError::NoMethod`]: this credential does not do.
    pub fn choose(&self, credential: Credential) -> Result<Choice, MethodError> {
        let demanded = credential.methods().iter().filter(|amr| self.amr.contains(amr));
        let mut choices = demanded.filter_map(|&amr| {
            let admits = |acr: &&Acr| self.acr.contains(acr) && acr.admits(amr.factor());
            Acr::ALL.iter().find(admits).map(|&acr| Choice { acr, amr })
        });
        choices.next().ok_or(MethodError::NoMethod)
    }
}

/// The known words of `{"<name>":{"values":[…]}}`.
fn values<T: PartialEq>(
    id_token: &Map<String, Value>,
    name: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, MethodError> {
    let request = id_token.get(name).and_then(Value::as_object);
    let words = request.and_then(|request| json::texts(request, "values"));
    let words = words.filter(|words| !words.is_empty()).ok_or(MethodError::NoValues(name))?;
    // Twice says no more than once; so what is kept has an end.
    let mut known: Vec<T> = Vec::new();
    for word in words.into_iter().filter_map(parse) {
        if !known.contains(&word) {
            known.push(word);
        }
    }
    Ok(known)
}
