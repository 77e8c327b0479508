use url::Url;

/// One of Microsoft's clouds, or what an operator named as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntraCloud {
    /// Name for people.
    pub name: String,
    /// Where its directories sign in, such as `https://login.microsoftonline.com/`.
    pub authority: Url,
    /// Its Graph, such as `https://graph.microsoft.com/`.
    pub graph: Option<Url>,
}

const GLOBAL: &str = "https://login.microsoftonline.com";

/// Name, authority, Graph (US Government and China as documented for national clouds).
const MICROSOFT: [(&str, &str, &str); 3] = [
    ("Global", GLOBAL, "https://graph.microsoft.com"),
    ("US Government", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
    (
        "China",
        "https://login.partner.microsoftonline.cn",
        "https://microsoftgraph.chinacloudapi.cn",
    ),
];

/// Other names of the global authority, which stand in old addresses and in v1.0 issuers.
const ALIASES: [&str; 3] =
    ["https://login.windows.net", "https://login.microsoft.com", "https://sts.windows.net"];

impl EntraCloud {
    /// Microsoft's own clouds; the global one first.
    pub fn microsoft() -> Vec<Self> {
        let cloud = |(name, authority, graph): (&str, &str, &str)| {
            Some(Self {
                name: name.to_owned(),
                authority: Url::parse(authority).ok()?,
                graph: Url::parse(graph).ok(),
            })
        };
        MICROSOFT.into_iter().filter_map(cloud).collect()
    }

    /// The cloud whose authority `url` is at: one of Microsoft's, or of `extra`.
    pub fn at(url: &Url, extra: &[Self]) -> Option<Self> {
        let origin = url.origin().ascii_serialization();
        let is_alias = ALIASES.contains(&origin.as_str());
        let origin = if is_alias { GLOBAL.to_owned() } else { origin };
        let mut all = Self::microsoft().into_iter().chain(extra.iter().cloned());
        all.find(|cloud| cloud.authority.origin().ascii_serialization() == origin)
    }
}
