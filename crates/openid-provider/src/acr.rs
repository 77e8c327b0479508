use serde::{Deserialize, Serialize};

/// How good a proof is (OpenID Connect Extended Authentication Profile ACR Values 1.0 §3). A card is
/// always at least resistant to phishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Acr {
    /// `phr`: resistant to phishing.
    #[serde(rename = "phr")]
    PhishingResistant,
    /// `phrh`: that, and its key is in hardware that was shown to be.
    #[serde(rename = "phrh")]
    HardwareProtected,
}

/// Which of them a client asks for, the most wanted first; words that we do not know are dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcrRequest {
    /// Whether anything else than `values` is a failure (Core §5.5.1.1).
    pub essential: bool,
    /// What is asked for. None: whatever it is.
    pub values: Vec<Acr>,
}

impl Acr {
    /// All, as discovery names them.
    pub const ALL: [Self; 2] = [Self::PhishingResistant, Self::HardwareProtected];

    /// What a proof with this `amr` is (RFC 8176): `hwk` stands there only where attestation shows it. `sc`
    /// says that a certificate has signed, and not where its key is.
    pub fn of(amr: &[String]) -> Self {
        let is_hardware = amr.iter().any(|method| method == "hwk");
        if is_hardware { Self::HardwareProtected } else { Self::PhishingResistant }
    }

    /// Reads a word of the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|acr| acr.as_str() == text)
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PhishingResistant => "phr",
            Self::HardwareProtected => "phrh",
        }
    }
}

impl AcrRequest {
    /// What is said of a proof that is `reached`: the first that is asked for and is true of it. `None`
    /// when what is essential is not reached; what is voluntary is answered by the truth.
    pub fn choose(&self, reached: Acr) -> Option<Acr> {
        let wanted = self.values.iter().copied().find(|acr| *acr <= reached);
        let otherwise = (!self.essential || self.values.is_empty()).then_some(reached);
        wanted.or(otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::amr;

    #[test]
    fn hardware_is_what_was_shown_to_be() {
        for (methods, expected) in [
            (&["pop", "user"][..], Acr::PhishingResistant),
            (&[], Acr::PhishingResistant),
            (&["swk"], Acr::PhishingResistant),
            (&["HWK"], Acr::PhishingResistant),
            (&["pop", "hwk"], Acr::HardwareProtected),
            (&["sc"], Acr::PhishingResistant),
        ] {
            assert_eq!(Acr::of(&amr(methods)), expected, "{methods:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_answered_where_it_is_true() {
        let (phr, phrh) = (Acr::PhishingResistant, Acr::HardwareProtected);
        for (values, reached, voluntary, essential) in [
            (&[][..], phr, Some(phr), Some(phr)),
            (&[], phrh, Some(phrh), Some(phrh)),
            (&[phr], phrh, Some(phr), Some(phr)),
            (&[phrh], phr, Some(phr), None),
            (&[phrh], phrh, Some(phrh), Some(phrh)),
            (&[phrh, phr], phr, Some(phr), Some(phr)),
            (&[phrh, phr], phrh, Some(phrh), Some(phrh)),
            (&[phr, phrh], phrh, Some(phr), Some(phr)),
        ] {
            for (essential, expected) in [(false, voluntary), (true, essential)] {
                let request = AcrRequest { essential, values: values.to_vec() };
                assert_eq!(request.choose(reached), expected, "{request:?} {reached:?}");
            }
        }
    }
}
