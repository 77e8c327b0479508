use super::*;
use crate::testing::{and, asked, encoded, read};

fn refused(body: &[u8]) -> ParametersError {
    Parameters::parse(body).map(|_| ()).unwrap_err()
}

#[test]
fn reads_what_came_and_ignores_what_is_not_ours() {
    let mut more = asked();
    for name in ["STATE", "Client_Id", "resource", "resource", "display", ""] {
        more.push((name, "x".to_owned()));
    }
    let mut body = encoded(&more);
    // Not even that they can be read is asked of what is ignored.
    body.extend(b"&other=%FF&%FF=1&lone=%&=&&x");
    let p = Parameters::parse(&body).unwrap();
    assert_eq!(p.get(Name::State), Some("af0&ifj=sldkj"));
    assert_eq!(p.get(Name::ClientId), Some("shop"));
    assert_eq!(p.get(Name::MaxAge), None);
    assert_eq!(format!("{p:?}"), "Parameters(8 in use)");
}

#[test]
fn what_is_empty_counts_as_omitted() {
    for body in ["state=", "state", "state=&", ""] {
        assert_eq!(Parameters::parse(body.as_bytes()).unwrap().get(Name::State), None, "{body}");
    }
}

#[test]
fn a_parameter_that_stands_twice_is_refused() {
    for name in Name::ALL {
        let name = name.as_str();
        let duplicate = ParametersError::Duplicate(name);
        assert_eq!(refused(format!("{name}=a&x=b&{name}=a").as_bytes()), duplicate);
        // Neither an empty value nor another writing of the name hides it.
        let written = format!("%{:02x}{}", name.as_bytes()[0], &name[1..]);
        for again in [name.to_owned(), format!("{name}="), written] {
            assert_eq!(refused(format!("{name}=a&{again}").as_bytes()), duplicate, "{again}");
            assert_eq!(refused(format!("{again}&{name}=a").as_bytes()), duplicate, "{again}");
        }
    }
}

#[test]
fn each_parameter_has_its_longest_value() {
    for name in Name::ALL {
        let sized = |length: usize| {
            let body = format!("{}={}", name.as_str(), "a".repeat(length));
            Parameters::parse(body.as_bytes()).map(|_| ())
        };
        if name == Name::IdTokenHint {
            let room = MAX_BODY - "id_token_hint=".len();
            assert_eq!((sized(room), sized(room + 1)), (Ok(()), Err(ParametersError::TooLarge)));
            continue;
        }
        assert_eq!(sized(name.most()), Ok(()), "{}", name.as_str());
        assert_eq!(sized(name.most() + 1), Err(ParametersError::TooLong(name.as_str())));
    }
}

#[test]
fn a_large_body_and_many_parameters_are_refused() {
    let body = |size: usize| Parameters::parse(&vec![b'a'; size]).map(|_| ());
    assert_eq!(body(64 * 1024), Ok(()));
    for size in [64 * 1024 + 1, 1024 * 1024] {
        assert_eq!(body(size), Err(ParametersError::TooLarge), "{size}");
    }
    let many = |count: usize| Parameters::parse("a=b&".repeat(count).as_bytes()).map(|_| ());
    assert_eq!(many(64), Ok(()));
    assert_eq!(many(65), Err(ParametersError::TooManyParameters));
}

#[test]
fn encodings_that_two_readers_could_take_differently_are_refused() {
    for bad in ["%", "%2", "%zz", "a%", "%FF", "%C3", "%C0%80", "%ED%A0%80", "%+1", "%u0041"] {
        for name in ["client_id", "redirect_uri", "code", "client_secret"] {
            let refused = refused(format!("{name}={bad}").as_bytes());
            assert_eq!(refused, ParametersError::Encoding(name), "{bad}");
        }
    }
    let p = Parameters::parse("client_id=a%2Bb+c%20%C3%A9%e2%82%ac=é".as_bytes()).unwrap();
    assert_eq!(p.get(Name::ClientId), Some("a+b c é€=é"));
    assert_eq!(refused(b"client_id=\xFF"), ParametersError::Encoding("client_id"));
}

#[test]
fn what_cannot_be_echoed_is_refused() {
    for name in ["state", "nonce"] {
        for bad in ["a\r\nb", "\n", "a\0", "é", "\u{7F}", "\u{202E}", "\t"] {
            let body = encoded(&and(asked(), &[(name, Some(bad))]));
            assert_eq!(refused(&body), ParametersError::Characters(name), "{bad:?}");
        }
    }
    let p = read(&and(asked(), &[("state", Some(" !\"<>'&~"))]));
    assert_eq!(p.get(Name::State), Some(" !\"<>'&~"));
}

#[test]
fn a_secret_is_handed_out_as_one() {
    let p = Parameters::parse(b"client_secret=hunter2").unwrap();
    let secret = p.secret(Name::ClientSecret).unwrap();
    assert_eq!(format!("{p:?} {secret:?}"), "Parameters(1 in use) Secret(7 bytes)");
    assert!(p.secret(Name::Code).is_none());
}
