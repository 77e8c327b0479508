use std::time::Duration;

use serde_json::Value;

/// Seconds since 1970, UTC (RFC 7519 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumericDate(pub i64);

impl NumericDate {
    /// Reads a JSON number. A fraction is allowed by the standard and cut off; `None` for anything
    /// else.
    pub fn from_json(value: &Value) -> Option<Self> {
        if let Some(seconds) = value.as_i64() {
            return Some(Self(seconds));
        }
        let seconds = Duration::try_from_secs_f64(value.as_f64()?).ok()?.as_secs();
        i64::try_from(seconds).ok().map(Self)
    }

    /// The date `seconds` later.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this; negative when it is the other way round.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_whole_and_fractional_seconds_and_nothing_else() {
        assert_eq!(NumericDate::from_json(&json!(1_800_000_000)), Some(NumericDate(1_800_000_000)));
        assert_eq!(NumericDate::from_json(&json!(1.9)), Some(NumericDate(1)));
        for bad in [json!("1800000000"), json!(null), json!(1e300), json!(-1.5), json!(u64::MAX)] {
            assert_eq!(NumericDate::from_json(&bad), None, "{bad}");
        }
    }
}
