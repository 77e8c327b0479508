//! What a test can make wrong with a request to a provider.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::faults::IdTokenFault;

/// How a request to a provider of external MFA is not what it should be. What the provider must answer
/// follows what was sent.
///
/// A key that the provider does not know yet is made by [`crate::StandIn::replace_keys`]; one that is not
/// published yet, by a [`crate::Fault::Patch`] of the keys besides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalFault {
    /// What is wrong with the `id_token_hint`.
    pub hint: IdTokenFault,
    /// Whether the hint is the one that was sent last about this person.
    pub replays_hint: bool,
    /// Whether the first factor was possession, so that only inherence can follow.
    pub inherence_only: bool,
    /// The values of `acr` that are asked for, in place of what is missing.
    pub acr: Option<Vec<String>>,
    /// The values of `amr` that are asked for, in place of all.
    pub amr: Option<Vec<String>>,
    /// Fields of the form that have another value, or are left out (`null`).
    pub fields: BTreeMap<String, Option<String>>,
    /// Fields that are added, although there may be one of that name.
    pub added: Vec<(String, String)>,
}

impl ExternalFault {
    /// A request with that wrong with its hint.
    #[must_use]
    pub fn hint(fault: IdTokenFault) -> Self {
        Self { hint: fault, ..Self::default() }
    }

    /// A request with the hint that was sent last about the person.
    #[must_use]
    pub fn replayed() -> Self {
        Self { replays_hint: true, ..Self::default() }
    }

    /// A request after a first factor of possession.
    #[must_use]
    pub fn inherence_only() -> Self {
        Self { inherence_only: true, ..Self::default() }
    }

    /// A request for these values of `acr` and `amr`.
    #[must_use]
    pub fn demanding(acr: &[&str], amr: &[&str]) -> Self {
        let texts = |list: &[&str]| Some(list.iter().map(|&text| text.to_owned()).collect());
        Self { acr: texts(acr), amr: texts(amr), ..Self::default() }
    }

    /// A request with another value of that field.
    #[must_use]
    pub fn field(name: &str, value: &str) -> Self {
        let fields = BTreeMap::from([(name.to_owned(), Some(value.to_owned()))]);
        Self { fields, ..Self::default() }
    }

    /// A request without that field.
    #[must_use]
    pub fn without(name: &str) -> Self {
        Self { fields: BTreeMap::from([(name.to_owned(), None)]), ..Self::default() }
    }

    /// A request with one more field.
    #[must_use]
    pub fn with(name: &str, value: &str) -> Self {
        Self { added: vec![(name.to_owned(), value.to_owned())], ..Self::default() }
    }
}
