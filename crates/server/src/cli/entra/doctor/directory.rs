//! The directory: its keys, and by Graph what was set up in it.

use entra_eam::Issuer;
use jose::NumericDate;
use store::EamConnection;
use upstream::UpstreamError;

use super::Report;
use crate::app::App;
use crate::cli::Failure;
use crate::cli::entra::azure::{
    Azure, application, consented, demanding, is_registered, method_of, principal,
};
use crate::entropy;

/// Entra's keys of each directory, which verify its hints (EAM-10).
pub(super) async fn entra(
    app: &App,
    connection: &EamConnection,
    report: &mut Report<'_, '_>,
) -> Result<(), Failure> {
    let now = NumericDate(entropy::now().unix_seconds());
    for directory in &connection.directories {
        let url = format!("{}/{directory}/discovery/v2.0/keys", connection.authority);
        match app.upstream.keys(&url, now).await {
            Ok(keys) if keys.is_empty() => {
                report.bad("Entra's keys", format!("there are none at {url}"), "is it Entra?")?;
            }
            Ok(keys) => report.good("Entra's keys", format!("{} of {directory}", keys.len()))?,
            Err(UpstreamError::Status(400 | 404)) => report.bad(
                "Entra's keys",
                format!("Entra knows no directory {directory}"),
                "copy the Tenant ID from Entra ID → Overview; other clouds have other directories",
            )?,
            Err(error) => report.bad(
                "Entra's keys",
                format!("{url}: {error}"),
                "let this server reach it; hints cannot be verified without",
            )?,
        }
    }
    Ok(())
}

/// What is looked at in one directory.
pub(super) struct Link<'a> {
    pub(super) azure: &'a Azure,
    pub(super) connection: &'a EamConnection,
    pub(super) issuer: &'a Issuer,
}

impl Link<'_> {
    /// Looks at each step of the set-up. What Graph does not let be seen is said, and the rest goes on.
    pub(super) async fn check(
        &self,
        users: &[String],
        report: &mut Report<'_, '_>,
    ) -> Result<(), Failure> {
        let unseen = [
            ("app registration", self.application(report).await),
            ("consent", self.consent(report).await),
            ("external method", self.method(users, report).await),
            ("Conditional Access", self.conditional_access(report).await),
        ];
        for (link, looked) in unseen {
            if let Err(error) = looked {
                report.bad(link, error.to_string(), "")?;
            }
        }
        Ok(())
    }

    async fn application(&self, report: &mut Report<'_, '_>) -> Result<(), Failure> {
        let (link, app_id) = ("app registration", &self.connection.app_id);
        let Some(found) = application(self.azure, app_id).await? else {
            return report.bad(
                link,
                format!("the directory has none with the ID {app_id}"),
                "compare App ID in the console with App registrations → Overview",
            );
        };
        let wanted = [self.issuer.authorization_endpoint()];
        match found.lacks(&wanted).first() {
            None => report.good(link, format!("{app_id}, with the redirect URI")),
            Some(uri) => report.bad(
                link,
                format!("{app_id} lacks the redirect URI {uri} (AADSTS50161)"),
                "add it under Authentication → Web, to the letter",
            ),
        }
    }

    async fn consent(&self, report: &mut Report<'_, '_>) -> Result<(), Failure> {
        let EamConnection { authority, app_id, directories, .. } = self.connection;
        let directory = directories.first().map(String::as_str).unwrap_or_default();
        let remedy =
            format!("grant admin consent: {authority}/{directory}/adminconsent?client_id={app_id}");
        let Some(principal) = principal(self.azure, app_id).await? else {
            let what = "the directory has no enterprise application of it (AADSTS900491)";
            return report.bad("consent", what, remedy);
        };
        if consented(self.azure, &principal).await? {
            report.good("consent", "openid and profile, for everybody")
        } else {
            report.bad("consent", "openid and profile are not granted for everybody", remedy)
        }
    }

    async fn method(&self, users: &[String], report: &mut Report<'_, '_>) -> Result<(), Failure> {
        let (link, connection) = ("external method", self.connection);
        let (client_id, app_id) = (&connection.client_id, &connection.app_id);
        let Some(method) = method_of(self.azure, client_id, app_id).await? else {
            let remedy = "Entra ID → Authentication methods → Add external MFA; cardea entra connect \
                          prints what to enter";
            return report.bad(link, "the directory has none for this connection", remedy);
        };
        let name = method.name().to_owned();
        let discovery = self.issuer.configuration();
        for (what, is, must) in [
            ("Client ID", method.client_id(), client_id),
            ("App ID", method.app_id(), app_id),
            ("Discovery Endpoint", method.discovery(), &discovery),
        ] {
            if is != must {
                let said = format!("“{name}” has the {what} {is:?}, and it must be {must:?}");
                return report.bad(link, said, "set it there, to the letter");
            }
        }
        if !method.is_enabled() {
            return report.bad(link, format!("“{name}” is off"), "turn it on there");
        }
        report.good(link, format!("“{name}”"))?;
        for user in users {
            match is_registered(self.azure, &method, user).await {
                Ok(true) => report.good("registration", user)?,
                Ok(false) => report.bad(
                    "registration",
                    format!("{user} has not registered the method, so Entra does not offer it"),
                    "https://mysignins.microsoft.com/security-info, or Users → the person → \
                     Authentication methods",
                )?,
                Err(error) => report.bad("registration", error.to_string(), "")?,
            }
        }
        Ok(())
    }

    async fn conditional_access(&self, report: &mut Report<'_, '_>) -> Result<(), Failure> {
        let link = "Conditional Access";
        let all = demanding(self.azure).await?;
        let Some(policy) = all.iter().find(|policy| policy.enforced) else {
            return report.bad(
                link,
                "no policy that is on demands multifactor authentication, so nobody is asked",
                "make one, with an account kept out of it, or turn yours on",
            );
        };
        if policy.has_exclusion {
            return report.good(link, format!("“{}”", policy.name));
        }
        report.note(
            link,
            format!("“{}” keeps nobody out", policy.name),
            "keep one account out of it (break glass), or a fault here locks everybody out",
        )
    }
}
