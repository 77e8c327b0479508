//! The style sheet's promise about colours, checked from its own text (WCAG 2.2, 1.4.3 and 1.4.11).

use std::collections::BTreeMap;

use super::asset;

/// The properties of one colour scheme, as `name -> #rrggbb`.
fn colours(css: &str) -> BTreeMap<&str, &str> {
    let lines = css.lines().map(str::trim).take_while(|line| *line != "}");
    let pairs =
        lines.filter_map(|line| line.strip_prefix("--")?.trim_end_matches(';').split_once(": "));
    pairs.filter(|(_, value)| value.starts_with('#')).collect()
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let channel = |at: std::ops::Range<usize>| {
        let value = f64::from(u8::from_str_radix(&colour[at], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1..3) + 0.7152 * channel(3..5) + 0.0722 * channel(5..7)
}

#[test]
fn text_and_edges_stand_out_from_every_ground_in_light_and_in_dark() {
    let css = std::str::from_utf8(asset("cardea.css").unwrap().0).unwrap();
    let schemes: Vec<_> = css.split(":root {\n").skip(1).take(2).map(colours).collect();
    assert_eq!(schemes.len(), 2);
    for (scheme, colour) in ["light", "dark"].iter().zip(&schemes) {
        let demand = |front: &str, back: &str, least: f64| {
            let (one, other) = (luminance(colour[front]), luminance(colour[back]));
            let ratio = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            assert!(ratio >= least, "{scheme}: {front} on {back} is {ratio:.2}");
        };
        for ground in ["ground", "sheet", "sunk"] {
            for text in ["ink", "soft", "accent", "accent-strong"] {
                demand(text, ground, 4.5);
            }
            demand("edge", ground, 3.0);
            demand("accent", ground, 3.0);
        }
        for tone in ["info", "good", "warning", "bad", "accent"] {
            let ground = format!("{tone}-ground");
            demand(tone, &ground, 4.5);
            demand("ink", &ground, 4.5);
            demand("accent", &ground, 4.5);
            demand(tone, "sheet", 4.5);
        }
        for (front, back) in [
            ("on-accent", "accent"),
            ("on-accent", "accent-strong"),
            ("on-bad", "bad"),
            ("on-bad", "bad-strong"),
        ] {
            demand(front, back, 4.5);
        }
    }
}
