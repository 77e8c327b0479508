//! English words for what happens while somebody uses a card, and for notices of several pages.
//!
//! Each failure has a title (what happened) and a text (what to do now). A code is what the
//! server's problem details, the agent's refusals and `card.js` say; the page carries all of
//! them, so the script knows none.

/// A failure of a ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its code: of the agent, of the engine's refusals, or of `card.js`.
    pub code: &'static str,
    /// Other codes that mean the same to the person: of finer checks, or of what an attacker could
    /// learn from and so looks alike.
    pub also: &'static [&'static str],
    /// What happened.
    pub title: &'static str,
    /// What to do now.
    pub text: &'static str,
    /// Name of its sample.
    pub(super) sample: &'static str,
}

impl Failure {
    /// The failure with this code. One that we have no words for is told as such: something did
    /// not work, try again.
    pub fn of(code: &str) -> &'static Self {
        FAILURES.iter().find(|failure| failure.has(code)).unwrap_or(&UNKNOWN)
    }

    fn has(&self, code: &str) -> bool {
        self.code == code || self.also.contains(&code)
    }
}

/// A notice at the head of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What happened.
    pub title: &'static str,
    /// What to do now, or what it means. May be empty.
    pub text: &'static str,
}

/// A line that the script shows while something goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// What `card.js` calls it.
    pub code: &'static str,
    /// The line. `{0}` is replaced by a name or a number.
    pub text: &'static str,
}

macro_rules! failures {
    ($($code:literal $(| $also:literal)*, $title:literal, $text:literal;)*) => {
        &[$(Failure {
            code: $code,
            also: &[$($also),*],
            title: $title,
            text: $text,
            sample: concat!("failed-", $code),
        }),*]
    };
}

const UNKNOWN: Failure = Failure {
    code: "unknown",
    also: &["passkey-configuration", "passkey-name"],
    title: "That did not work",
    text: "Try again. If it happens again, tell your administrator what you did and when.",
    sample: "failed-unknown",
};

