use super::*;

const OID: &str = "11112222-3333-4444-5555-666677778888";
const ONE: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const TWO: &str = "aaaabbbb-0000-cccc-1111-dddd2222ffff";

fn graph() -> Url {
    Url::parse("https://graph.microsoft.com").unwrap()
}

#[test]
fn asks_for_a_token_of_the_application_for_all_that_was_granted() {
    let secret = Secret::from("s&cret".to_owned());
    for graph in ["https://graph.microsoft.com", "https://graph.microsoft.com/"] {
        let graph = Url::parse(graph).unwrap();
        let request =
            ApplicationTokenRequest { client_id: "id", client_secret: &secret, graph: &graph };
        let form = request.form();
        let pairs: Vec<_> = form_urlencoded::parse(form.expose()).into_owned().collect();
        let expected = [
            ("grant_type", "client_credentials"),
            ("client_id", "id"),
            ("client_secret", "s&cret"),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

#[test]
fn a_token_is_a_bearer_token_that_is_there() {
    let body = |text: &str| text.as_bytes().to_vec();
    let good = body(r#"{"token_type":"Bearer","expires_in":3599,"access_token":"t"}"#);
    let token = ApplicationToken::parse(200, &good).unwrap();
    assert_eq!(
        (token.access_token.expose_text(), token.lifetime),
        (Some("t"), Duration::from_secs(3599))
    );
    let long = "t".repeat(MAX_ACCESS_TOKEN + 1);
    let long = format!(r#"{{"token_type":"Bearer","access_token":"{long}"}}"#);
    for (bad, error) in [
        (r#"{"token_type":"Bearer","expires_in":3599}"#, TokenResponseError::AccessToken),
        (r#"{"token_type":"Bearer","access_token":""}"#, TokenResponseError::AccessToken),
        (r#"{"token_type":"Bearer","access_token":"a b"}"#, TokenResponseError::AccessToken),
        (&long, TokenResponseError::AccessToken),
        (r#"{"token_type":"pop","access_token":"t"}"#, TokenResponseError::TokenType),
        ("[]", TokenResponseError::NotJson),
    ] {
        assert_eq!(ApplicationToken::parse(200, &body(bad)).unwrap_err(), error, "{bad}");
    }
    let refused = body(r#"{"error":"invalid_client","error_codes":[7000215]}"#);
    let refused = ApplicationToken::parse(401, &refused).unwrap_err();
    assert!(matches!(refused, TokenResponseError::Refused(_)), "{refused}");
    let forever = body(r#"{"token_type":"Bearer","access_token":"t","expires_in":"soon"}"#);
    assert_eq!(ApplicationToken::parse(200, &forever).unwrap().lifetime, Duration::ZERO);
}

#[test]
fn addresses_are_below_the_person() {
    let asked = MemberGroups::of(&graph(), OID).unwrap();
    let person = format!("https://graph.microsoft.com/v1.0/users/{OID}");
    assert_eq!(asked.url.as_str(), format!("{person}/getMemberGroups"));
    assert_eq!(asked.body, br#"{"securityEnabledOnly":true}"#);
    let first = GroupsPage::first(&graph(), OID).unwrap();
    let query = "%24count=true&%24select=id%2CsecurityEnabled&%24top=999";
    let expected = format!("{person}/transitiveMemberOf/microsoft.graph.group?{query}");
    assert_eq!(first.as_str(), expected);
    for no_oid in ["", "me", "../groups", "mia@acme.example"] {
        assert_eq!(MemberGroups::of(&graph(), no_oid), None, "{no_oid}");
        assert_eq!(GroupsPage::first(&graph(), no_oid), None, "{no_oid}");
    }
}

#[test]
fn groups_are_object_ids_and_nothing_else() {
    let upper = ONE.to_ascii_uppercase();
    let good = format!(r#"{{"value":["{upper}","{TWO}"]}}"#);
    assert_eq!(member_groups(good.as_bytes()), Some(vec![ONE.to_owned(), TWO.to_owned()]));
    assert_eq!(member_groups(br#"{"value":[]}"#), Some(Vec::new()));
    for bad in ["", "[]", "{}", r#"{"value":null}"#, r#"{"value":["x"]}"#, r#"{"value":[7]}"#] {
        assert_eq!(member_groups(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn a_page_holds_security_groups_and_leads_nowhere_else() {
    let page = |next: &str| {
        let groups = format!(
            r#"[{{"id":"{ONE}","securityEnabled":true}},{{"id":"{TWO}","securityEnabled":false}}]"#
        );
        format!(r#"{{"value":{groups}{next}}}"#).into_bytes()
    };
    let link = "https://graph.microsoft.com/v1.0/x?$skiptoken=1";
    let next = format!(r#","@odata.nextLink":"{link}""#);
    let read = GroupsPage::parse(&graph(), &page(&next)).unwrap();
    assert_eq!(read, GroupsPage { groups: vec![ONE.to_owned()], next: Url::parse(link).ok() });
    assert_eq!(GroupsPage::parse(&graph(), &page("")).unwrap().next, None);
    for elsewhere in [
        "https://graph.evil.example/v1.0/x",
        "https://graph.microsoft.com/beta/x",
        "http://graph.microsoft.com/v1.0/x",
        "https://a:b@graph.microsoft.com/v1.0/x",
        "/v1.0/x",
    ] {
        let next = format!(r#","@odata.nextLink":"{elsewhere}""#);
        assert_eq!(GroupsPage::parse(&graph(), &page(&next)), None, "{elsewhere}");
    }
    let unsaid = format!(r#"{{"value":[{{"id":"{ONE}","securityEnabled":null}}]}}"#);
    for bad in ["{}", r#"{"value":[7]}"#, r#"{"value":[{"securityEnabled":true}]}"#, &unsaid] {
        assert_eq!(GroupsPage::parse(&graph(), bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn the_size_limit_is_told_from_other_errors() {
    let error = |code: &str| format!(r#"{{"error":{{"code":"{code}"}}}}"#);
    assert!(is_size_limit(error("Directory_ResultSizeLimitExceeded").as_bytes()));
    for other in [error("Request_BadRequest"), "{}".to_owned(), r#"{"error":"x"}"#.to_owned()] {
        assert!(!is_size_limit(other.as_bytes()), "{other}");
    }
}
