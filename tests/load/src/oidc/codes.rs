//! Codes, by turns with oidc-provider.

use jsonwebtoken::Algorithm;
use load::report::line;

use super::Bench;
use super::application::Application;
use super::crowd::Cost;
use super::provider::{Keys, Provider};
use crate::Failure;

/// Codes of one connection in one round: they live for a minute, and the making of all takes seconds.
const CODES: usize = 24;

impl Bench {
    /// Codes, by turns with oidc-provider: where it signs its access tokens as we do, and where it does not.
    pub(super) async fn redemptions(&mut self, application: &Application) -> Result<(), Failure> {
        let unsigned = application.unsigned();
        // A key is made when it signs for the first time, and published from then on.
        for provider in [&mut self.cardea, &mut self.node] {
            let (codes, _) = provider.codes(application, "openid", 1).await?;
            provider.redeem(application, codes).await?;
        }
        let (ours, theirs) = (self.cardea.keys().await?, self.node.keys().await?);
        let (mut own, mut made) = (Cost::default(), Cost::default());
        let (mut same, mut other) = (Cost::default(), Cost::default());
        // The first round warms up.
        for round in 0..=self.arguments.seconds {
            let (redeemed, making) = turn(&mut self.cardea, application, &ours).await?;
            let (as_ours, _) = turn(&mut self.node, application, &theirs).await?;
            let (as_it_comes, _) = turn(&mut self.node, &unsigned, &theirs).await?;
            if round > 0 {
                own.add(redeemed);
                made.add(making);
                same.add(as_ours);
                other.add(as_it_comes);
            }
        }
        let alg = application.alg;
        line(&format!("code redemption, {alg:?}"), own.words());
        let times = |of: &Cost| own.per_cpu_second() / of.per_cpu_second();
        line("  oidc-provider, in memory", same.words());
        line("  times oidc-provider", format_args!("{:.2}", times(&same)));
        line("  its access token unsigned", other.words());
        line("  times that", format_args!("{:.2}", times(&other)));
        line("silent single sign-on, a code", made.words());
        if alg == Algorithm::ES256 {
            self.bounds.redemptions = Some(times(&same));
        }
        Ok(())
    }
}

/// Codes made and redeemed at one of them: what the redemption cost, and what the making.
async fn turn(
    provider: &mut Provider,
    application: &Application,
    keys: &Keys,
) -> Result<(Cost, Cost), Failure> {
    let (codes, making) = provider.codes(application, "openid", CODES).await?;
    let (redeemed, cost) = provider.redeem(application, codes).await?;
    for tokens in &redeemed {
        keys.verify(application, tokens)?;
    }
    Ok((cost, making))
}
