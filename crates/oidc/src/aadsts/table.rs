/// What is known about some of Entra's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The numbers, without `AADSTS`.
    pub codes: &'static [u32],
    /// What is wrong.
    pub cause: &'static str,
    /// Who can mend it.
    pub by: By,
    /// What they do now. It stands alone: each value is named by where it is found.
    pub remedy: &'static str,
    /// Where that is in the Azure portal, click by click.
    pub azure: Option<&'static str>,
    /// Where the value is in our own console, click by click.
    pub console: Option<&'static str>,
}

/// Who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Whoever signs in.
    Person,
    /// Somebody who administers the directory or this server.
    Administrator,
}

impl Entry {
    /// What somebody does who met the number while they signed in.
    pub fn for_person(&self) -> String {
        match self.by {
            By::Person => self.remedy.to_owned(),
            By::Administrator => format!("Tell your administrator: {}", self.remedy),
        }
    }

    const fn azure(self, path: &'static str) -> Self {
        Self { azure: Some(path), ..self }
    }

    const fn console(self, path: &'static str) -> Self {
        Self { console: Some(path), ..self }
    }
}

const fn person(codes: &'static [u32], cause: &'static str, remedy: &'static str) -> Entry {
    Entry { codes, cause, by: By::Person, remedy, azure: None, console: None }
}

const fn administrator(codes: &'static [u32], cause: &'static str, remedy: &'static str) -> Entry {
    Entry { codes, cause, by: By::Administrator, remedy, azure: None, console: None }
}

const REDIRECT_URIS: &str =
    "App registrations → your app → Overview → Add a Redirect URI, or Redirect URIs → Web";
const OVERVIEW: &str = "App registrations → your app → Overview";
const ENDPOINTS: &str = "App registrations → your app → Overview → Endpoints";
const SECRETS: &str = "App registrations → your app → Certificates & secrets → Client secrets";
const PERMISSIONS: &str = "App registrations → your app → API permissions";
const ASSIGNMENT: &str = "Enterprise applications → your app → Users and groups";
const EXTERNAL_METHOD: &str =
    "Microsoft Entra ID → Authentication methods → Policies → the external method";
const LOGS: &str = "Microsoft Entra ID → Sign-in logs";

const REDIRECT_URI: &str = "Identity Providers → your provider → Settings → Redirect URI";
const CLIENT_ID: &str = "Identity Providers → your provider → Settings → Client ID";
const CLIENT_SECRET: &str = "Identity Providers → your provider → Settings → Client Secret";
const DISCOVERY: &str = "Identity Providers → your provider → Settings → Discovery Endpoint";
const EXTERNAL_MFA: &str = "Entra external MFA → What Azure must be told";

