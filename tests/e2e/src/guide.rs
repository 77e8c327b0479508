//! The words of the integration guide, and somebody who follows them.

/// Every instruction of the guide in its own words and in its order, with what it presupposes,
/// warns of and notes. A row of a table is one too.
pub const GUIDE: &[&str] = &[
    // Prerequisites
    "An Azure Active Directory tenant",
    "A Global Administrator account in Azure",
    "Access to the Kelvin Zero MPAS administration console",
    "Important: Custom elements in URLs (like realm names) are case sensitive. Make sure to match the exact casing from your environment.",
    // Step 1: Register the Application in Azure AD
    "Log in to the Azure Portal (https://portal.azure.com) and go to Azure Active Directory > App registrations.",
    "Click on New Registration.",
    "Fill out the following fields:",
    "Name: Choose a clear and identifiable name (e.g., MPAS-AzureSSO).",
    "Supported Account Types: Select “Accounts in this organizational directory only”.",
    "Redirect URI (optional) = Web",
    "Click Register",
    "On the app page, click on Endpoints and copy the OpenID Connect metadata document URL — keep it for later.",
    "In the left menu, click on manage and then on Certificates & secrets.",
    "Click on New client secret:",
    "Add a description (for example: Multi-Pass SSO integration IdP)",
    "Set the expiration (as needed)",
    "Click Add",
    "Copy the client secret value immediately — you will not be able to retrieve it again later.",
    "Secure your client secret:",
    "Store it securely.",
    "Set reminders for renewal (expires in 6–24 months by default).",
    "Do not expose it in public code or documentation.",
    "In the left menu, go to Overview and copy the Application (client) ID — keep this value for MPAS.",
    // Step 2: Register the Azure IDP on the Multi-pass Authentication Service
    "Open Multi-Pass Dashboard",
    "Select your tenant and reach the \"advanced console\"",
    "In the left-hand menu, click Identity Providers.",
    "Choose OpenID Connect v1.0.",
    "Copy the Redirect URI displayed by MPAS and go back to Azure to register it,",
    "Open your Azure App Registration > Overview > Add a Redirect URI",
    "Click on Add a Redirect URI again, a panel open on the right and select : Web",
    "Paste the Redirect URI from MPAS",
    "Ensure the URI from MPAS is entered exactly in Azure AD. No wildcards or partial paths.",
    "Click Configure",
    "Back in MPAS:",
    "Display Name: e.g., Azure AD",
    "Discovery Endpoint: Paste the OpenID metadata URL from Azure",
    "https://login.microsoftonline.com/[...]/.well-known/openid-configuration",
    "Wait for the fields to populate automatically",
    "Paste the:",
    "Client ID (from Azure Overview)",
    "Looks like that : 904bc2ee-3374-4f03-a63b-40efc0d85237",
    "Client Secret, the one you saved earlier",
    "Click Add to save the configuration.",
    "Now we need to add Mappers, click on the tab called \"mappers\"",
    "You should see at the beginning, only one line about MPAS Onboarding, now click on the blue button \"Add Mapper\" and complete the different fields.",
    "azure-group-mapper",
    "Name azure-group-mapper",
    "Sync Mode Override Force",
    "Mapper Type Attribute Importer",
    "Claim groups",
    "User Attribute Name write on the right field \"group\"",
    "Azure Username",
    "Name Azure Username",
    "Sync Mode Override Force",
    "Mapper Type Attribute Importer",
    "Claim upn",
    "User Attribute Name email",
    "Azure Sub Importer",
    "Name Azure Sub Importer",
    "Sync Mode Override Force",
    "Mapper Type Attribute Importer",
    "Claim sub",
    "User Attribute Name write on the right field \"sub\"",
    // Step 3: Test the Integration
    "In MPAS, go to Clients in the left-hand menu.",
    "Find the client named account, then click the Home URL.",
    "You will be redirected to the login screen Multi-Pass Passwordless, click on \"sjow more ways to log in",
    "Choose Sign in with Azure.",
    "Log in with your Azure Global Administrator account. by adding your email address and password, then you will see a pop up \"verification required\", click continue",
    "Review the requested permissions and check “Consent on behalf of your organization”, then click Accept.",
    "Authenticate yourself by using your cards or the digital app",
    "You will be redirected to your MPAS Account Management Page.",
    "Return to the MPAS Admin Console and click on Users in the menu.",
    "You should now see a list of Azure AD users who have successfully authenticated via MPAS.",
];