/// All failures, in the order of their codes.
pub const FAILURES: &[Failure] = failures! {
    "agent-offline", "Cardea on this computer does not answer",
        "Check that the computer is unlocked and that Cardea is running, then try again. A key in the USB port or your phone works without it.";
    "agent-revoked", "Cardea on this computer was removed",
        "An administrator has switched it off, and nothing was changed. A key in the USB port or your phone works without it. To use the reader, load this page again and set Cardea up anew.";
    "blocked", "This card is blocked",
        "The wrong PIN was entered too often. Use another card, and ask your administrator, or who issued this one, to unlock or replace it.";
    "busy", "Another request is open",
        "Cardea on your computer is waiting for an answer to something else. Answer or cancel it there, then try again.";
    "cancelled", "Cancelled",
        "Nothing was changed. Choose how you want to go on.";
    "card-first-refused" | "not-linked", "This card cannot sign you in by itself right now",
        "Go to the sign-in page, use “Show more ways to log in”, then tap your card.";
    "card-known", "This card is in use already",
        "It is on somebody's account here. Use another card or key.";
    "card-revoked", "This card can no longer be used",
        "It was removed from your account. Use another card, or ask your administrator for a new one.";
    "challenge-expired" | "already-used" | "other-challenge" | "other-channel" | "other-ceremony"
        | "one-tap-off" | "other-account" | "earlier-proof"
        | "passkey-challenge" | "passkey-state" | "x509-bound" | "x509-challenge", "That took too long",
        "Nothing was changed. Choose how you want to go on.";
    "code-refused", "This code is not accepted",
        "It is mistyped, used or too old. Check it, or ask your administrator for a new one.";
    "counter-went-back" | "passkey-possible-clone", "This card may have been copied",
        "Its count of uses does not fit what was seen before. Use another card, and tell your administrator.";
    "declined-often", "You said no twice",
        "Cardea on your computer is asked nothing for a minute. Wait, or use another way. If it was not you who asked, tell your administrator.";
    "entra-other-method", "Microsoft Entra does not take this card",
        "It asks for another kind of card or key. Use another one of yours, or leave with “Not you?” and choose another way there.";
    "excluded" | "passkey-excluded", "This card is already yours",
        "It is already on your account. To add another one, use a different card or key.";
    "failed" | "passkey-algorithm" | "passkey-attestation" | "passkey-backup-state" | "passkey-malformed"
        | "passkey-public-key" | "passkey-reserved-id" | "passkey-too-large" | "passkey-type" | "x509-authenticator-data"
        | "x509-malformed" | "x509-too-large" | "x509-type", "The card could not be read",
        "Take it off the reader, put it back flat, and try again. If it happens again, use another card.";
    "full", "There is no room on this card",
        "It holds as many accounts as it can. Use another card or key.";
    "has-card", "You have a card already",
        "A sign-in adds the first card only. Start again with the card that you have; on your account page you can add another.";
    "invalid-request", "Cardea on this computer did not accept the request",
        "Check that the computer's clock is right. If it is, Cardea has to be set up on this computer again; your administrator can help.";
    "key-pin", "This smart card cannot be used",
        "Its key has a PIN of its own, which Cardea does not ask for. Do not try again, for the card may count that as a wrong PIN. Use another card, or ask your administrator.";
    "login-expired" | "nonce-mismatch" | "other-provider" | "unauthenticated" | "unexpected-event", "This sign-in has expired",
        "For your safety it has to be finished within ten minutes. Start again.";
    "network", "The server cannot be reached",
        "Check your network connection, then try again. Nothing was changed.";
    "no-card", "No card was found",
        "Put your card on the reader or plug your key in, then try again.";
    "no-card-allowed", "You have no card yet",
        "Your sign-in was right, but a card cannot be added here. Ask your administrator for a one-time code, then sign in again.";
    "no-credential" | "other-person" | "other-tenant" | "passkey-none"
        | "passkey-other-credential" | "passkey-user-handle" | "x509-other-card", "This is not one of your cards",
        "The card that was used is not on your account here. Use your own card or key.";
    "no-dialog", "Cardea on your computer cannot show its PIN dialog",
        "Nothing was changed, and no PIN was tried. Run cardea-agent doctor there: it says what to do. Or use another way.";
    "no-pin", "This card has no PIN yet",
        "It cannot be used to sign in before it is added to your account. Use another card, or ask your administrator.";
    "not-allowed", "Cancelled, or time ran out",
        "Nothing was changed. If nothing lit up, check that your key is plugged in. A card on a reader may need Cardea on this computer. Then try again.";
    "not-paired", "This browser does not know Cardea on this computer",
        "Go back and use a key or your phone, or another way to log in. The page after that sets Cardea up for a card on a reader.";
    "not-supported", "This browser cannot use cards",
        "Use a current version of Edge, Chrome, Firefox or Safari, or another computer.";
    "other-browser" | "state-mismatch", "This sign-in was started in another browser",
        "Go back to the browser in which you started, or start again here.";
    "overloaded", "The service is busy",
        "Wait a moment, then try again. Nothing was changed.";
    "pairing-elsewhere", "The page to confirm was opened in another browser",
        "For your safety this code is spent. If you did that yourself, get a new code, and give Cardea the program of this browser too: --browser firefox, for example. If you did not, somebody may be trying to sign in as you: tell your administrator.";
    "pairing-expired", "The code is no longer valid",
        "Get a new code and enter it in Cardea on your computer.";
    "pairing-too-often", "Too many tries to set up a computer",
        "For your safety this sign-in sets up no computer any more. Start again, and then give Cardea the code that the page shows.";
    "passkey-backup-eligibility", "This key has to be added again",
        "It is not what it was when it was added to your account. Use another card; then remove this one and add it again on your account page.";
    "passkey-not-present" | "x509-not-present", "Nobody touched the key",
        "Try again, and touch it when it blinks or when the window of your browser asks for it.";
    "passkey-signature" | "x509-certificate-hash" | "x509-signature", "The card’s answer was not valid",
        "It was changed on its way, or the card is faulty. Try again; if it happens again, use another card and tell your administrator.";
    "person-disabled", "Your account is switched off here",
        "Ask your administrator. Nothing that you do on this page can change it.";
    "pin-auth-blocked", "Wrong PIN three times",
        "Take the card off the reader or pull the key out, put it back, and try again with the right PIN.";
    "removed", "The card was taken away too early",
        "Leave it on the reader until this page goes on, and try again.";
    "return-elsewhere", "The page of Cardea was opened in another browser",
        "Nobody was signed in. Make this browser the one that your desktop opens pages in, and try again. If you did not start this sign-in yourself, close this page and tell your administrator.";
    "same-card", "Another card is needed",
        "The card that you want to remove cannot confirm this. Tap one that stays.";
    "settings-changed", "The sign-in settings have changed",
        "An administrator changed how people sign in here while you were doing it. Start again.";
    "timeout", "Time ran out",
        "Nothing was changed. Have your card or key at hand and try again.";
    "too-many", "Too many requests on your computer",
        "Cardea there shows only so many in a minute. Wait a minute, then try again.";
    "too-many-refused", "Too many answers were refused",
        "For your safety this sign-in was ended, and nothing was changed. Start again, with a card or key that is on your account.";
    "too-many-requests", "Too many requests",
        "Wait a minute, then try again.";
    "unknown" | "passkey-configuration" | "passkey-name", "That did not work",
        "Try again. If it happens again, tell your administrator what you did and when.";
    "unsupported-key" | "x509-algorithm", "This smart card cannot be used",
        "Its key is of a kind that Cardea does not take. Ask your administrator for a card with a P-256, P-384 or RSA key.";
    "user-not-verified" | "passkey-not-verified", "The PIN was not checked",
        "Use a card or key that asks for a PIN or a fingerprint.";
    "wrong-address" | "cross-origin" | "passkey-cross-origin" | "passkey-origin" | "passkey-rp-id"
        | "x509-origin" | "x509-rp-id", "Cards do not work at this address",
        "This page was opened under another name than the one your cards know. Open it with the address that your organisation gave you.";
    "x509-by-agent", "Your card is a smart card with a certificate",
        "A browser cannot read it by itself. Use Cardea on this computer; if it is not set up here yet, choose to set it up.";
    "x509-expired" | "x509-not-yet-valid", "The certificate on this card is not valid today",
        "It has ended, or has not begun. Use another card, and ask your administrator for a new certificate.";
    "x509-off", "Smart cards with certificates are not taken here",
        "Use a FIDO2 card, a security key or your phone, or ask your administrator.";
    "x509-other-name" | "x509-no-name", "This certificate does not name your account",
        "Use your own card. If it is yours, ask your administrator: its certificate was issued for another account name.";
    "x509-revocation-unknown" | "x509-foreign-list" | "x509-list-kind" | "x509-revocation-stale", "It cannot be checked whether this card still counts",
        "The list of revoked certificates is missing or out of date; nothing is wrong with your card. Use another card, and tell your administrator.";
    "x509-revoked", "The certificate on this card was revoked",
        "Whoever issued it has withdrawn it. Use another card, and ask your administrator for a new one.";
    "x509-unknown-authority" | "x509-card-authentication" | "x509-extended-key-usage" | "x509-key-usage"
        | "x509-not-an-authority" | "x509-path" | "x509-policy" | "x509-version", "This smart card is not taken here",
        "Its certificate was not issued for signing in here. Use another card, or ask your administrator which cards are taken.";
};

