//! What must hold, judged at the end of a run.

use load::report::line;

/// Client credentials grants, as a share of the ES256 signatures that the core makes: 25,000 for each 80,200.
const GRANTS: f64 = 0.31;

/// So many times what oidc-provider redeems.
const REDEMPTIONS: f64 = 3.0;

/// Transactions of external MFA, as a share of the RS256 signatures that the core makes.
const EAM: f64 = 0.4;

/// The figures that have a bound, as far as they were measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    /// Grants with ES256 per CPU-second, by the core's signatures.
    pub(crate) grants: Option<f64>,
    /// Redemptions with ES256 per CPU-second: Cardea's by oidc-provider's.
    pub(crate) redemptions: Option<f64>,
    /// Transactions per CPU-second, by the core's signatures with RS256.
    pub(crate) eam: Option<f64>,
}

impl Bounds {
    /// Prints each bound with its verdict; whether all of them hold.
    pub(crate) fn hold(&self) -> bool {
        let all = [
            ("bound: grants, of signatures", self.grants, GRANTS),
            ("bound: codes, times oidc-provider", self.redemptions, REDEMPTIONS),
            ("bound: EAM, of signatures", self.eam, EAM),
        ];
        let mut hold = true;
        for (name, measured, least) in all {
            let Some(figure) = measured else { continue };
            let holds = figure >= least;
            hold &= holds;
            let word = if holds { "holds" } else { "BROKEN" };
            line(name, format_args!("{figure:.2}, at least {least}: {word}"));
        }
        hold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_bound_is_enough() {
        let good = Bounds { grants: Some(0.31), redemptions: Some(3.0), eam: Some(0.4) };
        assert!(good.hold());
        assert!(Bounds::default().hold());
        assert!(!Bounds { grants: Some(0.30), ..good }.hold());
        assert!(!Bounds { redemptions: Some(2.99), ..good }.hold());
        assert!(!Bounds { eam: Some(0.39), ..good }.hold());
    }
}