/// The numbers that a sign-in through Cardea meets, each once.
pub const TABLE: &[Entry] = &[
    administrator(
        &[50_011],
        "The redirect URI of the app registration is not the one that was sent.",
        "Copy the Redirect URI from the provider's settings in Cardea's console, and enter exactly that in Azure, under the platform Web. Where there is one already, Overview shows how many in place of \"Add a Redirect URI\". Capital letters, http or https, and a slash at the end all count.",
    )
    .azure(REDIRECT_URIS)
    .console(REDIRECT_URI),
    administrator(
        &[900_971, 500_113],
        "The app registration has no redirect URI.",
        "Copy the Redirect URI from the provider's settings in Cardea's console, and add exactly that in Azure, under the platform Web.",
    )
    .azure(REDIRECT_URIS)
    .console(REDIRECT_URI),
    administrator(
        &[700_016],
        "There is no application with this client ID in this directory.",
        "Compare the Client ID in the provider's settings in Cardea's console with the Application (client) ID in Azure. If they are the same, compare the Directory (tenant) ID there with the one in the Discovery Endpoint.",
    )
    .azure(OVERVIEW)
    .console(CLIENT_ID),
    administrator(
        &[90_002, 50_128, 50_059],
        "The directory is not known in this cloud.",
        "In Azure, copy the OpenID Connect metadata document again, and paste it into the provider's Discovery Endpoint in Cardea's console. US Government and China have hosts of their own.",
    )
    .azure(ENDPOINTS)
    .console(DISCOVERY),
    administrator(
        &[50_194],
        "The app belongs to a single directory, and the address is that of all directories.",
        "In the provider's Discovery Endpoint in Cardea's console, enter the metadata address of your own directory: the one with its ID in place of \"common\".",
    )
    .azure(ENDPOINTS)
    .console(DISCOVERY),
    administrator(
        &[9_001_023, 90_124, 90_130],
        "The account types that the app supports do not go with the address.",
        "In the provider's Discovery Endpoint in Cardea's console, enter the metadata address of your own directory in place of that of \"common\" or \"consumers\".",
    )
    .azure(ENDPOINTS)
    .console(DISCOVERY),
    administrator(
        &[7_000_215],
        "The client secret is wrong. Most often the Secret ID was copied.",
        "In Azure, copy the column Value and not the Secret ID. It is shown only once: if it is hidden, create a new client secret. Enter the value as the provider's Client Secret in Cardea's console.",
    )
    .azure(SECRETS)
    .console(CLIENT_SECRET),
    administrator(
        &[7_000_222],
        "The client secret has expired.",
        "Create a new client secret in Azure, and enter its Value as the provider's Client Secret in Cardea's console. Sign-ins resume at once.",
    )
    .azure(SECRETS)
    .console(CLIENT_SECRET),
    administrator(
        &[7_000_218],
        "No client secret was sent.",
        "Enter the provider's Client Secret in Cardea's console. If there is one, the app is set to allow public client flows: turn that off in Azure.",
    )
    .azure("App registrations → your app → Authentication → Allow public client flows")
    .console(CLIENT_SECRET),
    administrator(
        &[70_002],
        "Entra did not accept what the app proves itself with.",
        "Create a new client secret in Azure, and enter its Value as the provider's Client Secret in Cardea's console.",
    )
    .azure(SECRETS)
    .console(CLIENT_SECRET),
    administrator(
        &[700_025],
        "A client secret was sent, but the redirect URI belongs to a public client.",
        "In Azure, remove the provider's Redirect URI from Mobile and desktop applications, and add it under the platform Web.",
    )
    .azure(REDIRECT_URIS)
    .console(REDIRECT_URI),
    administrator(
        &[700_027, 50_012, 700_030],
        "A certificate, or what was signed with it, was refused.",
        "When Cardea is the directory's external method (external MFA), Entra does not know the key that signed: run cardea entra doctor. Otherwise Cardea sends no certificate: look in Azure for another program that uses this app registration, and give Cardea one of its own.",
    )
    .azure("App registrations → your app → Certificates & secrets → Certificates"),
    administrator(
        &[9_002_325, 9_002_327],
        "The redirect URI is registered for a single-page application.",
        "In Azure, remove the provider's Redirect URI from Single-page application, and add it under the platform Web.",
    )
    .azure(REDIRECT_URIS)
    .console(REDIRECT_URI),
    administrator(
        &[65_001, 90_008],
        "Nobody has consented yet that this app may sign people in.",
        "An administrator of the directory grants consent in Azure, or signs in with this provider and ticks \"Consent on behalf of your organization\".",
    )
    .azure("App registrations → your app → API permissions → Grant admin consent"),
    person(
        &[65_004],
        "The request for permission was declined.",
        "You chose Cancel when Microsoft asked for permission. Try again, and choose Accept.",
    ),
    administrator(
        &[90_094, 90_095],
        "An administrator has to approve this app first.",
        "An administrator of the directory grants consent in Azure, or signs in with this provider and ticks \"Consent on behalf of your organization\".",
    )
    .azure("App registrations → your app → API permissions → Grant admin consent"),
    administrator(
        &[650_056, 65_005],
        "The app registration does not list the permissions that are asked for.",
        "In Azure, add the delegated permissions openid, profile and email of Microsoft Graph.",
    )
    .azure(PERMISSIONS),
    administrator(
        &[50_105],
        "The person is not assigned to the app.",
        "In Azure, assign the person, or a group that they are a direct member of; or set \"Assignment required\" to No under Properties.",
    )
    .azure(ASSIGNMENT),
    person(
        &[50_020, 16_000, 51_004, 50_034],
        "The browser is signed in to Microsoft with an account of another directory, or a personal one.",
        "Sign out at Microsoft, or use a private window, and sign in with the account that your organisation gave you. A guest must be invited first.",
    ),
    person(
        &[90_072],
        "The account comes from outside and is not in this directory.",
        "Sign out at Microsoft and use the account that your organisation gave you. If that is the one, tell your administrator: in a hybrid directory, the ImmutableID of the account may be wrong.",
    ),
    person(
        &[500_208, 90_027],
        "A personal Microsoft account cannot sign in to this app.",
        "Sign out at Microsoft, or use a private window, and sign in with a work or school account.",
    ),
    person(
        &[50_072, 50_074, 50_076, 50_079, 53_004],
        "Microsoft asks for one more step of its own.",
        "Finish the extra step that Microsoft shows (register or confirm a second factor), then come back and sign in again.",
    ),
    administrator(
        &[53_000, 53_001, 53_002, 53_003, 530_032, 530_033, 530_034, 530_035],
        "A Conditional Access policy of the directory blocks this sign-in.",
        "In Azure, look up the correlation ID that came with the message: the sign-in log names the policy.",
    )
    .azure(LOGS),
    person(
        &[50_058],
        "Nobody is signed in at Microsoft in this browser.",
        "Choose \"Sign in\" again.",
    ),
    person(&[50_089], "The sign-in at Microsoft took too long.", "Start again."),
    person(
        &[70_008, 54_005],
        "The sign-in took too long, or its answer was used twice.",
        "Start again, and do not use the Back button of the browser.",
    ),
    person(
        &[70_000, 9_002_313],
        "Entra did not accept the code that it had given a moment before.",
        "Start again. If it happens again, tell your administrator, with the code and when it happened.",
    ),
    person(
        &[501_481, 50_147],
        "The proof that the same browser began this sign-in did not match.",
        "Start again. If it happens again, tell your administrator, with the correlation ID that came with the message: it is a fault of the server, not yours.",
    ),
    administrator(
        &[700_005],
        "The code was issued by another directory than the one that was asked to redeem it.",
        "The addresses of this provider do not belong together: in Cardea's console, enter the Discovery Endpoint again and save.",
    )
    .azure(ENDPOINTS)
    .console(DISCOVERY),
    person(
        &[50_196],
        "The browser went back and forth between Microsoft and this server too often.",
        "Delete the cookies of this site, check the clock of the computer, and start again.",
    ),
    administrator(
        &[70_011, 28_002],
        "Entra does not accept the scope that was asked for.",
        "Cardea asks for \"openid profile email\": in Azure, compare that with the delegated permissions of Microsoft Graph.",
    )
    .azure(PERMISSIONS),
    // External MFA: Cardea may be the directory's external method, and others may.
    administrator(
        &[50_161],
        "The external method's address is no redirect URI of its app registration, or its answer lacked what was asked for.",
        "Copy the Redirect URI from Entra external MFA in Cardea's console, and add exactly that to the app registration in Azure, under the platform Web. It is another one than a provider's.",
    )
    .azure(REDIRECT_URIS)
    .console(EXTERNAL_MFA),
    administrator(
        &[900_491],
        "The directory has not consented to the external method's app registration.",
        "In Azure, grant admin consent to it, as Privileged Role Administrator.",
    )
    .azure(PERMISSIONS),
    administrator(
        &[50_027],
        "The external method's answer is not the one that Entra waits for.",
        "Compare Client ID and Discovery Endpoint of the external method with Entra external MFA in Cardea's console, to the letter. Then run cardea entra doctor.",
    )
    .azure(EXTERNAL_METHOD)
    .console(EXTERNAL_MFA),
    administrator(
        &[50_166],
        "Entra could not call the external method, or has called it too often.",
        "Let the discovery endpoint and the keys be reached from the internet, uncompressed and with their Content-Length. Run cardea entra doctor, which checks that.",
    )
    .azure(EXTERNAL_METHOD)
    .console(EXTERNAL_MFA),
    person(
        &[50_158],
        "The external method was not used, or did not say yes.",
        "Start again and use your card within four minutes. If it was refused, the page that asked for it has said why.",
    ),
    administrator(
        &[50_170],
        "A policy asks for a control of the external method that is not set up.",
        "In Azure, use the grant \"Require multifactor authentication\" in place of a custom control. Never have both for one person.",
    )
    .azure("Microsoft Entra ID → Security → Conditional Access → Policies"),
    person(
        &[50_177],
        "External methods do not serve accounts of this kind, such as some guests.",
        "Sign in with the account that your organisation gave you, or use another method of your own directory.",
    ),
];
