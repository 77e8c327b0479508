use super::*;

#[test]
fn t10_answers_go_to_the_three_constants_alone() {
    let clouds = Cloud::microsoft();
    let authorities: Vec<&str> = clouds.iter().map(Cloud::authority).collect();
    assert_eq!(authorities, MICROSOFT);
    for (authority, address) in [
        (
            "https://login.microsoftonline.com",
            "https://login.microsoftonline.com/common/federation/externalauthprovider",
        ),
        (
            "https://login.microsoftonline.us",
            "https://login.microsoftonline.us/common/federation/externalauthprovider",
        ),
        (
            "https://login.partner.microsoftonline.cn",
            "https://login.partner.microsoftonline.cn/common/federation/externalauthprovider",
        ),
    ] {
        let cloud = Cloud::returning_to(&clouds, address).unwrap();
        assert_eq!((cloud.authority(), cloud.return_address().as_str()), (authority, address));
        assert_eq!(cloud.return_address().origin(), authority);
    }
}

#[test]
fn t10_an_address_that_is_only_similar_is_none() {
    let good = "https://login.microsoftonline.com/common/federation/externalauthprovider";
    let other = |from: &str, to: &str| good.replacen(from, to, 1);
    for bad in [
        String::new(),
        format!("{good}/"),
        format!("{good}?"),
        format!("{good}?a=b"),
        format!("{good}#"),
        format!("{good}/../evil"),
        format!(" {good}"),
        format!("{good} "),
        format!("{good}\0"),
        good.to_uppercase(),
        other("login", "Login"),
        other("externalauthprovider", "ExternalAuthProvider"),
        other("https", "http"),
        other("https", "HTTPS"),
        other(".com/", ".com:443/"),
        other(".com/", ".com./"),
        other(".com/", ".com.evil.example/"),
        other("login", "evil.example/login"),
        other("login", "user@login"),
        other("https://login", "https://evil.example@login"),
        other("common", "COMMON"),
        other("common/", "common//"),
        other("common", "%63ommon"),
        other("login.microsoftonline.com", "login.windows.net"),
        other("login.microsoftonline.com", "login.chinacloudapi.cn"),
    ] {
        assert!(Cloud::returning_to(&Cloud::microsoft(), &bad).is_none(), "{bad}");
    }
}

#[test]
fn an_operator_may_name_a_further_cloud() {
    let authority = "http://127.0.0.1:4040";
    let address = "http://127.0.0.1:4040/common/federation/externalauthprovider";
    let clouds = vec![Cloud::named("http://127.0.0.1:4040/", address).unwrap()];
    let found = Cloud::returning_to(&clouds, address).unwrap();
    assert_eq!((found.authority(), found.return_address().origin()), (authority, authority.into()));
    assert!(Cloud::returning_to(&clouds, &Cloud::microsoft()[0].return_address.0).is_none());
}

#[test]
fn addresses_that_are_none_cannot_be_named() {
    let good = "https://login.example/return";
    for bad in
        ["", "login.example", "ftp://a", "https://a/path", "https://u@a", "https://a?b", "data:,x"]
    {
        assert_eq!(Cloud::named(bad, good), Err(CloudError::Authority), "{bad}");
    }
    let long = format!("https://a/{}", "a".repeat(MAX_ADDRESS));
    for bad in [
        "",
        "/return",
        "https://a",
        "https://A/r",
        "https://a:443/r",
        "https://a/r?b",
        "https://a/r#",
        "https://u:p@a/r",
        "javascript:alert(1)",
        "https://a/../r",
        &long,
    ] {
        assert_eq!(Cloud::named("https://a", bad), Err(CloudError::ReturnAddress), "{bad}");
    }
}
