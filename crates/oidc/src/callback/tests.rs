use super::*;

fn state() -> String {
    Token::new([9; 32]).reveal()
}

fn parse(query: &str) -> Result<Callback, CallbackError> {
    Callback::parse(&query.replace("STATE", &state()))
}

#[test]
fn reads_a_code() {
    let query = "code=0.AAA-b_c~d%2Be&state=STATE&session_state=ff-00";
    let Ok(Callback::Code { code, state, iss: None }) = parse(query) else { panic!("no code") };
    assert_eq!(code.expose_text(), Some("0.AAA-b_c~d+e"));
    assert!(state.matches(&Token::new([9; 32])));
}

#[test]
fn reads_an_error_with_what_support_asks_for() {
    let query = "error=access_denied&error_description=AADSTS65004%3a+User+declined.%0d%0aTrace+ID%3a\
        +11111111-2222-3333-4444-555555555555%0d%0aCorrelation+ID%3a+66666666-7777-8888-9999-000000000000\
        %0d%0aTimestamp%3a+2026-11-23+15%3a04%3a05Z&error_uri=https%3a%2f%2flogin.microsoftonline.com\
        %2ferror%3fcode%3d65004&state=STATE";
    let Ok(Callback::Error { error, report, .. }) = parse(query) else { panic!("no error") };
    assert_eq!(error, ErrorCode::AccessDenied);
    assert_eq!(report.aadsts, Some(65_004));
    assert_eq!(report.trace_id.as_deref(), Some("11111111-2222-3333-4444-555555555555"));
    assert_eq!(report.correlation_id.as_deref(), Some("66666666-7777-8888-9999-000000000000"));
    assert_eq!(report.timestamp.as_deref(), Some("2026-11-23 15:04:05Z"));
}

#[test]
fn an_error_without_description_is_an_answer_too() {
    let Ok(Callback::Error { error, report, .. }) = parse("error=odd_thing&state=STATE") else {
        panic!("no error")
    };
    assert_eq!((error.as_str(), report), ("odd_thing", Report::default()));
}

#[test]
fn the_issuer_must_match_when_it_is_named() {
    let named = parse("code=c&state=STATE&iss=https%3A%2F%2Fid.example").unwrap();
    assert!(named.may_come_from("https://id.example"));
    assert!(!named.may_come_from("https://other.example"));
    assert!(!named.may_come_from("https://id.example/"));
    assert!(parse("code=c&state=STATE").unwrap().may_come_from("https://id.example"));
}

#[test]
fn everything_else_is_a_named_error() {
    use CallbackError as E;
    let long_code = format!("code={}&state=STATE", "a".repeat(MAX_CODE + 1));
    let long_query = format!("code=c&state=STATE&x={}", "a".repeat(MAX_QUERY));
    let names: Vec<String> = (0..64).map(|n| format!("p{n}=")).collect();
    let many = format!("code=c&state=STATE&{}", names.join("&"));
    let long_word = "w".repeat(MAX_WORD + 1);
    for (name, query, error) in [
        ("nothing", "", E::MissingState),
        ("code without state", "code=c", E::MissingState),
        ("error without state", "error=access_denied", E::MissingState),
        ("state empty", "code=c&state=", E::State),
        ("state of somebody else", "code=c&state=xyz", E::State),
        ("state one character short", &format!("code=c&state={}", &state()[1..]), E::State),
        ("state one character long", "code=c&state=STATEA", E::State),
        ("state with padding", "code=c&state=STATE%3D", E::State),
        ("state with a blank", "code=c&state=STATE%20", E::State),
        ("state with a line feed", "code=c&state=STATE%0A", E::State),
        ("state of broken UTF-8", "code=c&state=%FF%FE", E::State),
        ("neither code nor error", "state=STATE", E::NeitherCodeNorError),
        ("only a stranger's parameter", "state=STATE&token=t", E::NeitherCodeNorError),
        ("implicit flow", "state=STATE&id_token=e.y.J", E::NeitherCodeNorError),
        ("code and error", "code=c&error=access_denied&state=STATE", E::CodeAndError),
        ("code empty", "code=&state=STATE", E::Code),
        ("code without equals sign", "code&state=STATE", E::Code),
        ("code with a line feed", "code=a%0Ab&state=STATE", E::Code),
        ("code with a zero byte", "code=a%00b&state=STATE", E::Code),
        ("code beyond ASCII", "code=%C3%A9&state=STATE", E::Code),
        ("code of broken UTF-8", "code=%FF&state=STATE", E::Code),
        ("code too long", &long_code, E::CodeTooLong),
        ("query too long", &long_query, E::QueryTooLong),
        ("too many parameters", &many, E::TooManyParameters),
        ("code twice", "code=c&code=c&state=STATE", E::Duplicate("code")),
        ("code twice, once encoded", "code=c&%63ode=d&state=STATE", E::Duplicate("code")),
        ("state twice", "code=c&state=STATE&state=STATE", E::Duplicate("state")),
        ("error twice", "error=a&error=b&state=STATE", E::Duplicate("error")),
        ("iss twice", "code=c&iss=a&iss=b&state=STATE", E::Duplicate("iss")),
        (
            "description twice",
            "error=a&error_description=a&error_description=b&state=STATE",
            E::Duplicate("error_description"),
        ),
        ("something else twice", "code=c&x=1&x=2&state=STATE", E::Duplicate("(unknown)")),
        ("error empty", "error=&state=STATE", E::ErrorCode),
        ("error with a line feed", "error=a%0D%0Ab&state=STATE", E::ErrorCode),
        ("error beyond ASCII", "error=%E2%80%AE&state=STATE", E::ErrorCode),
        ("error too long", &format!("error={long_word}&state=STATE"), E::ErrorCode),
        ("iss empty", "code=c&iss=&state=STATE", E::Issuer),
        ("iss with a zero byte", "code=c&iss=a%00&state=STATE", E::Issuer),
        ("iss too long", &format!("code=c&iss={long_word}&state=STATE"), E::Issuer),
    ] {
        assert_eq!(parse(query).unwrap_err(), error, "{name}");
    }
}

#[test]
fn an_answer_does_not_print_its_code() {
    let printed = format!("{:?}", parse("code=hunter2&state=STATE").unwrap());
    assert!(!printed.contains("hunter2") && !printed.contains(&state()), "{printed}");
}

#[test]
fn known_error_codes_are_read_as_they_are_written() {
    for word in ["login_required", "invalid_client", "temporarily_unavailable", "new_in_2030"] {
        assert_eq!(ErrorCode::from(word).as_str(), word);
    }
    assert_eq!(ErrorCode::from("invalid_grant"), ErrorCode::InvalidGrant);
}
