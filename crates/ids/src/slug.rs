/// The name of a tenant in URLs: `/realms/{slug}`.
///
/// 2 to 63 letters, digits and `-`, so that it also fits a DNS label. Case does not count: the
/// canonical form is in lower case, and the only one that this type holds.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// The text is not a slug. Does not repeat it: it comes from a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a slug has 2 to 63 characters of a-z, 0-9 and -")]
pub struct SlugError;

impl TryFrom<String> for Slug {
    type Error = SlugError;

    fn try_from(text: String) -> Result<Self, SlugError> {
        let legal = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        if (2..=63).contains(&text.len()) && text.bytes().all(legal) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(SlugError)
        }
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl Slug {
    /// The canonical form, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Display for Slug {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an upstream provider inside its tenant: `/realms/{slug}/broker/{alias}`.
///
/// Formed like a [`Slug`], and a type of its own so that the two cannot be swapped.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Alias(Slug);

impl TryFrom<String> for Alias {
    type Error = SlugError;

    fn try_from(text: String) -> Result<Self, SlugError> {
        Slug::try_from(text).map(Self)
    }
}

impl From<Alias> for String {
    fn from(alias: Alias) -> Self {
        alias.0.into()
    }
}

impl Alias {
    /// The canonical form, in lower case.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl core::fmt::Display for Alias {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_fits_a_url_and_nothing_else() {
        for good in ["acme", "a1", "north-2", &"x".repeat(63)] {
            assert!(serde_json::from_value::<Slug>(good.into()).is_ok(), "{good}");
        }
        for bad in ["", "a", "a/b", "..", "a b", "\u{e9}t\u{e9}", &"x".repeat(64)] {
            assert!(serde_json::from_value::<Slug>(bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn case_does_not_count() {
        assert_eq!(Slug::try_from("ACME".to_owned()), Slug::try_from("acme".to_owned()));
    }
}