/// A mapper of the guide.
#[derive(Clone, Copy, Debug)]
pub struct GuideMapper {
    /// Its name, which is the heading of its table too.
    pub name: &'static str,
    /// The claim that it reads.
    pub claim: &'static str,
    /// The attribute that it writes.
    pub attribute: &'static str,
    /// The rows of its table: name, sync mode override, mapper type, claim, user attribute name.
    pub rows: [&'static str; 5],
}

/// The guide's mappers, in its order.
pub const GUIDE_MAPPERS: [GuideMapper; 3] = [
    GuideMapper {
        name: "azure-group-mapper",
        claim: "groups",
        attribute: "group",
        rows: [
            "Name azure-group-mapper",
            "Sync Mode Override Force",
            "Mapper Type Attribute Importer",
            "Claim groups",
            "User Attribute Name write on the right field \"group\"",
        ],
    },
    GuideMapper {
        name: "Azure Username",
        claim: "upn",
        attribute: "email",
        rows: [
            "Name Azure Username",
            "Sync Mode Override Force",
            "Mapper Type Attribute Importer",
            "Claim upn",
            "User Attribute Name email",
        ],
    },
    GuideMapper {
        name: "Azure Sub Importer",
        claim: "sub",
        attribute: "sub",
        rows: [
            "Name Azure Sub Importer",
            "Sync Mode Override Force",
            "Mapper Type Attribute Importer",
            "Claim sub",
            "User Attribute Name write on the right field \"sub\"",
        ],
    },
];

/// Somebody who follows the guide, instruction by instruction. When a test fails on the way, its
/// output says which one was the last.
#[derive(Debug, Default)]
pub struct Walk {
    followed: usize,
    now: &'static str,
}

impl Walk {
    /// The next instruction, word for word.
    ///
    /// # Panics
    ///
    /// When the guide says something else next.
    #[track_caller]
    pub fn step(&mut self, words: &'static str) {
        let next = GUIDE.get(self.followed).copied();
        assert_eq!(Some(words), next, "this is not what the guide says next");
        self.followed = self.followed.saturating_add(1);
        self.now = words;
    }

    /// The next instruction, word for word, and what is done by it.
    ///
    /// # Panics
    ///
    /// When the guide says something else next.
    pub async fn follow<T>(&mut self, words: &'static str, act: impl AsyncFnOnce() -> T) -> T {
        self.step(words);
        act().await
    }

    /// The end of the guide.
    ///
    /// # Panics
    ///
    /// When an instruction was not followed.
    #[track_caller]
    pub fn end(self) {
        assert_eq!(GUIDE.get(self.followed), None, "an instruction was left out");
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { followed, now } = self;
            eprintln!("the last instruction, {followed} of {}: {now}", GUIDE.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{GUIDE, Walk};

    #[test]
    #[should_panic(expected = "this is not what the guide says next")]
    fn an_instruction_does_not_come_before_its_turn() {
        let mut walk = Walk::default();
        walk.step(GUIDE[0]);
        walk.step(GUIDE[2]);
    }

    #[test]
    #[should_panic(expected = "an instruction was left out")]
    fn a_walk_does_not_end_before_the_guide() {
        let mut walk = Walk::default();
        GUIDE[1..].iter().zip(GUIDE).for_each(|(_, words)| walk.step(words));
        walk.end();
    }
}
