use identity::Provider;
use oidc::callback::Callback;
use secrets::Secret;

use super::refused;
use crate::admin::providers::test::report::Report;

/// The code, when one came.
pub(super) fn step<'a>(
    provider: &Provider,
    callback: &'a Callback,
    report: &mut Report,
) -> Option<&'a Secret> {
    let (code, outcome) = match callback {
        Callback::Error { error, report, .. } => (None, Err(refused(error.as_str(), report))),
        Callback::Code { .. } if !callback.may_come_from(&provider.endpoints.issuer) => {
            let words = "The answer names another issuer than the one that is saved. Press Fetch \
                         in the settings.";
            (None, Err(words.to_owned()))
        }
        Callback::Code { code, .. } => (Some(code), Ok(String::new())),
    };
    report.step("The provider sent the browser back with a code", outcome);
    code
}
