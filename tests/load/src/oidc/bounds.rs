//! What must hold, judged at the end of a run.

use load::report::line;

/// Client credentials grants for a CPU-second of a core that makes [`SIGNATURES`]. A slower core owes fewer, in
/// proportion; a faster one no more.
const GRANTS: f64 = 25_000.0;

/// ES256 signatures for a CPU-second of the core for which [`GRANTS`] is meant.
const SIGNATURES: f64 = 80_200.0;

/// So many times what oidc-provider redeems.
const REDEMPTIONS: f64 = 3.0;

/// Transactions of external MFA, from Entra's request to our answer without the card step between them, as a
/// share of the RS256 signatures that the core makes.
const EAM: f64 = 0.4;

/// The figures that have a bound, as far as they were measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    /// Grants with ES256 per CPU-second, as a share of what this core owes.
    pub(crate) grants: Option<f64>,
    /// Redemptions with ES256 per CPU-second: Cardea's by oidc-provider's.
    pub(crate) redemptions: Option<f64>,
    /// Transactions of door and exit per CPU-second, as a share of the core's RS256 signatures.
    pub(crate) eam: Option<f64>,
}

/// The share of what a core owes that so many grants are, where it makes so many ES256 signatures.
pub(crate) fn of_grants(grants: f64, signatures: f64) -> f64 {
    grants / (GRANTS * (signatures / SIGNATURES).min(1.0))
}

impl Bounds {
    /// Prints each bound with its verdict; whether all of them hold.
    pub(crate) fn hold(&self) -> bool {
        let all = [
            ("bound: grants, of what is owed", self.grants, 1.0),
            ("bound: codes, times oidc-provider", self.redemptions, REDEMPTIONS),
            ("bound: EAM, door and exit", self.eam, EAM),
        ];
        let mut hold = true;
        for (name, measured, least) in all {
            let Some(figure) = measured else { continue };
            let holds = figure >= least;
            hold &= holds;
            let word = if holds { "holds" } else { "BROKEN" };
            line(name, format_args!("{figure:.3}, at least {least}: {word}"));
        }
        hold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_bound_is_enough() {
        let good = Bounds { grants: Some(1.0), redemptions: Some(3.0), eam: Some(0.4) };
        assert!(good.hold());
        assert!(Bounds::default().hold());
        assert!(!Bounds { grants: Some(0.99), ..good }.hold());
        assert!(!Bounds { redemptions: Some(2.99), ..good }.hold());
        assert!(!Bounds { eam: Some(0.39), ..good }.hold());
    }

    #[test]
    fn a_slower_core_grants_as_many_fewer_and_a_faster_one_no_more() {
        for (grants, signatures, holds) in [
            (25_000.0, 80_200.0, true),
            (25_000.0, 90_000.0, true),
            (24_999.0, 90_000.0, false),
            (12_500.0, 40_100.0, true),
            (12_499.0, 40_100.0, false),
        ] {
            assert_eq!(of_grants(grants, signatures) >= 1.0, holds, "{grants} {signatures}");
        }
    }
}
