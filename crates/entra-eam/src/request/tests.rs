use super::*;
use crate::testing::{
    AUTHORITY, CLIENT_ID, RETURN, connection, demand, encoded, hint, parameters, parameters_with,
};
use crate::{Refusal, Reply};

fn form(parameters: &[(&str, String)]) -> Form {
    Form::parse(&encoded(parameters)).unwrap()
}

fn addressee(form: &Form) -> Result<Addressee, AddresseeError> {
    form.addressee(&Cloud::microsoft(), Some(&connection()))
}

#[test]
fn t02_reads_what_entra_posts() {
    let form = form(&parameters());
    assert!(!form.is_empty());
    assert_eq!(form.client_id(), Some(CLIENT_ID));
    let id = form.client_request_id();
    assert_eq!(id.as_deref(), Some("aaaabbbb-0000-4444-8888-ccccddddeeee"));
    let addressee = addressee(&form).unwrap();
    assert_eq!(addressee.return_address.as_str(), RETURN);
    assert_eq!(addressee.state.as_deref(), Some("q\"<b>&=+ %~"));
    let request = form.request().unwrap();
    assert_eq!(request.id_token_hint.expose_text(), Some(&*hint()));
    assert_eq!(request.claims, Some(demand()));
    assert_eq!(request.nonce.as_deref(), Some("AwABEgEAAAADAOz_BQD0_wABAg"));
}

#[test]
fn t03_what_did_not_come_is_absent_and_not_empty() {
    for value in [None, Some("")] {
        let form = form(&parameters_with("state", value));
        assert_eq!(addressee(&form).unwrap().state, None, "{value:?}");
        let form = self::form(&parameters_with("nonce", value));
        assert_eq!(form.request().unwrap().nonce, None, "{value:?}");
        let form = self::form(&parameters_with("client-request-id", value));
        assert_eq!(form.client_request_id(), None, "{value:?}");
    }
}

#[test]
fn t04_the_case_of_the_response_type_and_unknown_parameters_do_not_count() {
    for value in ["id_token", "Id_token", "ID_TOKEN"] {
        assert!(form(&parameters_with("response_type", Some(value))).request().is_ok(), "{value}");
    }
    let mut more = parameters();
    for name in ["mkt", "redirect_url", "mkt", "x-client-sku", "", "STATE", "Client_Id"] {
        more.push((name, "x".to_owned()));
    }
    let mut body = encoded(&more);
    // Not even that they can be read is asked of what is ignored.
    body.extend(b"&other=%FF&%FF=1&lone=%&=&&x");
    let form = Form::parse(&body).unwrap();
    assert!(form.request().is_ok());
    assert_eq!(addressee(&form).unwrap().state.as_deref(), Some("q\"<b>&=+ %~"));
}

#[test]
fn t21_nothing_is_no_request() {
    for nothing in ["", "&", "&&"] {
        assert!(Form::parse(nothing.as_bytes()).unwrap().is_empty(), "{nothing}");
    }
    assert!(!Form::parse(b"a").unwrap().is_empty());
}

#[test]
fn t21_eam_44_what_is_too_large_is_refused() {
    let sized = |name: &str, size: usize| {
        let value = "a".repeat(size);
        Form::parse(&encoded(&parameters_with(name, Some(&value)))).map(|_| ())
    };
    assert_eq!(sized("id_token_hint", 16 * 1024), Ok(()));
    let refused = FormError::TooLong("id_token_hint");
    assert_eq!(sized("id_token_hint", 16 * 1024 + 1), Err(refused));
    assert_eq!(sized("id_token_hint", 17 * 1024), Err(refused));
    assert_eq!(sized("nonce", 2 * 1024), Ok(()));
    assert_eq!(sized("nonce", 2 * 1024 + 1), Err(FormError::TooLong("nonce")));
    for name in ["claims", "client_id", "redirect_uri", "scope", "state", "response_type"] {
        assert_eq!(sized(name, 8 * 1024), Ok(()), "{name}");
        let refused = sized(name, 8 * 1024 + 1).unwrap_err();
        assert!(matches!(refused, FormError::TooLong(it) if it == name), "{name}");
    }
    let body = |size: usize| Form::parse(&vec![b'a'; size]).map(|_| ());
    assert_eq!(body(64 * 1024), Ok(()));
    assert_eq!(body(64 * 1024 + 1), Err(FormError::TooLarge));
    let many = |count: usize| Form::parse("a=b&".repeat(count).as_bytes()).map(|_| ());
    assert_eq!(many(64), Ok(()));
    assert_eq!(many(65), Err(FormError::TooManyParameters));
}

#[test]
fn a_parameter_that_stands_twice_is_refused() {
    for (name, value) in parameters() {
        let mut twice = parameters();
        twice.push((name, value));
        let refused = Form::parse(&encoded(&twice)).map(|_| ()).unwrap_err();
        assert_eq!(refused, FormError::Duplicate(name));
        // Neither an empty value nor another writing of the name hides it.
        for again in ["state", "st%61te", "state=", "%73tate=x"] {
            let body = format!("state=a&{again}");
            let refused = Form::parse(body.as_bytes()).map(|_| ()).unwrap_err();
            assert_eq!(refused, FormError::Duplicate("state"), "{again}");
        }
    }
}

