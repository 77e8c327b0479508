//! The frame around each page of the console, and the banners of a tenant.

use std::time::Duration;

use identity::{FirstCard, GroupsQuestion, Moment, Provider, ProviderKind, Tenant};
use store::{MissingGroups, Page, PeopleFilter, PeopleOnly, Rows};

use crate::admin::providers::groups;
use crate::admin::session::Administrator;
use crate::app::App;
use crate::entropy;
use crate::http::page::when;
use crate::http::problem::Problem;
use crate::pages::{Banner, ConsoleFrame, NavItem, Section, TenantChoice, Tone};

/// Tenants in the picker; the others are found on the first page.
const PICKER: u32 = 20;

/// How long before its end a client secret is spoken of.
const SECRET_WARNING: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// People with a conflict who are counted; of more the banner says so.
const COUNTED: u32 = 100;

/// The frame of a page about `tenant`, or about all of them.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn frame(
    app: &App,
    administrator: &Administrator,
    tenant: Option<&Tenant>,
    section: Section,
) -> Result<ConsoleFrame, Problem> {
    let tenants = app.store.tenants(&Page { after: None, limit: PICKER }).await?;
    let mut tenants: Vec<TenantChoice> = tenants.iter().map(choice).collect();
    let open = tenant.map(choice);
    if let Some(open) = open.clone().filter(|open| !tenants.contains(open)) {
        tenants.push(open);
    }
    let person = &administrator.person;
    Ok(ConsoleFrame {
        administrator: person.name().to_owned(),
        tenant: open,
        tenants,
        navigation: tenant.map_or_else(all_tenants, navigation),
        section,
        fresh: administrator.is_fresh(entropy::now()),
        follows: administrator.session.device.is_some(),
        banners: confirmed(administrator).into_iter().collect(),
    })
}

/// Said to who comes back from their card.
fn confirmed(administrator: &Administrator) -> Option<Banner> {
    (administrator.confirmed && administrator.is_fresh(entropy::now())).then(|| Banner {
        tone: Tone::Good,
        title: "You have confirmed with your card".into(),
        text: "Nothing has been changed yet: look at this page, and do it once more.".into(),
        link: None,
        question: None,
    })
}

fn choice(tenant: &Tenant) -> TenantChoice {
    TenantChoice { slug: tenant.slug.to_string(), name: tenant.display_name.clone() }
}

fn all_tenants() -> Vec<NavItem> {
    vec![NavItem { section: Section::Tenants, href: "/admin/".into() }]
}

fn navigation(tenant: &Tenant) -> Vec<NavItem> {
    let item = |section, path: &str| NavItem {
        section,
        href: format!("/admin/tenants/{}/{path}", tenant.slug),
    };
    vec![
        item(Section::Overview, ""),
        item(Section::IdentityProviders, "providers"),
        item(Section::ExternalMfa, "external-mfa"),
        item(Section::Clients, "clients"),
        item(Section::Users, "users"),
        item(Section::SmartCards, "smart-cards"),
        item(Section::Policy, "settings"),
        item(Section::Events, "audit"),
    ]
}

/// What needs a look in this tenant.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn banners(
    rows: &mut Rows,
    tenant: &Tenant,
    providers: &[Provider],
) -> Result<Vec<Banner>, Problem> {
    let mut banners = Vec::new();
    for provider in providers {
        banners.extend(of_provider(rows, tenant, provider).await?);
    }
    banners.extend(conflicts(rows, tenant).await?);
    Ok(banners)
}

/// What needs a look at one provider.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn of_provider(
    rows: &mut Rows,
    tenant: &Tenant,
    provider: &Provider,
) -> Result<Vec<Banner>, Problem> {
    let missing = match provider.seen.groups {
        GroupsQuestion::Open => rows.missing_groups(&provider.alias).await?,
        GroupsQuestion::Answered | GroupsQuestion::Closed | GroupsQuestion::Counting => {
            MissingGroups::default()
        }
    };
    let groups = groups::question(tenant, provider, &missing);
    let secret = secret(tenant, provider, entropy::now());
    Ok(groups.into_iter().chain(secret).chain(auth_time(tenant, provider)).collect())
}

