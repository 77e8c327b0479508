/// What is known about some of Entra's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The numbers, without `AADSTS`.
    pub codes: &'static [u32],
    /// Where it shows, most often first.
    pub places: &'static [Place],
    /// What is wrong.
    pub cause: &'static str,
    /// What to do now.
    pub remedy: &'static str,
    /// Values that the page shows beside it, because they must be compared or copied.
    pub shows: &'static [Fact],
}

/// Where a number shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On Entra's own page; Cardea never sees it.
    Entra,
    /// In the answer of the token endpoint.
    Token,
    /// In the redirect back to Cardea.
    Redirect,
}

/// A value that helps to repair it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Our client id at the upstream.
    ClientId,
    /// Entra's id of the sign-in.
    CorrelationId,
    /// The directory.
    Directory,
    /// The address at which an administrator consents for the organization.
    ConsentLink,
    /// The redirect URI.
    RedirectUri,
    /// The scope that we ask for.
    Scope,
}

use Fact::{ClientId, ConsentLink, CorrelationId, Directory, RedirectUri, Scope};
use Place::{Entra, Redirect, Token};

const fn entry(
    codes: &'static [u32],
    places: &'static [Place],
    cause: &'static str,
    remedy: &'static str,
    shows: &'static [Fact],
) -> Entry {
    Entry { codes, places, cause, remedy, shows }
}

