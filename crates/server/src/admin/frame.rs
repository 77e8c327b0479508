//! The frame around each page of the console, and the banners of a tenant.

use std::time::Duration;

use identity::{FirstCard, GroupsQuestion, Moment, Provider, Tenant};
use store::{MissingGroups, Page, PeopleFilter, PeopleOnly, Rows};

use crate::admin::providers::groups;
use crate::admin::session::Operator;
use crate::app::App;
use crate::entropy;
use crate::http::page::when;
use crate::http::problem::Problem;
use crate::pages::{Banner, ConsoleFrame, NavItem, Section, TenantChoice, Tone};

/// Tenants in the picker; the others are found on the first page.
const PICKER: u32 = 20;

/// How long before its end a client secret is spoken of.
const SECRET_WARNING: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// People who are looked through for conflicts.
const LOOKED_THROUGH: u32 = 500;

/// The frame of a page about `tenant`, or about all of them.
///
/// # Errors
///
/// [`Problem`] when the store fails.
pub(crate) async fn frame(
    app: &App,
    operator: &Operator,
    tenant: Option<&Tenant>,
    section: Section,
) -> Result<ConsoleFrame, Problem> {
    let tenants = app.store.tenants(&Page { after: None, limit: PICKER }).await?;
    let mut tenants: Vec<TenantChoice> = tenants.iter().map(choice).collect();
    let open = tenant.map(choice);
    if let Some(open) = open.clone().filter(|open| !tenants.contains(open)) {
        tenants.push(open);
    }
    let person = &operator.person;
    Ok(ConsoleFrame {
        administrator: person.name().to_owned(),
        tenant: open,
        tenants,
        navigation: tenant.map_or_else(all_tenants, navigation),
        section,
        fresh: operator.is_fresh(entropy::now()),
        banners: confirmed(operator).into_iter().collect(),
    })
}

/// Said to who comes back from their card.
fn confirmed(operator: &Operator) -> Option<Banner> {
    (operator.confirmed && operator.is_fresh(entropy::now())).then(|| Banner {
        tone: Tone::Good,
        title: "You have confirmed with your card".into(),
        text: "Nothing has been changed yet: look at this page, and do it once more.".into(),
        link: None,
        question: None,
    })
}

fn choice(tenant: &Tenant) -> TenantChoice {
    TenantChoice { realm: tenant.slug.to_string(), name: tenant.display_name.clone() }
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
        item(Section::Clients, "clients"),
        item(Section::Users, "users"),
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
    let (tone, title) = if ends <= now {
        (Tone::Bad, format!("The client secret of {name} has expired"))
    } else if ends.minus(SECRET_WARNING) <= now {
        let days = ends.since(now).as_secs().div_euclid(86_400);
        let title = match days {
            0 => format!("The client secret of {name} expires within a day"),
            1 => format!("The client secret of {name} expires in 1 day"),
            days => format!("The client secret of {name} expires in {days} days"),
        };
        (Tone::Warning, title)
    } else {
        return None;
    };
    let text = format!(
        "It ends on {}. In Azure, open the app registration → Certificates & secrets → New client \
         secret, and paste its Value here. Without a valid one nobody can sign in with {name}.",
        when(ends).text
    );
    let href = format!("/admin/tenants/{}/providers/{}", tenant.slug, provider.alias);
    let link = Some((href, format!("Open {name}")));
    Some(Banner { tone, title, text, link, question: None })
}

/// A banner for a provider whose last token had no `auth_time`, where it is needed.
pub(crate) fn auth_time(tenant: &Tenant, provider: &Provider) -> Option<Banner> {
    if !provider.enabled || tenant.policy.first_card != FirstCard::FreshEntraSignIn {
        return None;
    }
    let name = &provider.display_name;
    let title = match provider.seen.auth_time {
        Some(true) => return None,
        Some(false) => format!("{name} does not send auth_time"),
        None => format!("It is not known yet whether {name} sends auth_time"),
    };
    let text = "This tenant lets a fresh sign-in enrol a first card. Only with auth_time is it \
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
    let filter =
        PeopleFilter { only: PeopleOnly::All, limit: LOOKED_THROUGH, ..Default::default() };
    let people = rows.people(&filter).await?;
    let found = people.iter().filter(|row| row.person.conflict.is_some()).count();
    let title = match found {
        0 => return Ok(None),
        1 => "1 person has a sync conflict".to_owned(),
        many => format!("{many} people have a sync conflict"),
    };
    let text = "A value that came from the provider belongs to somebody else already; the old one \
                was kept, and the sign-in went on. The person's page shows which.";
    let href = format!("/admin/tenants/{}/users?filter=all", tenant.slug);
    let link = Some((href, "Open Users".to_owned()));
    Ok(Some(Banner { tone: Tone::Warning, title, text: text.into(), link, question: None }))
}