/// A banner for a client secret that ends soon or has ended.
pub(crate) fn secret(tenant: &Tenant, provider: &Provider, now: Moment) -> Option<Banner> {
    let ends = provider.client_secret_expires_at?;
    let name = &provider.display_name;
    let (tone, end) = secret_end(ends, now)?;
    let title = format!("The client secret of {name} {end}");
    let text = format!(
        "It ends on {}. In Azure, open the app registration → Certificates & secrets → New client \
         secret, and paste its Value here. Without a valid one nobody can sign in with {name}.",
        when(ends).text
    );
    let href = format!("/admin/tenants/{}/providers/{}", tenant.slug, provider.alias);
    let link = Some((href, format!("Open {name}")));
    Some(Banner { tone, title, text, link, question: None })
}

/// What there is to say of an end of a client secret, from 30 days before.
fn secret_end(ends: Moment, now: Moment) -> Option<(Tone, String)> {
    if ends <= now {
        return Some((Tone::Bad, "has expired".into()));
    }
    if now < ends.minus(SECRET_WARNING) {
        return None;
    }
    let words = match ends.since(now).as_secs().div_euclid(86_400) {
        0 => "expires within a day".into(),
        1 => "expires in 1 day".into(),
        days => format!("expires in {days} days"),
    };
    Some((Tone::Warning, words))
}

/// A banner for a provider whose last token had no `auth_time`, where it is needed.
pub(crate) fn auth_time(tenant: &Tenant, provider: &Provider) -> Option<Banner> {
    let may_enrol = provider.enabled && provider.kind == ProviderKind::Entra;
    if !may_enrol || tenant.policy.first_card != FirstCard::FreshEntraSignIn {
        return None;
    }
    let name = &provider.display_name;
    let title = match provider.seen.auth_time {
        Some(true) => return None,
        Some(false) => format!("{name} does not send auth_time"),
        None => format!("It is not known yet whether {name} sends auth_time"),
    };
    let text = "This tenant lets a fresh Entra sign-in enrol a first card. Only with auth_time is it \
                shown that the sign-in was fresh. In Azure: App registrations → your app → Token \
                configuration → Add optional claim → ID → auth_time.";
    let href = format!("/admin/tenants/{}/providers/{}/test", tenant.slug, provider.alias);
    Some(Banner {
        tone: Tone::Warning,
        title,
        text: text.into(),
        link: Some((href, "Test this provider".into())),
        question: None,
    })
}

async fn conflicts(rows: &mut Rows, tenant: &Tenant) -> Result<Option<Banner>, Problem> {
    let limit = COUNTED.saturating_add(1);
    let filter = PeopleFilter { only: PeopleOnly::SyncConflict, limit, ..Default::default() };
    let found = rows.people(&filter).await?.len();
    let title = match u32::try_from(found) {
        Ok(0) => return Ok(None),
        Ok(1) => "1 person has a sync conflict".to_owned(),
        Ok(many @ ..=COUNTED) => format!("{many} people have a sync conflict"),
        _ => format!("More than {COUNTED} people have a sync conflict"),
    };
    let text = "A value that came from the provider belongs to somebody else already; the old one \
                was kept, and the sign-in went on. The person's page shows which.";
    let href = format!("/admin/tenants/{}/users?filter=sync-conflict", tenant.slug);
    let link = Some((href, "Show them".to_owned()));
    Ok(Some(Banner { tone: Tone::Warning, title, text: text.into(), link, question: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_secret_is_spoken_of_from_thirty_days_before_its_end() {
        let now = Moment::from_unix_seconds(1_800_000_000);
        let day = Duration::from_secs(86_400);
        let said = |left: Duration| secret_end(now.plus(left), now);
        let warning = |words: &str| Some((Tone::Warning, words.to_owned()));
        assert_eq!(said(day * 31), None);
        assert_eq!(said(day * 30 + Duration::from_secs(1)), None);
        assert_eq!(said(day * 30), warning("expires in 30 days"));
        assert_eq!(said(day * 29), warning("expires in 29 days"));
        assert_eq!(said(day), warning("expires in 1 day"));
        assert_eq!(said(Duration::from_secs(1)), warning("expires within a day"));
        assert_eq!(said(Duration::ZERO), Some((Tone::Bad, "has expired".to_owned())));
    }
}