#[test]
fn encodings_that_two_readers_could_take_differently_are_refused() {
    for bad in ["%", "%2", "%zz", "a%", "%FF", "%C3", "%C0%80", "%ED%A0%80", "%+1", "%u0041"] {
        let body = format!("client_id={bad}");
        let refused = Form::parse(body.as_bytes()).map(|_| ()).unwrap_err();
        assert_eq!(refused, FormError::Encoding("client_id"), "{bad}");
    }
    let read = Form::parse("client_id=a%2Bb+c%20%C3%A9%e2%82%ac=é".as_bytes()).unwrap();
    assert_eq!(read.client_id(), Some("a+b c é€=é"));
    assert!(Form::parse(b"client_id=\xFF").is_err());
}

#[test]
fn t20_what_cannot_be_echoed_is_refused() {
    for name in ["state", "nonce"] {
        for bad in ["a\r\nb", "\n", "a\0", "é", "\u{7F}", "\u{202E}"] {
            let refused = Form::parse(&encoded(&parameters_with(name, Some(bad))));
            assert_eq!(refused.map(|_| ()).unwrap_err(), FormError::Characters(name), "{bad:?}");
        }
    }
}

#[test]
fn t10_eam_17_without_a_return_address_there_is_nobody_to_answer() {
    for bad in [
        None,
        Some(""),
        Some("https://evil.example/"),
        Some("https://login.microsoftonline.com/common/federation/externalauthprovider/"),
        Some("https://LOGIN.microsoftonline.com/common/federation/externalauthprovider"),
        Some("https://login.microsoftonline.com/"),
    ] {
        let form = form(&parameters_with("redirect_uri", bad));
        assert_eq!(addressee(&form), Err(AddresseeError::RedirectUri), "{bad:?}");
    }
}

#[test]
fn t10_eam_11_the_return_address_is_that_of_the_connections_cloud() {
    let us = "https://login.microsoftonline.us/common/federation/externalauthprovider";
    let other = form(&parameters_with("redirect_uri", Some(us)));
    assert_eq!(addressee(&other), Err(AddresseeError::OtherCloud));
    let of_us =
        Connection { authority: "https://login.microsoftonline.us".to_owned(), ..connection() };
    let clouds = Cloud::microsoft();
    assert_eq!(other.addressee(&clouds, Some(&of_us)).unwrap().return_address.as_str(), us);
    let global = form(&parameters());
    assert_eq!(global.addressee(&clouds, Some(&of_us)), Err(AddresseeError::OtherCloud));
}

#[test]
fn eam_17_the_client_id_is_that_of_a_connection() {
    let good = form(&parameters());
    let clouds = Cloud::microsoft();
    assert_eq!(good.addressee(&clouds, None), Err(AddresseeError::ClientId));
    for bad in [None, Some(""), Some("other"), Some(&*CLIENT_ID.to_uppercase())] {
        let form = form(&parameters_with("client_id", bad));
        assert_eq!(addressee(&form), Err(AddresseeError::ClientId), "{bad:?}");
    }
    // The address comes first.
    let neither = form(&[("client_id", "other".to_owned())]);
    assert_eq!(addressee(&neither), Err(AddresseeError::RedirectUri));
}

#[test]
fn eam_17_what_we_do_not_serve_is_answered_in_order() {
    let refused = |parameters: &[(&str, String)]| form(parameters).request().map(|_| ());
    for bad in [None, Some(""), Some("code"), Some("id_token token"), Some("code id_token")] {
        let refused = refused(&parameters_with("response_type", bad));
        assert_eq!(refused, Err(RequestError::ResponseType), "{bad:?}");
    }
    for bad in [None, Some("query"), Some("fragment"), Some("Form_Post"), Some("form_post ")] {
        let refused = refused(&parameters_with("response_mode", bad));
        assert_eq!(refused, Err(RequestError::ResponseMode), "{bad:?}");
    }
    for bad in [None, Some("profile"), Some("openid2"), Some("OpenID"), Some("open id")] {
        let refused = refused(&parameters_with("scope", bad));
        assert_eq!(refused, Err(RequestError::Scope), "{bad:?}");
    }
    assert_eq!(refused(&parameters_with("scope", Some("profile openid"))), Ok(()));
    assert_eq!(refused(&parameters_with("id_token_hint", None)), Err(RequestError::NoHint));
    assert_eq!(refused(&[]), Err(RequestError::ResponseType));
    assert_eq!(
        refused(&[("response_type", "id_token".to_owned())]),
        Err(RequestError::ResponseMode)
    );
}

#[test]
fn who_is_told_follows_from_what_is_wrong() {
    let told = |refusal: Refusal| (refusal.rule, refusal.reply);
    assert_eq!(told(FormError::TooLarge.into()), ("EAM-44", Reply::Page));
    assert_eq!(told(AddresseeError::RedirectUri.into()), ("EAM-17", Reply::Page));
    assert_eq!(told(AddresseeError::ClientId.into()), ("EAM-17", Reply::Page));
    assert_eq!(told(AddresseeError::OtherCloud.into()), ("EAM-11", Reply::Page));
    for (error, rule, code) in [
        (RequestError::ResponseType, "EAM-17", "unsupported_response_type"),
        (RequestError::ResponseMode, "EAM-17", "invalid_request"),
        (RequestError::Scope, "EAM-17", "invalid_scope"),
        (RequestError::NoHint, "EAM-10", "access_denied"),
    ] {
        let (broken, reply) = told(error.into());
        let Reply::Post(word) = reply else { panic!("{error:?} is posted") };
        assert_eq!((broken, word.as_str()), (rule, code));
    }
    assert_eq!(AUTHORITY, connection().authority);
}

#[test]
fn a_form_and_its_hint_do_not_print() {
    let form = form(&parameters());
    let printed = format!("{form:?} {:?}", form.request().unwrap().id_token_hint);
    assert!(!printed.contains(&hint()[..20]) && !printed.contains("<b>"), "{printed}");
}
