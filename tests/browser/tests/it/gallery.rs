//! Every page of the server has its pictures.

use std::collections::BTreeSet;
use std::path::Path;

use browser::{Scheme, gallery};

#[test]
fn every_page_has_a_picture_and_no_picture_is_of_nothing() {
    let samples = server::pages::samples().unwrap();
    for shot in gallery::SAMPLES {
        assert!(samples.iter().any(|sample| sample.name == shot.of), "no sample {}", shot.of);
    }
    // A real page of the console goes by the name of its samples.
    let of_samples = gallery::SAMPLES.iter().filter_map(|shot| {
        samples.iter().find(|sample| sample.name == shot.of).map(|sample| sample.page.as_str())
    });
    let pictured: BTreeSet<_> = of_samples.chain(gallery::all().map(|shot| shot.picture)).collect();
    let pages: BTreeSet<_> = samples.iter().map(|sample| sample.page.as_str()).collect();
    assert_eq!(pages.difference(&pictured).collect::<Vec<_>>(), [&""; 0]);
}

#[test]
fn the_pictures_that_are_kept_are_those_of_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
    let files = std::fs::read_dir(folder).unwrap();
    let kept: BTreeSet<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let wanted: BTreeSet<_> = gallery::all()
        .flat_map(|shot| shot.widths().map(move |(_, narrow)| (shot.picture, narrow)))
        .flat_map(|(name, narrow)| {
            [Scheme::Light, Scheme::Dark]
                .map(|scheme| format!("{name}{narrow}-{}.png", scheme.name()))
        })
        .collect();
    let missing: Vec<_> = wanted.difference(&kept).collect();
    let left_over: Vec<_> = kept.difference(&wanted).collect();
    assert!(
        missing.is_empty() && left_over.is_empty(),
        "`cargo xtask pictures` makes them; missing: {missing:?}, of nothing: {left_over:?}"
    );
}