/// Lines of the script, in the order of their codes.
pub const STATUSES: &[Status] = &[
    Status { code: "asking-agent", text: "Sending the request to your computer…" },
    Status { code: "asking-server", text: "One moment…" },
    Status { code: "by-agent", text: "With Cardea on {0}" },
    Status { code: "cancelled", text: "Cancelled. Nothing was changed." },
    Status { code: "checking", text: "Checking…" },
    Status { code: "claimed", text: "Your computer shows the request." },
    Status { code: "code-waits", text: "Waiting for Cardea to use the code…" },
    Status { code: "done", text: "Done. One moment…" },
    Status { code: "ends-soon", text: "Microsoft waits for {0} seconds more." },
    Status { code: "enrolled", text: "{0} has used the code. Confirm on the page that it opens." },
    Status { code: "follow-browser", text: "Follow the window of your browser." },
    Status {
        code: "opening",
        text: "Your browser asks whether to open Cardea: allow it. Does it not ask? Then Cardea is not on this computer yet.",
    },
    Status { code: "paired", text: "Paired with {0}. It is connecting…" },
    Status { code: "pushed", text: "The request is on its way to your computer." },
    Status { code: "renewed", text: "Time ran out, so you were asked again." },
    Status {
        code: "returning",
        text: "Your card has answered. Cardea opens a page in this browser.",
    },
    Status { code: "seconds-left", text: "{0} seconds left" },
];

/// Login page: "Cancel" at the provider.
pub const LOGIN_CANCELLED_AT_PROVIDER: Notice = Notice {
    title: "You cancelled the sign-in",
    text: "Nothing was changed. Choose a way to log in to start again.",
};
/// Login page: the card of the session was removed.
pub const LOGIN_CARD_REMOVED: Notice = Notice {
    title: "Your card was removed",
    text: "This ended the session that it opened. Log in with another card to go on.",
};
/// Login page: the card left its reader.
pub const LOGIN_CARD_LIFTED: Notice = Notice {
    title: "Your card was taken away",
    text: "This ended the session that it opened. Put it back and log in to go on.",
};
/// Login page: the agent that watched the card did not come back.
pub const LOGIN_AGENT_LOST: Notice = Notice {
    title: "The computer with your card went away",
    text: "Nothing could tell any more whether your card is still there, so your session was ended. \
           Log in again to go on.",
};
/// Login page: the card was tapped at another computer.
pub const LOGIN_TAPPED_ELSEWHERE: Notice = Notice {
    title: "Your card was used at another computer",
    text: "You are signed in at one computer at a time: this ended your session here. If that was not \
           you, tell an administrator.",
};
/// Login page: the session is over.
pub const LOGIN_SESSION_OVER: Notice = Notice {
    title: "Your session is over",
    text: "It was too old, or it was ended elsewhere. Log in again to go on.",
};
/// Login page: the application asks for somebody else than who is signed in.
pub const LOGIN_OTHER_ACCOUNT: Notice = Notice {
    title: "Another account is asked for",
    text: "The application asks for somebody else than who is signed in here. Sign in with the account \
           that you want to use there.",
};
/// Account page: a card was added.
pub const CARD_ADDED: Notice =
    Notice { title: "The card is on your account", text: "You can use it from now on." };
