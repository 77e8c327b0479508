//! Faults as people write them.

use std::str::FromStr;
use std::time::Duration;

use super::{Fault, FaultRefused};

/// When a fault happens, as the command line says it: `NAME@N`, `delay=MS@N`; with `+` at the end
/// from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) fault: Fault,
    pub(crate) nth: u64,
    pub(crate) from_then_on: bool,
}

impl Fault {
    /// The fault of this name; `argument` is the milliseconds of a `delay`.
    ///
    /// # Errors
    ///
    /// When there is none, or the argument is missing or too much.
    pub fn parse(name: &str, argument: Option<&str>) -> Result<Self, FaultRefused> {
        let named = Self::ALL.into_iter().find(|fault| fault.name() == name);
        match (named, argument) {
            (Some(Self::Delay(_)), Some(ms)) => ms
                .parse()
                .map(|ms| Self::Delay(Duration::from_millis(ms)))
                .map_err(|_| FaultRefused(format!("delay wants milliseconds, not {ms:?}"))),
            (Some(Self::Delay(_)), None) => {
                Err(FaultRefused("delay wants a number of milliseconds".into()))
            }
            (Some(fault), None) => Ok(fault),
            (Some(fault), Some(_)) => Err(FaultRefused(format!("{fault} takes no argument"))),
            (None, _) => Err(FaultRefused(format!(
                "no fault is called {name:?}; there are {}",
                Self::ALL.map(Self::name).join(", ")
            ))),
        }
    }
}

impl FromStr for Spec {
    type Err = FaultRefused;

    fn from_str(text: &str) -> Result<Self, FaultRefused> {
        let wanted = || FaultRefused("wanted: NAME@N, as in garbage@3 or delay=500@2+".into());
        let (what, when) = text.rsplit_once('@').ok_or_else(wanted)?;
        let (name, argument) = what.split_once('=').map_or((what, None), |(a, b)| (a, Some(b)));
        let fault = Fault::parse(name, argument)?;
        let (number, from_then_on) =
            when.strip_suffix('+').map_or((when, false), |number| (number, true));
        let nth = number.parse().ok().filter(|nth| *nth > 0).ok_or_else(wanted)?;
        Ok(Self { fault, nth, from_then_on })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_by_its_name() {
        for fault in Fault::ALL {
            let argument = matches!(fault, Fault::Delay(_)).then_some("300");
            assert_eq!(Fault::parse(fault.name(), argument), Ok(fault));
            let (with, without) = (Fault::parse(fault.name(), Some("x")), argument.is_some());
            assert!(with.is_err());
            assert_eq!(Fault::parse(fault.name(), None).is_err(), without, "{fault}");
        }
        let said = Fault::parse("dance", None).unwrap_err().to_string();
        assert!(said.contains("remove-after") && said.contains("deep"), "{said}");
    }

    #[test]
    fn a_spec_says_what_and_when() {
        let spec = |text: &str| text.parse::<Spec>();
        let garbage = Spec { fault: Fault::Garbage, nth: 3, from_then_on: false };
        assert_eq!(spec("garbage@3"), Ok(garbage));
        let delay = Fault::Delay(Duration::from_millis(500));
        assert_eq!(spec("delay=500@2+"), Ok(Spec { fault: delay, nth: 2, from_then_on: true }));
        for wrong in ["garbage", "garbage@", "garbage@0", "garbage@x", "garbage=1@2", "delay@1"] {
            assert!(spec(wrong).is_err(), "{wrong}");
        }
    }
}
