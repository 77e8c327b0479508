use reqwest::Method;
use server::{Access, RouteInfo};

use crate::Cast;

/// What a call looks like besides its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Content type of its body, if it has one.
    pub content_type: Option<&'static str>,
    /// Where it says that it comes from.
    pub origin: Origin,
}

/// Where a call says that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Our own pages.
    Own,
    /// Another site.
    Foreign,
    /// It does not say.
    None,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// The pattern of the router.
    pub pattern: &'static str,
    /// Its rule.
    pub access: Access,
    /// The pattern with the victim's names and ids in it.
    pub path: String,
    /// The rest.
    pub shape: Shape,
}

const TYPES: [Option<&str>; 4] =
    [None, Some("application/json"), Some("application/x-www-form-urlencoded"), Some("text/plain")];

const ORIGINS: [Origin; 3] = [Origin::Own, Origin::Foreign, Origin::None];

/// Every route with every method, each in every shape.
pub fn calls(table: &[RouteInfo], cast: &Cast) -> Vec<Call> {
    let mut calls = Vec::new();
    for route in table {
        for method in
            [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
        {
            // No route of today writes by another method; where one will, the table shows it.
            let posts = method == Method::POST;
            for content_type in TYPES.into_iter().filter(|kind| posts || kind.is_none()) {
                for origin in ORIGINS.into_iter().take(if posts { 3 } else { 2 }) {
                    let shape = Shape { content_type, origin };
                    calls.push(Call {
                        method: method.clone(),
                        pattern: route.path,
                        access: route.access,
                        path: cast.fill(route.path),
                        shape,
                    });
                }
            }
        }
    }
    calls
}

impl Call {
    /// A body that the endpoint may well understand: all names that any of them reads.
    pub fn body(&self) -> Option<String> {
        let challenge = "0193b5f0-0000-7000-8000-000000000000";
        match self.shape.content_type? {
            "application/json" => Some(format!(
                "{{\"hint\":\"card\",\"login\":0,\"challenge\":\"{challenge}\",\
                 \"credential\":{{}},\"label\":\"x\",\"number\":\"12\"}}"
            )),
            _ => Some("code=BBBB-BBBB&login=0&label=x&token=x&name=x".to_owned()),
        }
    }
}
