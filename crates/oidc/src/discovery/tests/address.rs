use super::*;

#[test]
fn everything_that_names_a_directory_becomes_its_v2_metadata_address() {
    use AddressNote::{CompletedDirectory, OtherEndpoint, RemovedInvisible, UpgradedToV2};
    let base = "https://login.microsoftonline.com";
    let upper = TID.to_uppercase();
    for (name, pasted, notes) in [
        ("the address itself", global(TID), vec![]),
        ("id in capitals", global(&upper), vec![]),
        ("v1.0", format!("{base}/{TID}/{WELL_KNOWN}"), vec![UpgradedToV2]),
        ("issuer", format!("{base}/{TID}/v2.0"), vec![OtherEndpoint]),
        ("issuer with a slash", format!("{base}/{TID}/v2.0/"), vec![OtherEndpoint]),
        ("v1.0 issuer", format!("https://sts.windows.net/{TID}/"), vec![OtherEndpoint]),
        ("authorize", format!("{base}/{TID}/oauth2/v2.0/authorize"), vec![OtherEndpoint]),
        ("token, v1.0", format!("{base}/{TID}/oauth2/token"), vec![OtherEndpoint]),
        ("keys", format!("{base}/{TID}/discovery/v2.0/keys"), vec![OtherEndpoint]),
        (
            "SAML",
            format!("{base}/{TID}/federationmetadata/2007-06/federationmetadata.xml"),
            vec![OtherEndpoint],
        ),
        ("authority", format!("{base}/{TID}"), vec![OtherEndpoint]),
        ("old host", format!("https://login.windows.net/{TID}/v2.0/{WELL_KNOWN}"), vec![]),
        ("without https", format!("login.microsoftonline.com/{TID}/v2.0/{WELL_KNOWN}"), vec![]),
        ("a bare id", TID.to_owned(), vec![CompletedDirectory]),
        ("an id in braces", format!("{{{upper}}}"), vec![CompletedDirectory]),
        ("blanks", format!(" \t{}\r\n", global(TID)), vec![RemovedInvisible]),
        ("zero-width blanks", format!("\u{200b}{}\u{feff}", global(TID)), vec![RemovedInvisible]),
        ("zero-width inside", global(TID).replace("v2", "v\u{200d}2"), vec![RemovedInvisible]),
        ("quotes", format!("\"{}\"", global(TID)), vec![RemovedInvisible]),
        ("fragment", format!("{}#x", global(TID)), vec![]),
        ("double slash", format!("{base}//{TID}/v2.0/{WELL_KNOWN}"), vec![]),
    ] {
        let found = address(&pasted).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((found.url.as_str(), found.notes), (global(TID).as_str(), notes), "{name}");
        assert_eq!(found.directory, Some(Directory::Guid(TID.to_owned())), "{name}");
    }
}

#[test]
fn domains_and_shared_authorities_are_kept_as_they_are() {
    for (pasted, directory) in [
        ("contoso.example", Directory::Domain("contoso.example".to_owned())),
        ("Contoso.onMicrosoft.com", Directory::Domain("contoso.onmicrosoft.com".to_owned())),
        (&global("Contoso.Example"), Directory::Domain("contoso.example".to_owned())),
        (&global("common"), Directory::Shared("common".to_owned())),
        (&global("Organizations"), Directory::Shared("organizations".to_owned())),
        (&global("consumers"), Directory::Shared("consumers".to_owned())),
    ] {
        assert_eq!(address(pasted).unwrap().directory, Some(directory), "{pasted}");
    }
}

#[test]
fn each_cloud_keeps_its_host() {
    for host in [
        "https://login.microsoftonline.us",
        "https://login.partner.microsoftonline.cn",
        "http://127.0.0.1:4444",
    ] {
        let found = address(&format!("{host}/{TID}/{WELL_KNOWN}")).unwrap();
        assert_eq!(found.url.as_str(), format!("{host}/{TID}/v2.0/{WELL_KNOWN}"));
    }
}

#[test]
fn an_app_with_keys_of_its_own_keeps_its_parameter() {
    let asked = format!("{}?appid={OTHER_TID}&x=y", global(TID));
    assert_eq!(address(&asked).unwrap().url.query(), Some(format!("appid={OTHER_TID}").as_str()));
    assert_eq!(address(&format!("{}?appid=evil", global(TID))).unwrap().url.query(), None);
}

#[test]
fn issuers_of_other_providers_get_the_well_known_path() {
    for (pasted, url) in [
        ("https://id.example", "https://id.example/.well-known/openid-configuration"),
        (
            "https://id.example/realms/a/",
            "https://id.example/realms/a/.well-known/openid-configuration",
        ),
        ("id.example/realms/a", "https://id.example/realms/a/.well-known/openid-configuration"),
        (
            "https://id.example/.well-known/openid-configuration?p=x",
            "https://id.example/.well-known/openid-configuration?p=x",
        ),
    ] {
        let found = address(pasted).unwrap();
        assert_eq!((found.url.as_str(), found.directory), (url, None));
    }
}

#[test]
fn everything_else_is_refused_with_what_to_do() {
    use AddressError as E;
    let cloud = |host: &str| E::UnknownCloud(host.to_owned());
    for (name, pasted, error) in [
        ("nothing", "", E::Empty),
        ("blanks", " \u{200b}\n", E::Empty),
        ("too long", &"a".repeat(2049), E::TooLong),
        ("an e-mail address", "ann@contoso.example", E::EmailAddress),
        ("two words", "my directory", E::NotAnAddress),
        ("a script", "javascript:alert(1)//x", E::NotAnAddress),
        ("a file", "file:///etc/passwd", E::NotAnAddress),
        ("another scheme", "ftp://id.example/", E::NotAnAddress),
        ("no host", "https://", E::NotAnAddress),
        ("http", "http://id.example/", E::NotHttps),
        ("http to another port of the stand-in", "http://127.0.0.1:4445/", E::NotHttps),
        ("a user name", "https://ann@id.example/", E::UserInfo),
        ("a password", &global(TID).replace("://", "://a:b@"), E::UserInfo),
        ("a host alone", "https://login.microsoftonline.com/", E::NoDirectory),
        (
            "metadata of nobody",
            &format!("https://login.microsoftonline.com/{WELL_KNOWN}"),
            E::NoDirectory,
        ),
        ("no directory", &global("my-company"), E::BadDirectory("my-company".to_owned())),
        ("half an id", &global(&TID[..35]), E::BadDirectory(TID[..35].to_owned())),
        ("an address as directory", &global("10.0.0.1"), E::BadDirectory("10.0.0.1".to_owned())),
        (
            "the German cloud",
            &global(TID).replace(".com", ".de"),
            cloud("login.microsoftonline.de"),
        ),
        ("a typing error", &global(TID).replace(".com", ".co"), cloud("login.microsoftonline.co")),
        (
            "a host that only looks like it",
            &global(TID).replace(".com", ".com.evil.example"),
            cloud("login.microsoftonline.com.evil.example"),
        ),
    ] {
        assert_eq!(address(pasted).unwrap_err(), error, "{name}");
    }
}

#[test]
fn capitals_in_scheme_host_and_domain_do_not_count() {
    let found = address("HTTPS://LOGIN.MicrosoftOnline.COM/Contoso.Example/v2.0").unwrap();
    assert_eq!(found.url.as_str(), global("contoso.example"));
    assert_eq!(address("Contoso.Example").unwrap().url.as_str(), global("contoso.example"));
}
