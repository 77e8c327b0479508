//! A person with a browser: signs in on the stand-in's pages, through the same forms as everybody.

mod browser;
mod html;
mod page;
mod tokens;

pub use browser::{Browser, BrowserError};
pub use page::{Form, Page};

use url::Url;

/// More pages than any sign-in has.
const MOST_PAGES: usize = 20;

/// A page of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// "Pick an account".
    PickAccount,
    /// "Sign in", which asks for the address.
    Username,
    /// "Enter password".
    Password,
    /// "Verification required".
    Verification,
    /// "More information required": a method of external MFA is registered.
    MoreInformation,
    /// "Permissions requested".
    Consent,
    /// "Need admin approval".
    NeedApproval,
}

impl Step {
    fn of(page: &Page) -> Option<Self> {
        match page.id.as_str() {
            "pick-account" => Some(Self::PickAccount),
            "username" => Some(Self::Username),
            "password" => Some(Self::Password),
            "verification" => Some(Self::Verification),
            "more-information" => Some(Self::MoreInformation),
            "consent" => Some(Self::Consent),
            "need-approval" => Some(Self::NeedApproval),
            _ => None,
        }
    }
}

/// Where a sign-in ended.
#[derive(Debug)]
pub enum Arrival {
    /// The browser is sent to the application; nobody has followed yet.
    Redirect(Url),
    /// The browser posts a form to the application (`response_mode=form_post`).
    Post {
        /// Where to.
        action: Url,
        /// The fields.
        fields: Vec<(String, String)>,
    },
    /// The browser posts a form to a provider of external MFA. [`Person::back_from_provider`] brings the
    /// answer.
    ExternalMfa {
        /// Where to.
        action: Url,
        /// The fields.
        fields: Vec<(String, String)>,
    },
    /// The person reads an error page; the application hears nothing.
    Refused {
        /// The AADSTS number.
        code: u32,
        /// The text.
        text: String,
    },
    /// The person is stuck: the password or the address was refused.
    Stuck(Step),
}

impl Arrival {
    /// The address of the redirect.
    ///
    /// # Panics
    /// When the sign-in ended otherwise; meant for tests, which fail with what happened instead.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test's expectation that was not met")]
    pub fn redirect(self) -> Url {
        match self {
            Self::Redirect(url) => url,
            other => panic!("expected a redirect to the application, got {other:?}"),
        }
    }

    /// The form that goes to a provider of external MFA.
    ///
    /// # Panics
    /// When the sign-in ended otherwise; meant for tests, which fail with what happened instead.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test's expectation that was not met")]
    pub fn external_mfa(self) -> (Url, Vec<(String, String)>) {
        match self {
            Self::ExternalMfa { action, fields } => (action, fields),
            other => panic!("expected to be sent to the provider, got {other:?}"),
        }
    }
}

/// Somebody who signs in. Keeps the browser, and with it the session, from one sign-in to the next.
#[derive(Debug)]
pub struct Person {
    username: String,
    password: String,
    consents_for_organization: bool,
    cancels_at: Option<Step>,
    /// The pages of the latest sign-in, in order.
    pub steps: Vec<Step>,
    /// The browser.
    pub browser: Browser,
}

impl Person {
    /// Somebody with that address and the password that everybody has at the start.
    pub fn new(username: &str) -> Self {
        Self {
            username: username.to_owned(),
            password: crate::PASSWORD.to_owned(),
            consents_for_organization: false,
            cancels_at: None,
            steps: Vec::new(),
            browser: Browser::default(),
        }
    }

    /// Types another password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// Ticks "Consent on behalf of your organization" where it is offered.
    #[must_use]
    pub fn consenting_for_organization(mut self) -> Self {
        self.consents_for_organization = true;
        self
    }

    /// Presses Cancel on that page.
    #[must_use]
    pub fn cancelling_at(mut self, step: Step) -> Self {
        self.cancels_at = Some(step);
        self
    }

