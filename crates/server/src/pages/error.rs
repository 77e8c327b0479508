//! The error page: what happened, what to do now.

use askama::Template;

use super::Frame;
use super::sample::{Text, frame};
use super::words::Failure;
use super::{ApplicationTrouble, ApplicationWord};

/// An end that no other page shows.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Where we are; unknown for an address that belongs to no tenant.
    pub frame: Option<Frame>,
    /// What happened.
    pub kind: ErrorKind,
    /// What an administrator can find in the log. No secret.
    pub reference: Option<String>,
    /// Where "Start again" goes; a path on this server.
    pub start_again: Option<String>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum ErrorKind {
    /// An application has sent somebody here in a way that cannot be answered.
    Application(ApplicationTrouble),
    /// The login took longer than it may.
    Expired,
    /// The answer came to another browser than the one that began.
    OtherBrowser,
    /// The provider said no.
    Provider(ProviderAnswer),
    /// The provider did not answer, or not in time.
    ProviderUnreachable {
        /// Its name for people.
        provider: String,
    },
    /// The provider's answer could not be trusted or read.
    ProviderInvalid {
        /// Its name for people.
        provider: String,
    },
    /// The provider's settings were changed while the person was at the provider.
    SettingsChanged,
    /// The person has no card, and nothing lets them enrol one here.
    NoCard,
    /// The account is disabled here.
    Disabled,
    /// The address makes no sense: parts are missing or said twice.
    BadRequest,
    /// The card's answer did not verify.
    Card(&'static Failure),
    /// Somebody else wrote the same thing at the same moment.
    ChangedMeanwhile,
    /// The one-time code is not valid.
    CodeRefused,
    /// Microsoft Entra does not wait for this browser, or not any more.
    EntraOver,
    /// What was sent in the name of Microsoft Entra is not what it sends.
    EntraRequest,
    /// So many answers of cards were refused that the sign-in is over.
    GivenUp,
    /// A one-time code was wanted for somebody who has a card.
    HasCard,
    /// The only card cannot be removed.
    LastCard,
    /// No session, or one that has ended.
    NotSignedIn,
    /// Nobody disables themselves.
    OwnAccount,
    /// A one-time code was wanted for somebody who is disabled.
    PersonDisabled,
    /// A change in the console needs a newer proof.
    ProofTooOld,
    /// More was sent than is taken.
    TooLarge,
    /// What was sent makes no sense: parts are missing or said twice.
    Unreadable,
    /// The address is there for other requests than this one.
    WrongMethod,
    /// The address exists for nobody, or not for this person.
    NotFound,
    /// Signed in, but not as somebody who may do this; or the request came from another site.
    Forbidden,
    /// More requests than we answer.
    TooMany,
    /// The server has more to do than it can.
    Overloaded,
    /// Our fault.
    Internal,
}

/// What the provider said, with our explanation of its code.
#[derive(Clone, Debug)]
pub struct ProviderAnswer {
    /// The provider's name for people.
    pub provider: String,
    /// Its code, such as `AADSTS50105`.
    pub code: String,
    /// What it means, when we know.
    pub cause: Option<String>,
    /// What to do about it, when we know.
    pub remedy: Option<String>,
    /// The provider's own reference for its support, such as a correlation id.
    pub correlation_id: Option<String>,
}

impl ErrorKind {
    /// The heading.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Application(trouble) => trouble.word.title(),
            Self::Expired => "This sign-in has expired",
            Self::OtherBrowser => "This sign-in was started in another browser",
            Self::Provider(_) => "The sign-in was refused",
            Self::ProviderUnreachable { .. } => "The sign-in service cannot be reached",
            Self::ProviderInvalid { .. } => "The sign-in could not be checked",
            Self::SettingsChanged => "The sign-in settings have changed",
            Self::NoCard => "You have no card yet",
            Self::Disabled => "Your account is switched off here",
            Self::BadRequest => "This link does not work",
            Self::Card(failure) => failure.title,
            Self::ChangedMeanwhile => "Somebody else was faster",
            Self::CodeRefused => "This code is not accepted",
            Self::EntraOver => "Microsoft no longer waits for this",
            Self::EntraRequest => "This is not what Microsoft Entra sends",
            Self::GivenUp => "Too many answers were refused",
            Self::HasCard => "This person has a card already",
            Self::LastCard => "This is your only card",
            Self::NotSignedIn => "You are not signed in",
            Self::OwnAccount => "This is your own account",
            Self::PersonDisabled => "This person is disabled",
            Self::ProofTooOld => "Confirm with your card first",
            Self::TooLarge => "This is too much at once",
            Self::Unreadable => "This could not be read",
            Self::WrongMethod => "This page cannot be opened like this",
            Self::NotFound => "There is nothing here",
            Self::Forbidden => "This is not allowed",
            Self::TooMany => "Too many requests",
            Self::Overloaded => "The service is busy",
            Self::Internal => "Something broke on our side",
        }
    }

    /// What happened, in one or two sentences.
    pub fn happened(&self) -> String {
        match self {
            Self::Application(trouble) => trouble.word.happened().into(),
            Self::Expired => "For your safety a sign-in has to be finished within ten minutes. This one took longer, or it was finished already.".into(),
            Self::OtherBrowser => "Nobody is signed in here. For your safety a sign-in can be finished only in the browser in which it began.".into(),
            Self::Provider(answer) => match &answer.cause {
                Some(cause) => cause.clone(),
                None => format!("{} did not let you in, and gave this code as the reason.", answer.provider),
            },
            Self::ProviderUnreachable { provider } => format!("{provider} did not answer in time. Your account and your cards are fine."),
            Self::ProviderInvalid { provider } => format!("The answer of {provider} did not pass our checks, so nobody was signed in."),
            Self::SettingsChanged => "An administrator changed how people sign in here while you were doing it. Nobody is signed in.".into(),
            Self::NoCard => "Your sign-in was right, but no card is on your account, and one cannot be added here.".into(),
            Self::Disabled => "Your sign-in was right, but an administrator has switched this account off.".into(),
            Self::BadRequest => "The address is incomplete or was changed on its way.".into(),
            Self::Card(_) => "The answer of the card was not accepted. Nothing was changed.".into(),
            Self::ChangedMeanwhile => "What you wanted to change was changed at the same moment, so nothing of yours was saved.".into(),
            Self::CodeRefused => "It is mistyped, used or too old, or it belongs to something else. Nothing was changed.".into(),
            Self::EntraOver => "It waits for a few minutes, and for the browser in which you began. Your card was not used.".into(),
            Self::EntraRequest => "Only Microsoft Entra sends people here, and only where it was set up. Nothing was changed.".into(),
            Self::GivenUp => "For your safety this sign-in was ended. Nothing was changed, and nobody is signed in by it.".into(),
            Self::HasCard => "A one-time code is for a first card, so none was made. Whoever has the code of somebody with a card could take their place.".into(),
            Self::LastCard => "Without it you could not sign in any more, so it was not removed.".into(),
            Self::NotSignedIn => "Your session has ended, or this browser never had one. Nothing was changed.".into(),
            Self::OwnAccount => "Nobody disables themselves, so that the console keeps somebody who can open it. Nothing was changed.".into(),
            Self::PersonDisabled => "They cannot sign in, so a one-time code would be of no use. None was made.".into(),
            Self::ProofTooOld => "A change in the console needs a proof that is not older than five minutes. Nothing was changed.".into(),
            Self::TooLarge => "What was sent is larger than anything that this page takes. Nothing was changed.".into(),
            Self::Unreadable => "What was sent is incomplete, or was changed on its way. Nothing was changed.".into(),
            Self::WrongMethod => "The address is right, but only a button or form of our own pages uses it in this way.".into(),
            Self::NotFound => "The address is mistyped, or what was here has been removed.".into(),
            Self::Forbidden => "You do not have the right to do this, or the request did not come from our own page.".into(),
            Self::TooMany => "We had more requests from here than we answer in a short time.".into(),
            Self::Overloaded => "More people want to sign in than we can serve at this moment.".into(),
            Self::Internal => "It is not your fault. Nothing was changed.".into(),
        }
    }

    /// What to do now.
    pub fn now(&self) -> String {
        match self {
            Self::Application(trouble) => trouble.word.now().into(),
            Self::SettingsChanged => "Start again. You will be asked to sign in once more.".into(),
            Self::Expired => "Start again. Have your card or key at hand.".into(),
            Self::OtherBrowser => "Go back to the browser in which you started, or start again here. If you did not start a sign-in yourself, do nothing and tell your administrator.".into(),
            Self::Provider(answer) => match &answer.remedy {
                Some(remedy) => remedy.clone(),
                None => "Start again. If it happens again, give this code to your administrator.".into(),
            },
            Self::ProviderUnreachable { .. } => "Wait a minute and start again. If it happens again, tell your administrator.".into(),
            Self::ProviderInvalid { .. } => "Start again. If it happens again, tell your administrator, and when it happened.".into(),
            Self::NoCard => "Ask your administrator for a one-time code, then sign in again and enter it.".into(),
            Self::Disabled => "Ask your administrator. Nothing that you do here can change it.".into(),
            Self::BadRequest => "Go back and use the link once more, or start again.".into(),
            Self::Card(failure) => failure.text.into(),
            Self::ChangedMeanwhile => "Go back, load the page again, and see what it says before you try once more.".into(),
            Self::CodeRefused => "Go back and enter it once more, or get a new one.".into(),
            Self::EntraOver => "Go back to where you wanted to sign in, and start there again. Have your card at hand.".into(),
            Self::EntraRequest => "Go back to where you wanted to sign in, and start there again. If it happens again, tell your administrator, and when it happened.".into(),
            Self::GivenUp => "Start again, with a card or key that is on your account.".into(),
            Self::HasCard => "To add another card, they use the one that they have, on their account page. If it is lost, revoke it first.".into(),
            Self::LastCard => "Go back and add another card first; then you can remove this one.".into(),
            Self::NotSignedIn => "Sign in, and do it once more.".into(),
            Self::OwnAccount => "Go back. If your account has to be disabled, ask another administrator.".into(),
            Self::PersonDisabled => "Go back and enable them first.".into(),
            Self::ProofTooOld => "Go back, load the page again, and confirm with your card when it asks.".into(),
            Self::TooLarge => "Go back, and send less.".into(),
            Self::Unreadable => "Go back, load the page again, and do it once more.".into(),
            Self::WrongMethod => "Go back, and use the button there.".into(),
            Self::NotFound => "Check the address, or start from the page that your organisation gave you.".into(),
            Self::Forbidden => "Go back. If you think that you should have this right, ask your administrator.".into(),
            Self::TooMany => "Wait a minute, then try again.".into(),
            Self::Overloaded => "Wait a moment, then try again. You do not lose your place by waiting.".into(),
            Self::Internal => "Try again in a minute. If it happens again, tell your administrator, and when it happened.".into(),
        }
    }

    /// What the way out is called. After a refusal in the middle of something, nothing starts again.
    fn way_out(&self) -> &'static str {
        match self {
            Self::HasCard | Self::OwnAccount | Self::PersonDisabled => "Back to the console",
            Self::LastCard => "Back to your account",
            Self::NotSignedIn => "Sign in",
            Self::Application(_) | Self::EntraOver | Self::EntraRequest => "To your account here",
            _ => "Start again",
        }
    }

    fn answer(&self) -> Option<&ProviderAnswer> {
        if let Self::Provider(answer) = self { Some(answer) } else { None }
    }

    /// What an administrator of an application compares with what is registered.
    fn facts(&self) -> Vec<(&'static str, &str)> {
        let Self::Application(trouble) = self else { return Vec::new() };
        let facts = [("Client ID", &trouble.client_id), ("Redirect URI", &trouble.redirect_uri)]
            .into_iter();
        facts.filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

impl ErrorPage {
    pub(super) fn samples(text: Text<'_>) -> Vec<(&'static str, Self)> {
        let page = |kind| Self {
            frame: Some(frame(text)),
            kind,
            reference: Some(text("3f2a-91bc")),
            start_again: Some(frame(text).url("account/")),
        };
        let provider = || text("Azure");
        let refused = ProviderAnswer {
            provider: provider(),
            code: text("AADSTS50105"),
            cause: Some(text("You are not assigned to this application in Microsoft Entra.")),
            remedy: Some(text(
                "Ask your administrator to add you: Enterprise applications → the application → Users and groups.",
            )),
            correlation_id: Some(text("5f2c6f4e-8a4c-4f0e-9f1d-2a5b3c7d9e10")),
        };
        let unexplained = ProviderAnswer {
            code: text("AADSTS999999"),
            cause: None,
            remedy: None,
            correlation_id: None,
            ..refused.clone()
        };
        let application = |word| {
            page(ErrorKind::Application(ApplicationTrouble {
                word,
                client_id: Some(text("syncro")),
                redirect_uri: Some(text("https://syncro.example/callback/")),
            }))
        };
        vec![
            ("application-address", application(ApplicationWord::Address)),
            ("application-unknown", application(ApplicationWord::Unknown)),
            ("application-request", application(ApplicationWord::Unreadable)),
            ("expired", page(ErrorKind::Expired)),
            ("other-browser", page(ErrorKind::OtherBrowser)),
            ("provider", page(ErrorKind::Provider(refused))),
            ("provider-unexplained", page(ErrorKind::Provider(unexplained))),
            ("unreachable", page(ErrorKind::ProviderUnreachable { provider: provider() })),
            ("invalid", page(ErrorKind::ProviderInvalid { provider: provider() })),
            ("settings-changed", page(ErrorKind::SettingsChanged)),
            ("no-card", page(ErrorKind::NoCard)),
            ("disabled", page(ErrorKind::Disabled)),
            ("bad-request", page(ErrorKind::BadRequest)),
            ("card", page(ErrorKind::Card(Failure::of("no-credential")))),
            ("changed-meanwhile", page(ErrorKind::ChangedMeanwhile)),
            ("code-refused", page(ErrorKind::CodeRefused)),
            ("entra-over", page(ErrorKind::EntraOver)),
            ("entra-request", page(ErrorKind::EntraRequest)),
            ("given-up", page(ErrorKind::GivenUp)),
            ("has-card", page(ErrorKind::HasCard)),
            ("last-card", page(ErrorKind::LastCard)),
            ("not-signed-in", page(ErrorKind::NotSignedIn)),
            ("own-account", page(ErrorKind::OwnAccount)),
            ("person-disabled", page(ErrorKind::PersonDisabled)),
            ("proof-too-old", page(ErrorKind::ProofTooOld)),
            ("too-large", page(ErrorKind::TooLarge)),
            ("unreadable", page(ErrorKind::Unreadable)),
            ("wrong-method", page(ErrorKind::WrongMethod)),
            (
                "not-found",
                Self {
                    frame: None,
                    reference: None,
                    start_again: None,
                    ..page(ErrorKind::NotFound)
                },
            ),
            ("forbidden", page(ErrorKind::Forbidden)),
            ("too-many", page(ErrorKind::TooMany)),
            ("overloaded", page(ErrorKind::Overloaded)),
            ("internal", Self { frame: None, ..page(ErrorKind::Internal) }),
        ]
    }
}
