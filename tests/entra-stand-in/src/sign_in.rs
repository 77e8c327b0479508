//! One sign-in, from a good request to a code: who is asked for what, and in which order.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::aadsts::Aadsts;
use crate::chance;
use crate::external::stage::external_stage;
use crate::model::{Consent, User, UserConsent};
use crate::request::{AuthorizationRequest, Prompt, ReturnTo};
use crate::world::{Account, Code, SignIn, Stage, World};

/// How long the pages wait for the person.
const SIGN_IN_LIFETIME: i64 = 900;
/// How long a code can be redeemed.
const CODE_LIFETIME: i64 = 600;
/// Real codes are long, and so are the URLs that carry them.
const CODE_BYTES: usize = 700;

/// What comes next.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A page of the sign-in.
    Ask(Uuid),
    /// A refusal on a page of our own.
    Refuse(Aadsts),
    /// A refusal that the application learns.
    AnswerProblem(ReturnTo, Aadsts),
    /// The person gave up.
    AnswerCancel(ReturnTo, Aadsts),
    /// A code.
    AnswerCode { return_to: ReturnTo, code: String, session_state: Uuid },
}

/// What a person did on a page.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Accept { for_organization: bool },
    AnotherAccount,
    Cancel,
    Continue,
    Password(String),
    Pick(Uuid),
    Username(String),
}

/// Begins a sign-in: silently where that is possible, otherwise with the first page.
pub(crate) fn begin(
    world: &mut World,
    request: AuthorizationRequest,
    browser: &str,
    now: i64,
) -> Outcome {
    let accounts = world.browsers.entry(browser.to_owned()).or_default().accounts.clone();
    let hinted = request.login_hint.as_deref().and_then(|hint| account_hinted(world, hint));
    let typed = request.login_hint.clone().unwrap_or_default();
    let asked = match hinted {
        Some(user) => Stage::Password { user, refused: false },
        None => Stage::Username { typed, refused: false },
    };
    let signed_in = |user: Uuid| accounts.iter().any(|account| account.user == user);
    let choice = match (request.prompt, hinted, accounts.as_slice()) {
        (Some(Prompt::Login), _, _) | (_, None, []) => Err(asked),
        (Some(Prompt::SelectAccount), _, _) => Err(Stage::PickAccount),
        (_, Some(user), _) if signed_in(user) => Ok(user),
        (_, Some(_), _) => Err(asked),
        _ if request.login_hint.is_some() => Err(asked),
        (_, None, [only]) => Ok(only.user),
        (_, None, _) => Err(Stage::PickAccount),
    };
    let silent = request.prompt == Some(Prompt::None);
    match choice {
        Err(Stage::PickAccount) if silent => {
            Outcome::AnswerProblem(request.return_to, Aadsts::several_accounts())
        }
        Err(_) if silent => Outcome::AnswerProblem(request.return_to, Aadsts::not_signed_in()),
        _ => {
            let stage = choice.as_ref().err().cloned().unwrap_or(Stage::PickAccount);
            let expires_at = now.saturating_add(SIGN_IN_LIFETIME);
            let sign_in = SignIn {
                id: chance::guid(),
                browser: browser.to_owned(),
                request,
                stage,
                expires_at,
            };
            match choice {
                Ok(user) => proceed(world, sign_in, user, now),
                Err(stage) => ask(world, sign_in, stage),
            }
        }
    }
}

/// `login_hint` is a name that people type, or the value of the claim of that name.
fn account_hinted(world: &World, hint: &str) -> Option<Uuid> {
    let by_claim = || {
        world
            .users
            .values()
            .find(|user| user.guest_of.is_none() && crate::id_token::login_hint(user) == hint)
    };
    world.home_account(hint).or_else(by_claim).map(|user| user.id)
}

