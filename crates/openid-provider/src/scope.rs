use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A word of `scope` that we know (Core §5.4, §11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeWord {
    /// `openid`: an ID token.
    Openid,
    /// `profile`: names.
    Profile,
    /// `email`.
    Email,
    /// `offline_access`: a refresh token.
    OfflineAccess,
}

/// The words of a `scope` that we know, each once and always in the same order; others are ignored
/// (Core §3.1.2.1). In JSON it is the text of the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope(Vec<ScopeWord>);

impl ScopeWord {
    /// All, as discovery names them.
    pub const ALL: [Self; 4] = [Self::Openid, Self::Profile, Self::Email, Self::OfflineAccess];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Openid => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::OfflineAccess => "offline_access",
        }
    }
}

impl Scope {
    /// Reads the words that we know.
    pub fn parse(text: &str) -> Self {
        let known = |word: &ScopeWord| text.split(' ').any(|other| other == word.as_str());
        Self(ScopeWord::ALL.into_iter().filter(known).collect())
    }

    /// Whether `word` is among them.
    pub fn has(&self, word: ScopeWord) -> bool {
        self.0.contains(&word)
    }

    /// The same without `word`.
    #[must_use]
    pub fn without(&self, word: ScopeWord) -> Self {
        Self(self.0.iter().copied().filter(|other| *other != word).collect())
    }

    /// What is left of this when only `wanted` is asked for (RFC 6749 §6): `None` when more is asked for
    /// than there is.
    pub fn narrowed(&self, wanted: Option<&Self>) -> Option<Self> {
        match wanted {
            None => Some(self.clone()),
            Some(wanted) if wanted.0.iter().all(|word| self.has(*word)) => Some(wanted.clone()),
            Some(_) => None,
        }
    }

    /// Whether none of our words is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl core::fmt::Display for Scope {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|word| word.as_str()).collect();
        f.write_str(&words.join(" "))
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self::parse(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_and_written_in_one_order() {
        let scope = Scope::parse("email  x openid email");
        assert_eq!(scope.to_string(), "openid email");
        assert_eq!(serde_json::to_string(&scope).unwrap(), r#""openid email""#);
        assert_eq!(serde_json::from_str::<Scope>(r#""email openid""#).unwrap(), scope);
        assert!(scope.has(ScopeWord::Email) && !scope.has(ScopeWord::Profile));
        assert!(Scope::parse("OPENID openid2").is_empty());
    }

    #[test]
    fn less_can_be_had_and_more_cannot() {
        let granted = Scope::parse("openid email offline_access");
        let narrowed = |wanted: Option<&str>| granted.narrowed(wanted.map(Scope::parse).as_ref());
        assert_eq!(narrowed(None), Some(granted.clone()));
        assert_eq!(narrowed(Some("openid")), Some(Scope::parse("openid")));
        assert_eq!(narrowed(Some("offline_access email openid")), Some(granted.clone()));
        assert_eq!(narrowed(Some("openid profile")), None);
        assert_eq!(granted.without(ScopeWord::OfflineAccess), Scope::parse("openid email"));
    }
}
