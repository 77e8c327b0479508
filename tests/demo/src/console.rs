//! Cardea's half of the guide, in the administrators' console.

use entra_stand_in::{ACME, Form, Page};
use serde_json::json;
use soft_authenticator::SoftAuthenticator;

use crate::azure::{Copied, Portal};
use crate::browser::Browser;
use crate::farewell;
use crate::page::Expect as _;
use crate::stage::Stage;
use crate::story::{Failed, Story, Told};
use crate::trouble::{Trouble, ensure};

/// Where a new administrator's login waits for a card.
const CARD_STEP: &str = "/realms/operators/login/card";

/// The tenant's slug.
const TENANT: &str = "acme";

/// The guide's three mappers: name, claim, user attribute name.
const MAPPERS: [(&str, &str, &str); 3] = [
    ("azure-group-mapper", "groups", "group"),
    ("Azure Username", "upn", "email"),
    ("Azure Sub Importer", "sub", "sub"),
];

/// An administrator's browser on the console.
pub(crate) struct Console {
    browser: Browser,
    page: Page,
}

impl Console {
    /// `cardea admin invite`, the link, a passkey.
    pub(crate) async fn first_administrator(
        story: &mut Story,
        stage: &Stage,
    ) -> Result<Self, Failed> {
        let invite = async {
            let link = farewell::invitation(stage).await?;
            let token = link.rsplit_once('#').map(|(_, token)| token.to_owned());
            let token = token.ok_or_else(|| Trouble::new("a token behind #", &link))?;
            Ok((token, "a link that works once, for ten minutes".to_owned()))
        };
        let token = story.step("cardea admin invite", invite).await?;
        story.step("Make yourself administrator", Self::enter(stage.origin(), &token)).await
    }

    async fn enter(origin: &str, token: &str) -> Told<Self> {
        let mut browser = Browser::new(origin)?;
        let page = browser.open("/admin/invite").await?;
        let form = page.form("Go on")?.fill("token", token)?.fill("Your name", "Olivia")?;
        let waiting = browser.press(&form, "Go on").await?;
        ensure(waiting.url.path() == CARD_STEP, CARD_STEP, &waiting.text)?;
        let location = passkey(&mut browser).await?;
        let page = browser.open(&location).await?.shows("Olivia")?;
        ensure(page.url.path() == "/admin/", "/admin/", page.url.path())?;
        Ok((Self { browser, page }, "Olivia's passkey is enrolled, the console opens".to_owned()))
    }

    /// Step 2 of the guide.
    pub(crate) async fn register_provider(
        &mut self,
        story: &mut Story,
        portal: &mut Portal,
        copied: &Copied,
    ) -> Result<(), Failed> {
        story.step("Dashboard › create and select the tenant", self.create_tenant()).await?;
        let name = "Identity Providers › OpenID Connect v1.0";
        let uri = story.step(name, self.choose_oidc()).await?;
        let name = "Azure › Add a Redirect URI › Web › Configure";
        story.step(name, portal.add_redirect_uri(&uri)).await?;
        story.step("Display Name, Discovery Endpoint", self.discover(&copied.metadata)).await?;
        story.step("Client ID, Client Secret › Add", self.add(copied)).await?;
        story.step("Mappers", self.mappers()).await?;
        for (name, claim, attribute) in MAPPERS {
            let step = format!("Add Mapper › {name}");
            story.step(&step, self.add_mapper(name, claim, attribute)).await?;
        }
        story.step("Azure › Token configuration", portal.token_configuration()).await?;
        story.step("Tenant settings › first card", self.choose_policy()).await
    }

    async fn create_tenant(&mut self) -> Told<()> {
        let form = self.page.form("Create")?.fill("name", "Acme")?.fill("slug", TENANT)?;
        self.press(&form, "Create").await?;
        self.shows("Acme")?;
        self.path_is(&format!("/admin/tenants/{TENANT}/"))?;
        Ok(((), format!("tenant \"Acme\", its pages are under /realms/{TENANT}/")))
    }

    async fn choose_oidc(&mut self) -> Told<String> {
        self.click("Identity Providers").await?;
        self.click("OpenID Connect v1.0").await?;
        let uri = self.page.value("Redirect URI")?.to_owned();
        let end = format!("/realms/{TENANT}/broker/azure/endpoint");
        ensure(uri.ends_with(&end), format_args!("…{end}"), &uri)?;
        let said = format!("Redirect URI copied: {uri}");
        Ok((uri, said))
    }

    /// "Wait for the fields to populate automatically": the page's script presses Fetch.
    async fn discover(&mut self, metadata: &str) -> Told<()> {
        let form = self.page.form("Add")?.fill("Display Name", "Azure")?;
        let form = form.fill("Discovery Endpoint", metadata)?;
        self.press(&form, "Fetch").await?;
        let value = |field: &str| self.page.value(field).unwrap_or_default().to_owned();
        for (field, end) in [
            ("Authorization URL", "/oauth2/v2.0/authorize"),
            ("Token URL", "/oauth2/v2.0/token"),
            ("JWKS URL", "/discovery/v2.0/keys"),
        ] {
            let came = format!("\"{}\" on: {}", value(field), self.page.text);
            ensure(value(field).ends_with(end), format_args!("{field} …{end}"), came)?;
        }
        Ok(((), format!("Cardea → Azure: fields populated, issuer {}", value("Issuer"))))
    }

