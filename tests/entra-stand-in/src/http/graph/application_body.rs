//! What of an application can be written.

use std::collections::BTreeSet;

use super::applications::{GRAPH, UPN_OF_GUESTS};
use super::{Members, Problem};
use crate::model::{self, Audience, GroupsClaim, OptionalClaim, Platform, RedirectUri};
use crate::permissions::app_roles;
use crate::stand_in::acceptable;

/// Writes everything but the name.
pub(super) fn write(app: &mut model::App, mut members: Members) -> Result<(), Problem> {
    match members.text("signInAudience")?.as_deref() {
        None => {}
        Some("AzureADMyOrg") => app.audience = Audience::SingleDirectory,
        Some("AzureADMultipleOrgs") => app.audience = Audience::AnyDirectory,
        Some(_) => return Err(Problem::invalid_value("signInAudience")),
    }
    if members.has("groupMembershipClaims") {
        app.groups_claim = match members.text("groupMembershipClaims")?.as_deref() {
            None | Some("None") => GroupsClaim::None,
            Some("SecurityGroup") => GroupsClaim::SecurityGroup,
            Some("DirectoryRole") => GroupsClaim::DirectoryRole,
            Some("All") => GroupsClaim::All,
            Some(_) => return Err(Problem::invalid_value("groupMembershipClaims")),
        };
    }
    if let Some(claims) = members.object("optionalClaims", "optionalClaims")? {
        app.optional_claims = optional_claims(claims)?;
    }
    if let Some(web) = members.object("web", "webApplication")? {
        write_web(app, web)?;
    }
    if let Some(resources) = members.objects("requiredResourceAccess", "requiredResourceAccess")? {
        app.application_permissions = required(resources)?;
    }
    members.end()
}

fn write_web(app: &mut model::App, mut web: Members) -> Result<(), Problem> {
    if let Some(uris) = web.texts("redirectUris")? {
        if uris.iter().any(|uri| acceptable(uri).is_err()) {
            return Err(Problem::invalid_value("redirectUris"));
        }
        app.redirect_uris.retain(|known| known.platform != Platform::Web);
        let platform = Platform::Web;
        app.redirect_uris.extend(uris.into_iter().map(|uri| RedirectUri { uri, platform }));
    }
    if web.has("logoutUrl") {
        app.front_channel_logout_url = web.text("logoutUrl")?;
    }
    if let Some(mut settings) = web.object("implicitGrantSettings", "implicitGrantSettings")? {
        app.id_tokens = settings.flag("enableIdTokenIssuance")?.unwrap_or(app.id_tokens);
        if settings.flag("enableAccessTokenIssuance")? == Some(true) {
            return Err(Problem::cannot("enableAccessTokenIssuance is not played here."));
        }
        settings.end()?;
    }
    web.end()
}

fn optional_claims(mut claims: Members) -> Result<BTreeSet<OptionalClaim>, Problem> {
    let mut found = BTreeSet::new();
    for mut claim in claims.objects("idToken", "optionalClaim")?.unwrap_or_default() {
        let name = claim.required_text("name")?;
        let of_guests = claim.texts("additionalProperties")?.unwrap_or_default();
        // Neither changes what a token here says.
        let _ = (claim.flag("essential")?, claim.text("source")?);
        claim.end()?;
        let known = OptionalClaim::ALL.into_iter().find(|known| known.name() == name);
        found.insert(match known.ok_or_else(|| Problem::invalid_value("optionalClaims"))? {
            OptionalClaim::Upn if of_guests == [UPN_OF_GUESTS] => OptionalClaim::UpnOfGuests,
            known => known,
        });
    }
    for other in ["accessToken", "saml2Token"] {
        if claims.list(other)?.is_some_and(|list| !list.is_empty()) {
            return Err(Problem::cannot(format!("optionalClaims.{other} is not played here.")));
        }
    }
    claims.end()?;
    Ok(found)
}

/// The application permissions of Graph among what is required. Delegated ones need no entry here.
fn required(resources: Vec<Members>) -> Result<BTreeSet<String>, Problem> {
    let mut found = BTreeSet::new();
    for mut resource in resources {
        let app_id = resource.required_text("resourceAppId")?;
        let list = resource.objects("resourceAccess", "resourceAccess")?.unwrap_or_default();
        resource.end()?;
        for mut access in list {
            let (id, kind) = (access.required_id("id")?, access.required_text("type")?);
            access.end()?;
            let role = app_roles().find(|(_, known)| *known == id).map(|(name, _)| name.to_owned());
            match (kind.as_str(), role) {
                ("Scope", _) => {}
                ("Role", Some(role)) if app_id == GRAPH => drop(found.insert(role)),
                _ => return Err(Problem::invalid_value("requiredResourceAccess")),
            }
        }
    }
    Ok(found)
}
