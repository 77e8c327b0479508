use serde_json::{Map, Value};

/// Most steps of a path.
const MAX_STEPS: usize = 16;

/// Where a claim is: `address.country`, `https://example\.org/role`, `groups[0]`. A dot nests, `\.`
/// is a dot, `[0]` an index (Keycloak's notation).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

/// The text is not a claim path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimPathError {
    /// Nothing before, between or after the dots.
    #[error("a name in the claim path is empty")]
    EmptyName,
    /// `[` without a number and `]`.
    #[error("an index in the claim path is not a number in brackets")]
    Index,
    /// Deeper than any token.
    #[error("the claim path has more than 16 steps")]
    TooDeep,
}

impl ClaimPath {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// See [`ClaimPathError`].
    pub fn parse(text: &str) -> Result<Self, ClaimPathError> {
        let mut steps = Vec::new();
        for part in split_at_dots(text) {
            read_part(&part, &mut steps)?;
        }
        if steps.len() > MAX_STEPS { Err(ClaimPathError::TooDeep) } else { Ok(Self(steps)) }
    }

    /// The claim at this path; `None` when it is absent.
    pub fn find<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        let Step::Name(name) = first else { return None };
        rest.iter().try_fold(claims.get(name)?, |value, step| match step {
            Step::Name(name) => value.get(name),
            Step::Index(index) => value.get(index),
        })
    }

    /// The name of the claim that it starts at.
    pub fn claim(&self) -> &str {
        match self.0.first() {
            Some(Step::Name(name)) => name,
            _ => "",
        }
    }

    /// Whether it is the whole claim `name`, and not a part of it.
    pub(super) fn is_whole(&self, name: &str) -> bool {
        self.0.len() == 1 && self.claim() == name
    }
}

fn split_at_dots(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = c == '\\' && chars.peek() == Some(&'.');
        if c == '.' {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(if escaped { '.' } else { c });
        }
        if escaped {
            chars.next();
        }
    }
    parts
}

/// `name`, `name[0]`, `name[0][1]`.
fn read_part(part: &str, steps: &mut Vec<Step>) -> Result<(), ClaimPathError> {
    let (name, mut indices) = part.split_at(part.find('[').unwrap_or(part.len()));
    if name.is_empty() {
        return Err(ClaimPathError::EmptyName);
    }
    steps.push(Step::Name(name.to_owned()));
    while !indices.is_empty() {
        let inner = indices.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (index, rest) = inner.ok_or(ClaimPathError::Index)?;
        steps.push(Step::Index(index.parse().map_err(|_| ClaimPathError::Index)?));
        indices = rest;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(path: &str) -> Option<Value> {
        let claims = json!({
            "upn": "ann@contoso.example",
            "address": { "country": "FR", "lines": ["a", ["b", "c"]] },
            "https://contoso.example/role": "chief",
            "a\\b": 1,
        });
        ClaimPath::parse(path).unwrap().find(claims.as_object().unwrap()).cloned()
    }

    #[test]
    fn follows_names_dots_and_indices() {
        assert_eq!(find("upn"), Some(json!("ann@contoso.example")));
        assert_eq!(find("address.country"), Some(json!("FR")));
        assert_eq!(find("address.lines[0]"), Some(json!("a")));
        assert_eq!(find("address.lines[1][1]"), Some(json!("c")));
        assert_eq!(find("https://contoso\\.example/role"), Some(json!("chief")));
        assert_eq!(find("a\\b"), Some(json!(1)));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for path in ["UPN", "upn.x", "upn[0]", "address.lines[2]", "address[0]", "address.city"] {
            assert_eq!(find(path), None, "{path}");
        }
    }

    #[test]
    fn texts_that_are_no_paths_are_refused() {
        for path in ["", ".", "a.", ".a", "a..b", "[0]"] {
            assert_eq!(ClaimPath::parse(path), Err(ClaimPathError::EmptyName), "{path}");
        }
        for path in ["a[", "a[]", "a[x]", "a[0", "a[-1]", "a[0]b"] {
            assert_eq!(ClaimPath::parse(path), Err(ClaimPathError::Index), "{path}");
        }
        assert_eq!(
            ClaimPath::parse(&"a.".repeat(16).replace("..", ".")),
            Err(ClaimPathError::EmptyName)
        );
        assert_eq!(ClaimPath::parse(&["a"; 17].join(".")), Err(ClaimPathError::TooDeep));
    }
}