    async fn add(&mut self, copied: &Copied) -> Told<()> {
        let form = self.page.form("Add")?.fill("Client ID", &copied.client_id)?;
        let form = form.fill("Client Secret", &copied.secret)?;
        self.press(&form, "Add").await?;
        let path = format!("/admin/tenants/{TENANT}/providers/azure");
        self.path_is(&path)?;
        self.shows("Azure")?;
        let leaked = self.page.text.contains(&copied.secret)
            || self.page.value("Client Secret")? == copied.secret;
        ensure(!leaked, "a page without the secret", "the secret")?;
        self.click("Identity Providers").await?;
        self.shows("Azure")?;
        let listed = self.page.text.split("Add provider").next().unwrap_or_default();
        ensure(listed.contains("Microsoft Entra ID"), "Microsoft Entra ID in the list", listed)?;
        self.click("Azure").await?;
        self.path_is(&path)?;
        Ok((
            (),
            "saved; listed as Microsoft Entra ID, which Cardea sees by the issuer; the secret is sealed"
                .to_owned(),
        ))
    }

    async fn mappers(&mut self) -> Told<()> {
        self.click("Mappers").await?;
        self.shows("Cardea Onboarding")?;
        let edits = self.page.links.iter().filter(|(text, _)| text == "Edit").count();
        ensure(edits == 1, "one line at the beginning", edits)?;
        Ok(((), "one is there from the beginning: Cardea Onboarding".to_owned()))
    }

    async fn add_mapper(&mut self, name: &str, claim: &str, attribute: &str) -> Told<()> {
        self.click("Add Mapper").await?;
        let form = self.page.form("Add")?.fill("Name", name)?;
        let form = form.choose("Sync Mode Override", "Force")?;
        let form = form.choose("Mapper Type", "Attribute Importer")?;
        let form = form.fill("Claim", claim)?.fill("User Attribute Name", attribute)?;
        self.press(&form, "Add").await?;
        self.shows(name)?;
        self.path_is(&format!("/admin/tenants/{TENANT}/providers/azure/mappers"))?;
        Ok(((), format!("Force, Attribute Importer: {claim} → {attribute}")))
    }

    /// The guide's way: whoever has just signed in at Entra may enrol a first card. The default is
    /// a one-time code from an administrator.
    async fn choose_policy(&mut self) -> Told<()> {
        self.click("Tenant settings").await?;
        let form = self.page.form("Save")?.check("first_card=fresh-entra-sign-in")?;
        self.press(&form, "Save").await?;
        self.click("Tenant settings").await?;
        let fields = self.page.form("Save")?.fields();
        let chosen = fields.iter().find(|(name, _)| name == "first_card");
        let chosen = chosen.map(|(_, value)| value.as_str()).unwrap_or_default();
        ensure(chosen == "fresh-entra-sign-in", "a fresh Entra sign-in", chosen)?;
        Ok(((), "the demo chooses: after a fresh Entra sign-in, as the guide does".to_owned()))
    }

    /// Step 3 of the guide begins at the client "account".
    pub(crate) async fn home_url(&mut self) -> Told<String> {
        self.click("Clients").await?;
        self.shows("account")?;
        let end = format!("/realms/{TENANT}/account/");
        let home = self.page.links.iter().find(|(_, url)| url.as_str().ends_with(&end));
        let home = home.map(|(_, url)| url.to_string());
        let home = home.ok_or_else(|| self.page.not(format_args!("a Home URL …{end}")))?;
        let said = format!("client account, Home URL {home}");
        Ok((home, said))
    }

    /// "You should now see a list of Azure AD users who have successfully authenticated".
    pub(crate) async fn users(&mut self, username: &str) -> Told<()> {
        self.click("Users").await?;
        self.shows(username)?;
        self.click("Ada Admin").await?;
        // The three mappers, the link, the card, and the agent that was paired.
        for text in ["E-mail", "group", "sub", "Linked at", "Revoke…", "demo computer"] {
            self.shows(text)?;
        }
        self.shows(&format!("tid {ACME}"))?;
        Ok(((), format!("{username}, with what the three mappers imported, card and agent")))
    }

    /// Every step has left its mark in the tenant's chain.
    pub(crate) async fn audit(&mut self) -> Told<()> {
        self.click("Audit").await?;
        self.shows("The audit chain is whole")?;
        for kind in ["client.added", "oidc.signed-in", "eam.connection-saved", "eam.proved"] {
            self.shows(kind)?;
        }
        Ok(((), "the tenant's audit chain is whole".to_owned()))
    }

    async fn click(&mut self, link: &str) -> Result<(), Trouble> {
        self.page = self.browser.click(&self.page, link).await?;
        Ok(())
    }

    async fn press(&mut self, form: &Form, button: &str) -> Result<(), Trouble> {
        self.page = self.browser.press(form, button).await?;
        Ok(())
    }

    fn shows(&self, text: &str) -> Result<(), Trouble> {
        self.page.clone().shows(text).map(|_| ())
    }

    fn path_is(&self, path: &str) -> Result<(), Trouble> {
        let expected = format_args!("to be led to {path}");
        if self.page.url.path() == path { Ok(()) } else { Err(self.page.not(expected)) }
    }
}

/// What the page's script does when the passkey is enrolled: options, answer, finish.
async fn passkey(browser: &mut Browser) -> Result<String, Trouble> {
    let origin = browser.origin();
    let hint = json!({ "hint": "card" });
    let options = browser.post_json(&format!("{CARD_STEP}/options"), &hint).await?;
    let wrapped = json!({ "publicKey": options.get("options") });
    let mut authenticator = SoftAuthenticator::new(u64::from(std::process::id()));
    let made = authenticator.register(&wrapped, &origin);
    let made = made.map_err(|error| Trouble::new("a passkey", error))?;
    let answer = json!({ "challenge": options.get("challenge"), "credential": made });
    let finished = browser.post_json(&format!("{CARD_STEP}/finish"), &answer).await?;
    let location = finished.get("location").and_then(serde_json::Value::as_str);
    location.map(str::to_owned).ok_or_else(|| Trouble::new("a location", &finished))
}
