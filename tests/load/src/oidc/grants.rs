//! Client credentials: tokens of applications for themselves.

use jsonwebtoken::Algorithm;
use load::report::line;

use super::application::Application;
use super::bounds::of_grants;
use super::uses::Same;
use super::{Bench, share};
use crate::Failure;

impl Bench {
    /// Client credentials: tokens of which some are verified.
    pub(super) async fn grants(&mut self, application: &Application) -> Result<(), Failure> {
        let askers =
            self.everybody(|cardea| Same::grant(&cardea.crowd.site, &cardea.token, application));
        let (askers, _) = self.cardea.crowd.ask(askers, Some(self.warm_up())).await?;
        let (askers, cost) = self.cardea.crowd.ask(askers, Some(self.time())).await?;
        let keys = self.cardea.keys().await?;
        for answer in askers.iter().flat_map(|asker| &asker.kept) {
            let token = answer.get("access_token").and_then(serde_json::Value::as_str);
            let token = token.ok_or("no access token")?;
            keys.claims(token, application.alg, &self.cardea.issuer)?;
        }
        let alg = application.alg;
        line(&format!("client credentials, {alg:?}"), cost.words());
        let of_core = cost.per_cpu_second() / self.signatures.of(alg);
        line("  of the core's signatures", share(of_core));
        if alg == Algorithm::ES256 {
            self.bounds.grants = Some(of_grants(cost.per_cpu_second(), self.signatures.es256));
            let (time, warm_up) = (self.time(), self.warm_up());
            self.floor.measure(application, warm_up).await?;
            let floor = self.floor.measure(application, time).await?;
            line("  axum and one signature alone", floor.words());
            line("  of that", share(cost.per_cpu_second() / floor.per_cpu_second()));
        }
        Ok(())
    }
}
