//! What must hold, judged at the end of a run.

use load::report::line;

/// Client credentials grants with ES256 for a second of the server's CPU time.
const GRANTS: f64 = 25_000.0;

/// So many times what oidc-provider redeems.
const REDEMPTIONS: f64 = 3.0;

/// Transactions of external MFA, as a share of the RS256 signatures that the core makes.
const EAM: f64 = 0.4;

/// The figures that have a bound, as far as they were measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) grants: Option<f64>,
    /// Redemptions with ES256 per CPU-second: Cardea's by oidc-provider's.
    pub(crate) redemptions: Option<f64>,
    pub(crate) eam: Option<f64>,
    /// Only then do figures count that are no ratio.
    pub(crate) quiet: bool,
}

impl Bounds {
    /// Prints each bound with its verdict; whether all of them hold.
    pub(crate) fn hold(&self) -> bool {
        let least = |figure: f64, least: f64| (format!("{figure:.2}"), Some(figure >= least));
        let grants = self.grants.map(|grants| {
            let holds = self.quiet.then_some(grants >= GRANTS);
            (format!("{grants:.0}"), holds)
        });
        let all = [
            ("bound: 25000 grants, ES256", grants),
            ("bound: 3 times oidc-provider", self.redemptions.map(|r| least(r, REDEMPTIONS))),
            ("bound: EAM, 0.4 of signatures", self.eam.map(|share| least(share, EAM))),
        ];
        let mut hold = true;
        for (name, measured) in all {
            let Some((figure, holds)) = measured else { continue };
            hold &= holds != Some(false);
            let word = match holds {
                Some(true) => "holds",
                Some(false) => "BROKEN",
                None => "not judged: the machine is loaded",
            };
            line(name, format_args!("{figure}, {word}"));
        }
        hold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_bound_is_enough() {
        let good =
            Bounds { grants: Some(25_000.0), redemptions: Some(3.0), eam: Some(0.4), quiet: true };
        assert!(good.hold());
        assert!(Bounds::default().hold());
        assert!(!Bounds { grants: Some(24_999.0), ..good }.hold());
        assert!(!Bounds { redemptions: Some(2.99), ..good }.hold());
        assert!(!Bounds { eam: Some(0.39), ..good }.hold());
    }

    #[test]
    fn a_loaded_machine_breaks_ratios_only() {
        let good =
            Bounds { grants: Some(10.0), redemptions: Some(3.0), eam: Some(0.4), quiet: false };
        assert!(good.hold());
        assert!(!Bounds { redemptions: Some(2.0), ..good }.hold());
        assert!(!Bounds { eam: Some(0.1), ..good }.hold());
    }
}
