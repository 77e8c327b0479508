//! `acr` and `amr`: which type of factor a method is, and what an `acr` demands.

/// The types of factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Factor {
    Knowledge,
    Possession,
    Inherence,
}

/// Every `amr` with its type, in the order in which Entra asks for them.
const METHODS: [(&str, Factor); 13] = [
    ("face", Factor::Inherence),
    ("fido", Factor::Possession),
    ("fpt", Factor::Inherence),
    ("hwk", Factor::Possession),
    ("iris", Factor::Inherence),
    ("otp", Factor::Possession),
    ("pop", Factor::Possession),
    ("retina", Factor::Inherence),
    ("sc", Factor::Possession),
    ("sms", Factor::Possession),
    ("swk", Factor::Possession),
    ("tel", Factor::Possession),
    ("vbm", Factor::Inherence),
];

impl Factor {
    /// The type of a method.
    pub(crate) fn of(amr: &str) -> Option<Self> {
        METHODS.iter().find(|(name, _)| *name == amr).map(|(_, factor)| *factor)
    }

    /// Whether a method of this type is what an `acr` demands.
    pub(crate) fn satisfies(self, acr: &str) -> bool {
        let of = match acr {
            "possessionorinherence" => [false, true, true],
            "knowledgeorpossession" => [true, true, false],
            "knowledgeorinherence" => [true, false, true],
            "knowledgeorpossessionorinherence" => [true; 3],
            "knowledge" => [true, false, false],
            "possession" => [false, true, false],
            "inherence" => [false, false, true],
            _ => [false; 3],
        };
        let [knowledge, possession, inherence] = of;
        match self {
            Self::Knowledge => knowledge,
            Self::Possession => possession,
            Self::Inherence => inherence,
        }
    }

    /// What is demanded besides a first factor of this type.
    pub(crate) const fn complement(self) -> &'static str {
        match self {
            Self::Knowledge => "possessionorinherence",
            Self::Possession => "inherence",
            Self::Inherence => "possession",
        }
    }
}

/// Every `amr` that Entra asks for.
pub(crate) fn all_methods() -> Vec<String> {
    METHODS.iter().map(|(name, _)| (*name).to_owned()).collect()
}
