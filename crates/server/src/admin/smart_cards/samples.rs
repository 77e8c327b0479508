use identity::X509Policy;

use super::{Row, SmartCardsPage, authority, new, rules};
use crate::admin::form::Problems;
use crate::admin::samples::head;
use crate::pages::sample::{Rendered, Text, rendered};
use crate::pages::{ConsoleFrame, Section, Tone};

pub(in crate::admin) fn samples(text: Text<'_>) -> Rendered {
    let frame = || ConsoleFrame::sample(text, Section::SmartCards);
    let base = text("/admin/tenants/acme/smart-cards");
    let page = |authorities| SmartCardsPage {
        console: frame(),
        head: head(text, "Smart cards"),
        base: base.clone(),
        rules: rules(&X509Policy::default()),
        authorities,
    };
    let row = |ends: (Tone, &str), list: (Tone, &str), failed: Option<&str>| Row {
        id: text("5fd1"),
        name: text("Hospital cards 2026"),
        subject: text("CN=Acme cards, O=Acme Hospital"),
        ends: (ends.0, text(ends.1)),
        list: (list.0, text(list.1)),
        failed: failed.map(text),
    };
    let rows = vec![
        row(
            (Tone::Good, "Valid: 1 March 2031"),
            (Tone::Good, "In force until 5 December 2026, 14:00 UTC"),
            None,
        ),
        row(
            (Tone::Warning, "Ends soon: 12 January 2027"),
            (Tone::Bad, "Out of date since 28 November 2026, 14:00 UTC"),
            Some("Not fetched on 29 November 2026, 09:05 UTC: the answer is status 404."),
        ),
    ];
    let mut all = rendered(vec![("none", page(Vec::new())), ("some", page(rows))])?;
    all.extend(forms(text, &base)?);
    Ok(all)
}

fn forms(text: Text<'_>, base: &str) -> Rendered {
    let frame = || ConsoleFrame::sample(text, Section::SmartCards);
    let wrong = || text("Enter something else.");
    let rules = rules::Form::of(&X509Policy::default()).sheet();
    let rules = rules.page(frame(), head(text, "What is taken"), base);
    let new = new::Form { name: text("Cards"), certificate: text("hello") }.sheet();
    let new = new.page(frame(), head(text, "Add authority"), base);
    let form = authority::Form {
        name: text("Hospital cards 2026"),
        list_url: text("http://pki.acme.example/cards.crl"),
        list: text(""),
    };
    let subject = text("CN=Acme cards");
    let edit = authority::form_page(frame(), head(text, "Cards"), &form, &subject, base, "5fd1");
    rendered(vec![
        ("rules", rules.with(Problems::of("usages", wrong()))),
        ("new", new.with(Problems::of("certificate", wrong()))),
        ("authority", edit.with(Problems::of("list_url", wrong()))),
    ])
}