/// Takes one step in a sign-in of this browser.
pub(crate) fn step(
    world: &mut World,
    id: Uuid,
    browser: &str,
    action: Action,
    now: i64,
) -> Outcome {
    let sign_in = match find(world, id, browser, now) {
        Ok(sign_in) => sign_in,
        Err(problem) => return Outcome::Refuse(problem),
    };
    match (sign_in.stage.clone(), action) {
        (stage, Action::Cancel) => cancel(world, sign_in, &stage),
        (Stage::PickAccount, Action::Pick(user)) => pick(world, sign_in, user, now),
        (Stage::PickAccount | Stage::Password { .. }, Action::AnotherAccount) => {
            ask(world, sign_in, Stage::Username { typed: String::new(), refused: false })
        }
        (Stage::Username { .. }, Action::Username(typed)) => {
            match world.home_account(&typed).map(|user| user.id) {
                Some(user) => ask(world, sign_in, Stage::Password { user, refused: false }),
                None => ask(world, sign_in, Stage::Username { typed, refused: true }),
            }
        }
        (Stage::Password { user, .. }, Action::Password(password)) => {
            check_password(world, sign_in, user, &password, now)
        }
        (Stage::Verification { user }, Action::Continue) => {
            if let Some(account) = account_mut(world, &sign_in.browser, user) {
                account.verified = true;
            }
            proceed(world, sign_in, user, now)
        }
        (Stage::MoreInformation { user, method }, Action::Continue) => {
            ask(world, sign_in, Stage::External { user, method, registers: true })
        }
        (Stage::Consent { user }, Action::Accept { for_organization }) => {
            accept(world, sign_in, user, for_organization, now)
        }
        (stage, _) => ask(world, sign_in, stage),
    }
}

/// The sign-in of that number, if it is this browser's and still alive.
pub(crate) fn find(world: &World, id: Uuid, browser: &str, now: i64) -> Result<SignIn, Aadsts> {
    let found = world
        .sign_ins
        .get(&id)
        .filter(|sign_in| sign_in.browser == browser && sign_in.expires_at > now);
    found.cloned().ok_or_else(Aadsts::stale_sign_in)
}

fn ask(world: &mut World, sign_in: SignIn, stage: Stage) -> Outcome {
    let id = sign_in.id;
    world.sign_ins.insert(id, SignIn { stage, ..sign_in });
    Outcome::Ask(id)
}

fn cancel(world: &mut World, sign_in: SignIn, stage: &Stage) -> Outcome {
    world.sign_ins.remove(&sign_in.id);
    let name = world.app_name(sign_in.request.client_id);
    let problem = match stage {
        Stage::NeedApproval => Aadsts::admin_approval(&name),
        _ => Aadsts::declined(&name),
    };
    Outcome::AnswerCancel(sign_in.request.return_to, problem)
}

fn account_mut<'w>(world: &'w mut World, browser: &str, user: Uuid) -> Option<&'w mut Account> {
    world.browsers.get_mut(browser)?.accounts.iter_mut().find(|account| account.user == user)
}

/// Only who is signed in can be picked without a password.
fn pick(world: &mut World, sign_in: SignIn, user: Uuid, now: i64) -> Outcome {
    if account_mut(world, &sign_in.browser, user).is_some() {
        proceed(world, sign_in, user, now)
    } else {
        ask(world, sign_in, Stage::PickAccount)
    }
}

fn check_password(
    world: &mut World,
    sign_in: SignIn,
    user: Uuid,
    password: &str,
    now: i64,
) -> Outcome {
    let right = world.users.get(&user).is_some_and(|user| user.password == password);
    if !right {
        return ask(world, sign_in, Stage::Password { user, refused: true });
    }
    let account = Account {
        user,
        sid: chance::guid(),
        auth_time: now,
        verified: false,
        external_mfa: false,
        apps: BTreeSet::new(),
    };
    let accounts = &mut world.browsers.entry(sign_in.browser.clone()).or_default().accounts;
    match accounts.iter_mut().find(|known| known.user == user) {
        Some(known) => {
            known.auth_time = now;
            known.verified = false;
            known.external_mfa = false;
        }
        None => accounts.push(account),
    }
    proceed(world, sign_in, user, now)
}

/// Goes on with an account that is signed in: everything that can still stop it, then the code.
fn proceed(world: &mut World, sign_in: SignIn, home: Uuid, now: i64) -> Outcome {
    let silent = sign_in.request.prompt == Some(Prompt::None);
    match obstacle(world, &sign_in, home) {
        None => issue_code(world, sign_in, home, now),
        Some((_, problem)) if silent => {
            world.sign_ins.remove(&sign_in.id);
            Outcome::AnswerProblem(sign_in.request.return_to, problem)
        }
        Some((None, problem)) => Outcome::Refuse(problem),
        Some((Some(stage), _)) => ask(world, sign_in, stage),
    }
}

