/// What kind of factor a method is. A method of knowledge does not exist in Entra's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Factor {
    Inherence,
    Possession,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Reads the word; `None` for any other.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// Which kinds of factor satisfy a demand. The narrowest stands first, and of two that are
    /// equally narrow the one that admits no knowledge (EAM-23).
    Acr {
        /// Something the person has.
        Possession = "possession",
        /// Something the person is.
        Inherence = "inherence",
        /// Something the person knows.
        Knowledge = "knowledge",
        /// Has or is. What Entra demands after a password.
        PossessionOrInherence = "possessionorinherence",
        /// Knows or has.
        KnowledgeOrPossession = "knowledgeorpossession",
        /// Knows or is.
        KnowledgeOrInherence = "knowledgeorinherence",
        /// Any.
        KnowledgeOrPossessionOrInherence = "knowledgeorpossessionorinherence",
    }
}

words! {
    /// With which method a factor was shown (RFC 8176, and Entra's table).
    Amr {
        /// Face.
        Face = "face",
        /// FIDO.
        Fido = "fido",
        /// Fingerprint.
        Fpt = "fpt",
        /// A key that hardware keeps.
        Hwk = "hwk",
        /// Iris.
        Iris = "iris",
        /// One-time password.
        Otp = "otp",
        /// Any key.
        Pop = "pop",
        /// Retina.
        Retina = "retina",
        /// Smart card.
        Sc = "sc",
        /// Text message.
        Sms = "sms",
        /// A key that software keeps.
        Swk = "swk",
        /// Telephone.
        Tel = "tel",
        /// Voice.
        Vbm = "vbm",
    }
}

impl Acr {
    /// Whether a factor of this kind satisfies it.
    pub(super) fn admits(self, factor: Factor) -> bool {
        match self {
            Self::Possession | Self::KnowledgeOrPossession => factor == Factor::Possession,
            Self::Inherence | Self::KnowledgeOrInherence => factor == Factor::Inherence,
            Self::Knowledge => false,
            Self::PossessionOrInherence | Self::KnowledgeOrPossessionOrInherence => true,
        }
    }
}

impl Amr {
    pub(super) fn factor(self) -> Factor {
        match self {
            Self::Face | Self::Fpt | Self::Iris | Self::Retina | Self::Vbm => Factor::Inherence,
            Self::Fido
            | Self::Hwk
            | Self::Otp
            | Self::Pop
            | Self::Sc
            | Self::Sms
            | Self::Swk
            | Self::Tel => Factor::Possession,
        }
    }
}