/// The numbers that a sign-in through Cardea meets, each once.
pub const TABLE: &[Entry] = &[
    entry(
        &[50_011],
        &[Entra],
        "The redirect URI of the app registration is not the one that was sent.",
        "In Azure, open App registrations, your app, Overview, Add a Redirect URI, Web, and enter exactly this address. Where there is one already, Overview shows how many in place of these words. Capital letters, http or https, and a slash at the end all count.",
        &[RedirectUri],
    ),
    entry(
        &[900_971, 500_113],
        &[Entra],
        "The app registration has no redirect URI.",
        "In Azure, open App registrations, your app, Overview, Add a Redirect URI, Web, and enter exactly this address.",
        &[RedirectUri],
    ),
    entry(
        &[700_016],
        &[Entra, Token],
        "There is no application with this client ID in this directory.",
        "Compare the Application (client) ID on the Overview page of the app registration with the client ID here, and the directory with the one in the metadata address.",
        &[ClientId, Directory],
    ),
    entry(
        &[90_002, 50_128, 50_059],
        &[Entra, Token],
        "The directory is not known in this cloud.",
        "Copy the OpenID Connect metadata document address again from Endpoints, and paste it here. US Government and China have hosts of their own.",
        &[Directory],
    ),
    entry(
        &[50_194],
        &[Entra],
        "The app belongs to a single directory, and the address is that of all directories.",
        "Use the metadata address of your own directory: the one with its ID in place of \"common\".",
        &[Directory],
    ),
    entry(
        &[9_001_023, 90_124, 90_130],
        &[Entra, Token],
        "The account types that the app supports do not go with the address.",
        "Use the metadata address of your own directory in place of \"common\" or \"consumers\".",
        &[Directory],
    ),
    entry(
        &[7_000_215],
        &[Token],
        "The client secret is wrong. Most often the Secret ID was copied.",
        "In Azure, open Certificates & secrets and copy the Value column. It is shown only once: if it is hidden, create a new client secret and paste its value here.",
        &[],
    ),
    entry(
        &[7_000_222],
        &[Token],
        "The client secret has expired.",
        "Create a new client secret in Azure under Certificates & secrets and paste its value here. Sign-ins resume at once.",
        &[],
    ),
    entry(
        &[7_000_218],
        &[Token],
        "No client secret was sent.",
        "Enter a client secret here. If there is one, the app is set to allow public client flows: turn that off in Azure under Authentication.",
        &[],
    ),
    entry(
        &[700_025],
        &[Token],
        "A client secret was sent, but the redirect URI belongs to a public client.",
        "In Azure, open App registrations, your app, Overview, Redirect URIs; remove this address from Mobile and desktop applications, then Add a Redirect URI, Web.",
        &[RedirectUri],
    ),
    entry(
        &[700_027, 50_012, 700_030],
        &[Token],
        "The certificate of this app was refused.",
        "Upload the certificate again in Azure under Certificates & secrets, Certificates, and compare its thumbprint.",
        &[],
    ),
    entry(
        &[9_002_325, 9_002_327],
        &[Token],
        "The redirect URI is registered for a single-page application.",
        "In Azure, open App registrations, your app, Overview, Redirect URIs; remove this address from Single-page application, then Add a Redirect URI, Web.",
        &[RedirectUri],
    ),
    entry(
        &[65_001, 90_008],
        &[Entra, Redirect],
        "Nobody has consented yet that this app may sign people in.",
        "An administrator of the directory opens this link and accepts, or grants consent in Azure under API permissions.",
        &[ConsentLink],
    ),
    entry(
        &[65_004],
        &[Redirect],
        "The person declined.",
        "You chose Cancel when Microsoft asked for permission. Try again, and choose Accept.",
        &[],
    ),
    entry(
        &[90_094, 90_095],
        &[Entra],
        "An administrator has to approve this app first.",
        "Send this link to an administrator of your directory.",
        &[ConsentLink],
    ),
    entry(
        &[650_056, 65_005],
        &[Entra],
        "The app registration does not list the permissions that are asked for.",
        "In Azure, under API permissions, add the delegated permissions openid, profile and email of Microsoft Graph.",
        &[Scope],
    ),
    entry(
        &[50_105],
        &[Entra, Redirect],
        "The person is not assigned to the app.",
        "In Azure, open Enterprise applications, the app, Users and groups, and assign the person or a group that they are a direct member of; or set \"Assignment required\" to No under Properties.",
        &[CorrelationId],
    ),
    entry(
        &[50_020, 16_000, 51_004, 50_034],
        &[Entra],
        "The browser is signed in to Microsoft with an account of another directory, or a personal one.",
        "Sign out at Microsoft, or use a private window, and sign in with the account of this directory. A guest must be invited first.",
        &[Directory],
    ),
    entry(
        &[90_072],
        &[Entra],
        "The account comes from outside and is not in this directory.",
        "Sign out at Microsoft and use an account of this directory. In a hybrid directory, check the ImmutableID of the account.",
        &[Directory],
    ),
    entry(
        &[500_208, 90_027],
        &[Entra],
        "A personal Microsoft account cannot sign in to this app.",
        "Sign out at Microsoft, or use a private window, and sign in with a work or school account.",
        &[],
    ),
    entry(
        &[50_072, 50_074, 50_076, 50_079, 53_004],
        &[Entra, Redirect],
        "Microsoft asks for one more step of its own.",
        "Finish the extra step that Microsoft shows (register or confirm a second factor), then come back and sign in again.",
        &[],
    ),
    entry(
        &[53_000, 53_001, 53_002, 53_003, 530_032, 530_033, 530_034, 530_035],
        &[Entra, Redirect],
        "A Conditional Access policy of the directory blocks this sign-in.",
        "Give this correlation ID to the administrator of your directory: in Azure, Sign-in logs show the policy.",
        &[CorrelationId],
    ),
    entry(
        &[50_058],
        &[Redirect],
        "Nobody is signed in at Microsoft in this browser.",
        "Choose \"Sign in\" again.",
        &[],
    ),
    entry(
        &[50_089],
        &[Entra, Token],
        "The sign-in at Microsoft took too long.",
        "Start again.",
        &[],
    ),
    entry(
        &[70_008, 54_005],
        &[Token],
        "The sign-in took too long, or its answer was used twice.",
        "Start again, and do not use the Back button of the browser.",
        &[],
    ),
    entry(
        &[501_481, 50_147],
        &[Token, Entra],
        "The proof that the same browser began this sign-in did not match.",
        "Start again. If it happens again, report it with this correlation ID: it is a fault of this server, not yours.",
        &[CorrelationId],
    ),
    entry(
        &[700_005],
        &[Token],
        "The code was issued by another directory than the one that was asked to redeem it.",
        "The addresses of this provider do not belong together: fetch the discovery endpoint again and save.",
        &[Directory],
    ),
    entry(
        &[50_196],
        &[Entra],
        "The browser went back and forth between Microsoft and this server too often.",
        "Delete the cookies of this site, check the clock of the computer, and start again.",
        &[],
    ),
    entry(
        &[70_011, 28_002],
        &[Entra, Token],
        "Entra does not accept the scope that was asked for.",
        "Compare this scope with API permissions in Azure.",
        &[Scope],
    ),
    entry(
        &[50_166, 50_158, 50_161, 50_170, 50_177, 900_491, 50_027],
        &[Entra],
        "The exchange with an external authentication method failed.",
        "In Azure, open Authentication methods, the external method, and compare its client ID, discovery endpoint and app ID with what this server shows.",
        &[CorrelationId],
    ),
];