/// What stands between an account and a code: the page that could remove it, if one can.
fn obstacle(world: &World, sign_in: &SignIn, home: Uuid) -> Option<(Option<Stage>, Aadsts)> {
    let request = &sign_in.request;
    let (account, user) = match (world.users.get(&home), world.entry_at(home, request)) {
        (Some(account), Ok(user)) => (account, user),
        (_, Err(problem)) => return Some((None, problem)),
        (None, _) => return Some((None, Aadsts::stale_sign_in())),
    };
    let app = world.apps.get(&request.client_id)?;
    if !account.enabled || !user.enabled {
        return Some((None, Aadsts::disabled()));
    }
    if app.assignment_required && !app.assigned.contains(&user.id) {
        let problem =
            Aadsts::not_assigned(&account.user_principal_name, app.client_id, &app.display_name);
        return Some((None, problem));
    }
    let here = world.browsers.get(&sign_in.browser);
    let session = here.and_then(|browser| browser.accounts.iter().find(|a| a.user == home));
    let passed = |what: fn(&Account) -> bool| session.is_some_and(what);
    if world.demands_mfa(user, app.client_id) {
        // The provider takes the place of the page "Verification required".
        if !passed(|account| account.external_mfa) {
            return Some(external_stage(world, user, home));
        }
    } else if account.verification_required && !passed(|account| account.verified) {
        return Some((Some(Stage::Verification { user: home }), Aadsts::verification_required()));
    }
    let asked_again = request.prompt == Some(Prompt::Consent);
    if asked_again || !app.has_consent(user, &request.scopes) {
        let problem = Aadsts::no_consent(app.client_id, &app.display_name);
        return Some((Some(consent_stage(world, request, user, home)), problem));
    }
    None
}

/// Goes on with a sign-in that has come back from a provider.
pub(crate) fn resume(world: &mut World, sign_in: SignIn, user: Uuid, now: i64) -> Outcome {
    if let Some(account) = account_mut(world, &sign_in.browser, user) {
        account.external_mfa = true;
    }
    proceed(world, sign_in, user, now)
}

fn consent_stage(world: &World, request: &AuthorizationRequest, user: &User, home: Uuid) -> Stage {
    let policy = world.directory(user.directory).map(|directory| directory.user_consent);
    let by_administrator =
        request.needs_administrator() || policy == Some(UserConsent::AdministratorsOnly);
    if by_administrator && !user.global_administrator {
        Stage::NeedApproval
    } else {
        Stage::Consent { user: home }
    }
}

fn accept(
    world: &mut World,
    mut sign_in: SignIn,
    home: Uuid,
    for_organization: bool,
    now: i64,
) -> Outcome {
    let user = match world.entry_at(home, &sign_in.request) {
        Ok(user) => user.clone(),
        Err(problem) => return Outcome::Refuse(problem),
    };
    // The box is shown to administrators only; a form that was tampered with gets nothing by it.
    let everybody = for_organization && user.global_administrator;
    let scopes = sign_in.request.scopes.clone();
    let consent =
        Consent { directory: user.directory, user: (!everybody).then_some(user.id), scopes };
    if let Some(app) = world.apps.get_mut(&sign_in.request.client_id) {
        app.consents.push(consent);
    }
    if sign_in.request.prompt == Some(Prompt::Consent) {
        sign_in.request.prompt = None;
    }
    proceed(world, sign_in, home, now)
}

fn issue_code(world: &mut World, sign_in: SignIn, home: Uuid, now: i64) -> Outcome {
    world.sign_ins.remove(&sign_in.id);
    let user = match world.entry_at(home, &sign_in.request) {
        Ok(user) => user.id,
        Err(problem) => return Outcome::Refuse(problem),
    };
    let request = sign_in.request;
    let Some(account) = account_mut(world, &sign_in.browser, home) else {
        return Outcome::Refuse(Aadsts::stale_sign_in());
    };
    account.apps.insert(request.client_id);
    let (sid, auth_time) = (account.sid, account.auth_time);
    let code = format!("1.A{}", chance::token(CODE_BYTES));
    let return_to = request.return_to.clone();
    let expires_at = now.saturating_add(CODE_LIFETIME);
    world
        .codes
        .insert(code.clone(), Code { request, user, sid, auth_time, expires_at, redeemed: false });
    Outcome::AnswerCode { return_to, code, session_state: sid }
}
