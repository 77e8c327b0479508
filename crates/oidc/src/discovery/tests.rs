mod address;
mod metadata;

use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::MAX_BODY;
use crate::testing::with;

const TID: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const OTHER_TID: &str = "bbbbcccc-1111-dddd-2222-eeee3333ffff";
const WELL_KNOWN: &str = ".well-known/openid-configuration";

fn stand_in() -> Vec<EntraCloud> {
    vec![EntraCloud {
        name: "Stand-in".to_owned(),
        authority: Url::parse("http://127.0.0.1:4444").unwrap(),
        graph: None,
    }]
}

fn address(pasted: &str) -> Result<MetadataAddress, AddressError> {
    MetadataAddress::parse(pasted, &stand_in())
}

fn global(directory: &str) -> String {
    format!("https://login.microsoftonline.com/{directory}/v2.0/{WELL_KNOWN}")
}