    /// The same browser in the hands of somebody else.
    #[must_use]
    pub fn now_as(mut self, username: &str) -> Self {
        username.clone_into(&mut self.username);
        self
    }

    /// Follows an authorization URL and does what the pages ask, until the browser leaves the stand-in.
    ///
    /// # Errors
    /// When the stand-in does not answer, or answers with something that is no page of a sign-in.
    pub async fn sign_in(&mut self, authorization_url: &str) -> Result<Arrival, BrowserError> {
        self.steps.clear();
        let page = self.browser.open(authorization_url).await?;
        self.follow(page).await
    }

    /// Comes back from a provider of external MFA, whose page posts this form, and goes on with the
    /// sign-in that led there. The earlier pages stay in `steps`.
    ///
    /// # Errors
    /// As [`Person::sign_in`].
    pub async fn back_from_provider(
        &mut self,
        action: Url,
        fields: &[(String, String)],
    ) -> Result<Arrival, BrowserError> {
        let page = self.browser.post(action, fields).await?;
        self.follow(page).await
    }

    async fn follow(&mut self, mut page: Page) -> Result<Arrival, BrowserError> {
        for _ in 0..MOST_PAGES {
            if page.id == "external-done" {
                page = self.browser.click(&page, "Continue").await?;
            }
            if let Some(arrival) = arrived(&page)? {
                return Ok(arrival);
            }
            let step = Step::of(&page).ok_or_else(|| BrowserError::unexpected(&page))?;
            let again =
                matches!(step, Step::Username | Step::Password) && self.steps.last() == Some(&step);
            if again {
                return Ok(Arrival::Stuck(step));
            }
            self.steps.push(step);
            page = self.answer(step, &page).await?;
        }
        Err(BrowserError::unexpected(&page))
    }

    async fn answer(&mut self, step: Step, page: &Page) -> Result<Page, BrowserError> {
        if self.cancels_at == Some(step) {
            let button = if step == Step::NeedApproval {
                "Return to the application without granting consent"
            } else {
                "Cancel"
            };
            return self.browser.press(page.form(button)?, button).await;
        }
        match step {
            Step::PickAccount => {
                let mine = page.buttons().find(|button| button.contains(&self.username));
                let button = mine.unwrap_or("Use another account").to_owned();
                self.browser.press(page.form(&button)?, &button).await
            }
            Step::Username => {
                let form = page.form("Next")?.fill("Email address", &self.username)?;
                self.browser.press(form, "Next").await
            }
            Step::Password => {
                let form = page.form("Sign in")?.fill("Password", &self.password)?;
                self.browser.press(form, "Sign in").await
            }
            Step::Verification => self.browser.press(page.form("Continue")?, "Continue").await,
            Step::MoreInformation => self.browser.press(page.form("Next")?, "Next").await,
            Step::Consent => {
                let mut form = page.form("Accept")?;
                if self.consents_for_organization {
                    form = form.check("Consent on behalf of your organization")?;
                }
                self.browser.press(form, "Accept").await
            }
            Step::NeedApproval => {
                let button = "Return to the application without granting consent";
                self.browser.press(page.form(button)?, button).await
            }
        }
    }
}

fn arrived(page: &Page) -> Result<Option<Arrival>, BrowserError> {
    if let Some(url) = &page.leaves_to {
        return Ok(Some(Arrival::Redirect(url.clone())));
    }
    match page.id.as_str() {
        "error" => {
            let code = page.element("error-code").and_then(|code| code.parse().ok());
            let code = code.ok_or_else(|| BrowserError::unexpected(page))?;
            Ok(Some(Arrival::Refused { code, text: page.text.clone() }))
        }
        "external-mfa" => {
            let form = page.form("Continue")?;
            Ok(Some(Arrival::ExternalMfa { action: form.action.clone(), fields: form.fields() }))
        }
        "form-post" => {
            let form = page.form("Continue")?;
            Ok(Some(Arrival::Post { action: form.action.clone(), fields: form.fields() }))
        }
        _ => Ok(None),
    }
}
