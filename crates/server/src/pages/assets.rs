//! The files that pages refer to, built into the program and named by their content.
//!
//! The URL of a file contains a hash of its bytes, so a browser may keep it for a year and a new
//! version of the program is seen at once.

use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    hash: String,
    url: String,
}

static ASSETS: LazyLock<[Asset; 7]> = LazyLock::new(|| {
    [
        load(
            "answer.js",
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/answer.js"),
        ),
        load("card.js", "text/javascript; charset=utf-8", CARD.as_bytes()),
        load("cardea.css", "text/css; charset=utf-8", include_bytes!("../../assets/cardea.css")),
        load(
            "console.js",
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/console.js"),
        ),
        load("icon.svg", "image/svg+xml", include_bytes!("../../assets/icon.svg")),
        load("pair.js", "text/javascript; charset=utf-8", include_bytes!("../../assets/pair.js")),
        load(
            "session.js",
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/session.js"),
        ),
    ]
});

/// One module in two files: what browsers may lack, and the ceremony.
const CARD: &str =
    concat!(include_str!("../../assets/webauthn.js"), include_str!("../../assets/card.js"));

fn load(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    let hash = format!("{:016x}", fnv1a(bytes));
    Asset { name, content_type, bytes, url: format!("/static/{hash}/{name}"), hash }
}

/// FNV-1a, 64 bits: tells versions of our own files apart. Guards against nothing.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The bytes and the content type of a file, by its name without the hash.
pub fn asset(name: &str) -> Option<(&'static [u8], &'static str)> {
    find(name).map(|asset| (asset.bytes, asset.content_type))
}

/// The hash in the URL of a file. A request with another one comes from a page of another
/// version: it may be answered, but not be kept.
pub fn asset_hash(name: &str) -> Option<&'static str> {
    find(name).map(|asset| asset.hash.as_str())
}

/// The URL of a file, `/static/{hash}/{name}`; empty for a name that there is none of, which the
/// tests of the pages would see.
pub fn asset_url(name: &str) -> &'static str {
    find(name).map_or("", |asset| asset.url.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // The algorithm's published test vectors.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_file_is_found_under_the_name_in_its_url() {
        for asset_ in ASSETS.iter() {
            let parts: Vec<_> = asset_.url.split('/').collect();
            assert_eq!(parts, ["", "static", &asset_.hash, asset_.name]);
            assert_eq!(asset(asset_.name), Some((asset_.bytes, asset_.content_type)));
            assert_eq!(asset_hash(asset_.name), Some(asset_.hash.as_str()));
            assert_eq!(asset_url(asset_.name), asset_.url);
        }
    }

    #[test]
    fn what_is_no_file_has_no_bytes() {
        assert_eq!(asset("../cardea.css"), None);
        assert_eq!(asset_url("nothing.css"), "");
    }
}
