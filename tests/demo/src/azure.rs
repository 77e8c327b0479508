//! The Azure half of the guide, on the portal of the Entra stand-in, with the guide's words.

use entra_stand_in::{Browser, Page};

use crate::story::{Failed, Story, Told};
use crate::trouble::{Trouble, ensure};

/// The name of the app registration.
const NAME: &str = "Cardea-AzureSSO";

/// What is copied from Azure.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    pub(crate) metadata: String,
    pub(crate) secret: String,
    pub(crate) client_id: String,
}

/// An administrator's browser on the portal.
pub(crate) struct Portal {
    browser: Browser,
    page: Page,
}

impl Portal {
    /// Step 1 of the guide.
    pub(crate) async fn register(story: &mut Story, base: &str) -> Result<(Self, Copied), Failed> {
        let mut copied = Copied::default();
        let mut portal = story
            .step("Azure Portal › Azure Active Directory › App registrations", Self::open(base))
            .await?;
        story.step("New Registration › Register", portal.new_registration()).await?;
        copied.metadata =
            story.step("Endpoints › OpenID Connect metadata document", portal.endpoints()).await?;
        let name = "Manage › Certificates & secrets › New client secret";
        copied.secret = story.step(name, portal.new_client_secret()).await?;
        copied.client_id =
            story.step("Overview › Application (client) ID", portal.overview()).await?;
        Ok((portal, copied))
    }

    /// The Azure half of step 2 of the guide: Redirect URI › Web › Configure.
    pub(crate) async fn add_redirect_uri(&mut self, uri: &str) -> Told<()> {
        self.click("Overview").await?;
        self.click("Add a Redirect URI").await?;
        self.click("Add a Redirect URI").await?;
        self.click("Web").await?;
        let form = self.page.form("Configure")?.fill("Redirect URI", uri)?;
        self.page = self.browser.press(form, "Configure").await?;
        self.shows(uri)?;
        self.click("Overview").await?;
        self.shows("1 web")?;
        Ok(((), format!("Azure now redirects to {uri}, and to nothing else")))
    }

    /// What the guide leaves out: without it Entra sends no `upn` and no groups.
    pub(crate) async fn token_configuration(&mut self) -> Told<()> {
        self.click("Token configuration").await?;
        self.click("Add optional claim").await?;
        let form = self.page.form("Add")?.check("ID")?.check("upn")?.check("auth_time")?;
        self.page = self.browser.press(form, "Add").await?;
        self.click("Add groups claim").await?;
        let form = self.page.form("Add")?.check("Security groups")?;
        self.page = self.browser.press(form, "Add").await?;
        for listed in ["auth_time ID", "upn ID", "groups ID Security groups"] {
            self.shows(listed)?;
        }
        Ok((
            (),
            "not in the guide, but without it Azure sends none of them: upn, groups, auth_time"
                .into(),
        ))
    }

    async fn open(base: &str) -> Told<Self> {
        let mut browser = Browser::default();
        let page = browser.open(base).await?;
        let mut portal = Self { browser, page };
        portal.click("Acme").await?;
        portal.click("Azure Active Directory").await?;
        portal.click("App registrations").await?;
        portal.shows("App registrations")?;
        Ok((portal, "signed in as ada@acme.example, Global Administrator".into()))
    }

    async fn new_registration(&mut self) -> Told<()> {
        self.click("New registration").await?;
        let form = self.page.form("Register")?.fill("Name", NAME)?;
        let form = form.check("Accounts in this organizational directory only")?;
        let form = form.choose("Platform", "Web")?;
        self.page = self.browser.press(form, "Register").await?;
        let name = self.read("display-name")?;
        ensure(name == NAME, NAME, &name)?;
        Ok((
            (),
            format!(
                "{name}, for this directory only, platform Web; its Redirect URI comes from Cardea later"
            ),
        ))
    }

    async fn endpoints(&mut self) -> Told<String> {
        let app = self.page.clone();
        self.click("Endpoints").await?;
        self.shows("OpenID Connect metadata document")?;
        let metadata = self.read("metadata-url")?;
        self.page = app;
        let said = format!("copied {metadata}");
        Ok((metadata, said))
    }

    async fn new_client_secret(&mut self) -> Told<String> {
        self.click("Manage").await?;
        self.click("Certificates & secrets").await?;
        self.click("New client secret").await?;
        let form = self.page.form("Add")?.fill("Description", "Cardea SSO integration IdP")?;
        let form = form.choose("Expires", "365 days (12 months)")?;
        self.page = self.browser.press(form, "Add").await?;
        let (secret, id) = (self.read("value-1")?, self.read("secret-id-1")?);
        ensure(!secret.is_empty() && secret != id, "a Value beside the Secret ID", &id)?;
        let start: String = secret.chars().take(3).collect();
        Ok((
            secret,
            format!("copied the column Value, {start}…, which is shown once; not the Secret ID"),
        ))
    }

    async fn overview(&mut self) -> Told<String> {
        self.click("Overview").await?;
        let id = self.read("client-id")?;
        ensure(id.len() == 36, "an ID like 904bc2ee-3374-4f03-a63b-40efc0d85237", &id)?;
        let said = format!("copied {id}");
        Ok((id, said))
    }

    async fn click(&mut self, link: &str) -> Result<(), Trouble> {
        self.page = self.browser.click(&self.page, link).await?;
        Ok(())
    }

    fn read(&self, id: &str) -> Result<String, Trouble> {
        let found = self.page.element(id).map(str::to_owned);
        found.ok_or_else(|| Trouble::new(format_args!("\"{id}\" to read"), &self.page.text))
    }

    fn shows(&self, text: &str) -> Result<(), Trouble> {
        ensure(self.page.text.contains(text), format_args!("\"{text}\""), &self.page.text)
    }
}
