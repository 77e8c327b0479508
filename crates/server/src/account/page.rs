use axum::response::{IntoResponse, Response};
use identity::Person;
use ids::UserId;
use store::{Credential, Device, DeviceState, Rows, Session};

use crate::account::model::model;
use crate::account::session::SignedIn;
use crate::app::App;
use crate::http::page::{Html, frame, when};
use crate::http::problem::Problem;
use crate::pages::{
    Account, AccountPage, Attribute, CardRow, ComputerRow, Frame, LastCard, Notice, SessionRow,
    When,
};
use crate::tabs;

/// The account page of a signed-in person.
pub(crate) async fn show(
    app: &App,
    SignedIn { tenant, session }: SignedIn,
    done: Option<&str>,
) -> Result<Response, Problem> {
    let mut rows = app.store.read(tenant.id).await?;
    let person = rows.person(session.person).await?.ok_or(Problem::Unauthenticated)?;
    let mut cards = rows.credentials(person.id).await?;
    cards.retain(|card| card.revoked_at.is_none());
    cards.sort_by_key(|card| std::cmp::Reverse(card.created_at));
    let sessions = rows.sessions(person.id).await?;
    let computers = computer_rows(&mut rows, person.id).await?;
    let links = rows.links(person.id).await?;
    let provider = match links.first() {
        Some(link) => rows.provider(&link.provider).await?,
        None => None,
    };
    let frame = frame(&tenant);
    let page = AccountPage {
        account: Account {
            name: person.name().to_owned(),
            username: person.username.clone(),
            provider: provider.map(|provider| provider.display_name),
            asked_by: None,
            application: None,
        },
        email: person.email.clone(),
        attributes: attributes(&person),
        add: AccountPage::add_url(&frame),
        cards: cards.iter().map(|card| card_row(&frame, card, cards.len())).collect(),
        sessions: session_rows(&sessions, &session),
        computers,
        notice: done.and_then(notice),
        follows: tabs::may_end(&tenant, &session),
        frame,
    };
    Ok(Html(page).into_response())
}

fn notice(done: &str) -> Option<Notice> {
    match done {
        "added" => Some(Notice::CardAdded),
        "renamed" => Some(Notice::CardRenamed),
        "removed" => Some(Notice::CardRemoved),
        "ended" => Some(Notice::SessionEnded),
        "computer-renamed" => Some(Notice::ComputerRenamed),
        "computer-removed" => Some(Notice::ComputerRemoved),
        _ => None,
    }
}

fn attributes(person: &Person) -> Vec<Attribute> {
    let each = |(name, values): (&String, &Vec<String>)| Attribute {
        name: name.clone(),
        values: values.clone(),
    };
    person.attributes.iter().map(each).collect()
}

fn card_row(frame: &Frame, card: &Credential, cards: usize) -> CardRow {
    let id = card.id.to_string();
    let removal = if cards > 1 { Ok(AccountPage::removal_url(frame, &id)) } else { Err(LastCard) };
    CardRow {
        id,
        label: card.label.clone(),
        model: model(card).words,
        added: when(card.created_at),
        last_used: last_used(card),
        enrolled: enrolled(&card.permit).into(),
        removal,
    }
}

/// When a card was last used. To be added it was: its person showed that they have it.
pub(crate) fn last_used(card: &Credential) -> When {
    when(card.last_used_at.unwrap_or(card.created_at))
}

/// Who allowed the card, in the words of the page.
pub(crate) fn enrolled(permit: &str) -> &'static str {
    match permit {
        "code" => "with a one-time code from an administrator",
        "fresh-sign-in" => "after a fresh Entra sign-in",
        "invitation" => "with an invitation made on the server",
        "fresh-tap" => "confirmed with another card",
        _ => "",
    }
}

async fn computer_rows(rows: &mut Rows, person: UserId) -> Result<Vec<ComputerRow>, Problem> {
    let pairings = rows.pairings(person).await?;
    let devices = rows.devices(person).await?;
    let confirmed = devices.iter().filter(|device| device.state == DeviceState::Confirmed);
    let row = |device: &Device| {
        let pairing = pairings.iter().find(|pairing| pairing.device == device.id)?;
        Some(ComputerRow {
            id: device.id.to_string(),
            name: device.name.clone(),
            since: when(device.created_at),
            last_used: pairing.used_at.map(when),
        })
    };
    Ok(confirmed.filter_map(row).collect())
}

fn session_rows(sessions: &[Session], this: &Session) -> Vec<SessionRow> {
    let mut rows: Vec<_> = sessions
        .iter()
        .map(|session| SessionRow {
            id: session.id.to_string(),
            browser: session.user_agent.clone(),
            since: when(session.created_at),
            current: session.id == this.id,
        })
        .collect();
    rows.sort_by_key(|row| !row.current);
    rows
}
