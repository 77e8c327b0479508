//! Every page in every state, with made-up people: what tests render and what pictures show.

use askama::Template;

use super::{
    AadstsPage, Account, AccountPage, ApplicationPage, AskedBy, CardPage, ComponentsPage,
    EnrolPage, EntraIdlePage, EntraPage, ErrorPage, Frame, InvitePage, LoginPage, LogoutPage,
    PairPage, ReturnPage, SignedOutPage, When,
};

/// One page in one state.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Name of the page: `card`.
    pub page: String,
    /// Name of page and state, fit for a file name: `card-choose`.
    pub name: String,
    /// The whole page.
    pub html: String,
}

/// Turns a text of a sample into the text that is used: itself for pictures, something hostile
/// in tests.
pub(crate) type Text<'a> = &'a dyn Fn(&str) -> String;

/// Every page in every state.
///
/// # Errors
///
/// When a template does not render, which the tests exclude.
pub fn samples() -> Result<Vec<Sample>, askama::Error> {
    samples_with(&|text| text.to_owned())
}

pub(super) fn samples_with(text: Text<'_>) -> Result<Vec<Sample>, askama::Error> {
    let mut all = Vec::new();
    add(&mut all, "login", LoginPage::samples(text))?;
    add(&mut all, "card", CardPage::samples(text))?;
    add(&mut all, "enrol", EnrolPage::samples(text))?;
    add(&mut all, "account", AccountPage::samples(text))?;
    add(&mut all, "error", ErrorPage::samples(text))?;
    add(&mut all, "aadsts", AadstsPage::samples(text))?;
    add(&mut all, "signed-out", SignedOutPage::samples(text))?;
    add(&mut all, "invite", InvitePage::samples(text))?;
    add(&mut all, "pair", PairPage::samples(text))?;
    add(&mut all, "return", ReturnPage::samples(text))?;
    add(&mut all, "entra", EntraPage::samples(text))?;
    add(&mut all, "entra-idle", EntraIdlePage::samples(text))?;
    add(&mut all, "application", ApplicationPage::samples(text))?;
    add(&mut all, "logout", LogoutPage::samples(text))?;
    add(&mut all, "components", ComponentsPage::samples(text))?;
    for (page, states) in crate::admin::samples::samples(text) {
        let named =
            |(state, html)| Sample { page: page.to_owned(), name: format!("{page}-{state}"), html };
        all.extend(states?.into_iter().map(named));
    }
    Ok(all)
}

/// A page in its states, rendered: what modules give that keep their page to themselves.
pub(crate) type Rendered = Result<Vec<(&'static str, String)>, askama::Error>;

/// Renders the states of a page.
///
/// # Errors
///
/// When its template does not render, which the tests exclude.
pub(crate) fn rendered<P: Template>(states: Vec<(&'static str, P)>) -> Rendered {
    states.into_iter().map(|(state, page)| Ok((state, page.render()?))).collect()
}

fn add<P: Template>(
    all: &mut Vec<Sample>,
    page: &str,
    states: Vec<(&str, P)>,
) -> Result<(), askama::Error> {
    for (state, value) in states {
        let (page, name) = (page.to_owned(), format!("{page}-{state}"));
        all.push(Sample { page, name, html: value.render()? });
    }
    Ok(())
}

pub(super) fn frame(text: Text<'_>) -> Frame {
    Frame { tenant: text("Acme Hospital"), slug: text("acme") }
}

pub(super) fn alice(text: Text<'_>) -> Account {
    Account {
        name: text("Alice Martin"),
        username: text("alice.martin@acme.example"),
        provider: Some(text("Azure")),
        asked_by: None,
        application: None,
    }
}

/// The same person, for whom Microsoft Entra asks.
pub(super) fn for_entra(text: Text<'_>) -> Account {
    let host = text("login.microsoftonline.com");
    let directory = text("Acme Hospital");
    Account { provider: None, asked_by: Some(AskedBy { host, directory }), ..alice(text) }
}

/// The same person, who goes on to an application.
pub(super) fn for_application(text: Text<'_>) -> Account {
    Account { application: Some(text("Syncro")), ..alice(text) }
}

pub(crate) fn when(text: Text<'_>, shown: &str, machine: &str) -> When {
    When { text: text(shown), machine: text(machine) }
}
