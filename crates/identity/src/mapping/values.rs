use serde_json::Value;

/// What a claim says, as a mapper sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// The claim is not there.
    Absent,
    /// It is there and says nothing: `null`, an empty text, an empty list.
    Empty,
    /// It says this; at least one.
    These(Vec<String>),
}

impl Values {
    /// A list becomes a list of texts, anything else one text (Keycloak's rule).
    pub(super) fn of(claim: Option<&Value>) -> Self {
        let Some(claim) = claim else { return Self::Absent };
        let texts: Vec<String> = match claim {
            Value::Array(elements) => elements.iter().filter_map(text).collect(),
            scalar => text(scalar).into_iter().collect(),
        };
        if texts.is_empty() { Self::Empty } else { Self::These(texts) }
    }
}

/// One element as text; `None` for `null` and for a text without anything in it.
fn text(element: &Value) -> Option<String> {
    match element {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn these(texts: &[&str]) -> Values {
        Values::These(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn tells_absent_empty_and_given_apart() {
        assert_eq!(Values::of(None), Values::Absent);
        for empty in [json!(null), json!(""), json!(" "), json!([]), json!([null, ""])] {
            assert_eq!(Values::of(Some(&empty)), Values::Empty, "{empty}");
        }
        assert_eq!(Values::of(Some(&json!("a"))), these(&["a"]));
        assert_eq!(Values::of(Some(&json!(["a", null, 7, true]))), these(&["a", "7", "true"]));
        assert_eq!(Values::of(Some(&json!({ "a": 1 }))), these(&["{\"a\":1}"]));
        assert_eq!(Values::of(Some(&json!(false))), these(&["false"]));
    }
}