/// Account page: a card has a new name.
pub const CARD_RENAMED: Notice = Notice { title: "The card has its new name", text: "" };
/// Account page: a card was removed.
pub const CARD_REMOVED: Notice = Notice {
    title: "The card is removed",
    text: "It no longer opens your account, and the sessions that it opened are ended.",
};
/// Account page: a session was ended.
pub const SESSION_ENDED: Notice = Notice { title: "The session is ended", text: "" };
/// Account page: a computer has a new name.
pub const COMPUTER_RENAMED: Notice = Notice { title: "The computer has its new name", text: "" };
/// Account page: a computer was removed.
pub const COMPUTER_REMOVED: Notice = Notice {
    title: "The computer is removed",
    text: "No browser asks Cardea there for a card any more. To use it again, set it up again.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_each_has_one_text() {
        assert!(FAILURES.is_sorted_by(|a, b| a.code < b.code));
        let also = FAILURES.iter().flat_map(|failure| failure.also);
        let mut codes: Vec<_> = FAILURES.iter().map(|failure| &failure.code).chain(also).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
        assert!(STATUSES.is_sorted_by(|a, b| a.code < b.code));
    }

    #[test]
    fn a_failure_without_words_is_told_all_the_same() {
        assert_eq!(Failure::of("eaten-by-the-dog"), Failure::of("unknown"));
        assert_eq!(Failure::of("passkey-none"), Failure::of("no-credential"));
        assert_eq!(Failure::of("no-card").title, "No card was found");
    }

    /// The stable names in the source of an enum: what stands behind the arrows of its `code`.
    fn codes_in(source: &'static str) -> Vec<&'static str> {
        let (_, code) = source.split_once("pub fn code(self)").unwrap();
        let (code, _) = code.split_once("\n}").unwrap();
        code.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn whatever_refuses_has_words() {
        let refusals = codes_in(include_str!("../../../login/src/guard.rs"));
        let passkeys = codes_in(include_str!("../../../passkeys/src/error.rs"));
        let certificates = codes_in(include_str!("../../../x509-cards/src/error.rs"));
        assert!(certificates.len() > 20, "{certificates:?}");
        assert!(refusals.len() > 20 && passkeys.len() > 20, "{refusals:?} {passkeys:?}");
        for code in refusals.into_iter().chain(passkeys).chain(certificates) {
            assert!(FAILURES.iter().any(|failure| failure.has(code)), "{code}");
        }
    }

    #[test]
    fn whatever_an_agent_refuses_with_has_words() {
        // Each name that the protocol knows parses as itself, and any other one as `Unknown`.
        let source = include_str!("../../../agent-protocol/src/outcome.rs");
        let (_, variants) = source.split_once("pub enum Refused {").unwrap();
        let (variants, _) = variants.split_once("\n}").unwrap();
        let names = variants.lines().filter_map(|line| line.trim().strip_suffix(','));
        let names: Vec<String> = names.filter(|name| !name.starts_with('/')).map(kebab).collect();
        assert!(names.len() > 12, "{names:?}");
        for name in names {
            let refused: agent_protocol::Refused =
                serde_json::from_value(serde_json::json!(name)).unwrap();
            let known = refused != agent_protocol::Refused::Unknown || name == "unknown";
            assert!(known, "{name}");
            assert!(FAILURES.iter().any(|failure| failure.has(&name)), "{name}");
        }
    }

    fn kebab(variant: &str) -> String {
        let mut name = String::new();
        for letter in variant.chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    #[test]
    fn what_the_agent_and_the_server_refuse_for_reasons_of_their_own_is_told_apart() {
        assert_ne!(Failure::of("no-card"), Failure::of("no-card-allowed"));
        assert_ne!(Failure::of("too-many"), Failure::of("too-many-requests"));
    }

    #[test]
    fn a_sentence_ends_and_a_title_does_not() {
        for failure in FAILURES {
            assert!(failure.text.ends_with('.'), "{}", failure.code);
            assert!(!failure.title.ends_with('.'), "{}", failure.code);
        }
    }
}
