//! Turns `application/x-www-form-urlencoded` bytes, a body or a query, into the parameters that a protocol
//! knows: none of them twice, none longer than it may be, none that two readers could read differently.
//!
//! Which parameters there are is the protocol's matter ([`Known`]); all others are ignored, as RFC 6749
//! §3.1 and §3.2 want it. Values are wiped from memory when they are dropped, and never printed.

use zeroize::Zeroizing;

/// Largest body that is read, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// Most parameters of one request, those that are ignored counted.
const MAX_PARAMETERS: usize = 64;

/// The parameters that a protocol knows.
pub trait Known: Copy + Eq + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// Its name on the wire.
    fn as_str(self) -> &'static str;

    /// The longest value that is read, in bytes.
    fn most(self) -> usize;

    /// Whether the value goes back to a browser as it came.
    fn is_echoed(self) -> bool;
}

/// What came of the parameters that are known.
pub struct Form<N> {
    values: Vec<(N, Zeroizing<String>)>,
    is_empty: bool,
}

/// The bytes are no request that we would read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// Larger than 64 KiB.
    #[error("request is larger than 64 KiB")]
    TooLarge,
    /// More parameters than any client sends.
    #[error("request has more than 64 parameters")]
    TooManyParameters,
    /// RFC 6749 §3.1: a parameter must not stand twice.
    #[error("parameter {0} stands twice")]
    Duplicate(&'static str),
    /// Longer than [`Known::most`].
    #[error("parameter {0} is too long")]
    TooLong(&'static str),
    /// Not percent-encoded UTF-8.
    #[error("parameter {0} is not percent-encoded UTF-8")]
    Encoding(&'static str),
    /// What is echoed must be printable ASCII (RFC 6749 A.5): a browser would change line ends on
    /// its way back.
    #[error("parameter {0} has characters that cannot be echoed")]
    Characters(&'static str),
}

impl<N: Known> Form<N> {
    /// Reads a body, or a query without its question mark. A parameter without a value counts as
    /// omitted (RFC 6749 §3.1).
    ///
    /// # Errors
    ///
    /// See [`FormError`]: nothing in it is to be believed.
    pub fn parse(body: &[u8]) -> Result<Self, FormError> {
        if body.len() > MAX_BODY {
            return Err(FormError::TooLarge);
        }
        let mut form = Self { values: Vec::new(), is_empty: true };
        let mut seen: Vec<N> = Vec::new();
        let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        for (count, pair) in pairs.enumerate() {
            if count >= MAX_PARAMETERS {
                return Err(FormError::TooManyParameters);
            }
            form.is_empty = false;
            let (name, value) = split(pair);
            // A name that cannot be read is none of ours.
            let Some(name) = known::<N>(name) else { continue };
            if seen.contains(&name) {
                return Err(FormError::Duplicate(name.as_str()));
            }
            seen.push(name);
            let value = checked(name, value)?;
            if !value.is_empty() {
                form.values.push((name, value));
            }
        }
        Ok(form)
    }

    /// The value of a parameter; `None` when none came.
    pub fn get(&self, name: N) -> Option<&str> {
        let found = self.values.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// How many of the known parameters have a value.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing at all came, known or not.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }
}

/// Values are never logged: codes, secrets and hints are among them.
impl<N> core::fmt::Debug for Form<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Form({} in use)", self.values.len())
    }
}

fn known<N: Known>(name: &[u8]) -> Option<N> {
    let name = decoded(name)?;
    N::ALL.iter().copied().find(|other| other.as_str() == name.as_str())
}

fn checked<N: Known>(name: N, raw: &[u8]) -> Result<Zeroizing<String>, FormError> {
    let value = decoded(raw).ok_or(FormError::Encoding(name.as_str()))?;
    if value.len() > name.most() {
        return Err(FormError::TooLong(name.as_str()));
    }
    if name.is_echoed() && !value.bytes().all(|byte| (0x20..=0x7E).contains(&byte)) {
        return Err(FormError::Characters(name.as_str()));
    }
    Ok(value)
}

/// Name and value of a pair; without `=` the value is empty.
fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    let at = pair.iter().position(|byte| *byte == b'=');
    let (name, value) = pair.split_at(at.unwrap_or(pair.len()));
    (name, value.get(1..).unwrap_or_default())
}

/// Undoes the encoding of a name or a value; `None` when it is none. Deviation: stricter than the URL
/// standard, which takes a lone `%` for itself and broken UTF-8 for U+FFFD; two readers of one request must
/// not see two values.
pub fn decoded(raw: &[u8]) -> Option<Zeroizing<String>> {
    // Wiped when it is given up, too.
    let mut bytes = Zeroizing::new(Vec::with_capacity(raw.len()));
    let mut rest = raw;
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (*first, after) {
            (b'%', [high, low, after @ ..]) => (hex(*high)? << 4 | hex(*low)?, after),
            (b'%', _) => return None,
            (b'+', _) => (b' ', after),
            (byte, _) => (byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(core::mem::take(&mut *bytes)).ok().map(Zeroizing::new)
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Name {
        Code,
        State,
    }

    impl Known for Name {
        const ALL: &'static [Self] = &[Self::Code, Self::State];

        fn as_str(self) -> &'static str {
            match self {
                Self::Code => "code",
                Self::State => "state",
            }
        }

        fn most(self) -> usize {
            8
        }

        fn is_echoed(self) -> bool {
            self == Self::State
        }
    }

    fn read(body: &str) -> Result<Form<Name>, FormError> {
        Form::parse(body.as_bytes())
    }

    #[test]
    fn what_is_known_is_read_and_what_is_not_is_ignored() {
        let form = read("code=a%2Bb+c&other=1&other=%FF&%FF=1&lone=%&=&&state=").unwrap();
        assert_eq!((form.get(Name::Code), form.get(Name::State)), (Some("a+b c"), None));
        assert_eq!((form.len(), form.is_empty()), (1, false));
        assert_eq!(format!("{form:?}"), "Form(1 in use)");
        for (nothing, is_empty) in [("", true), ("&&", true), ("x", false), ("state=", false)] {
            let form = read(nothing).unwrap();
            assert_eq!((form.len(), form.is_empty()), (0, is_empty), "{nothing}");
        }
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for (body, error) in [
            ("code=a&x=b&code=a", FormError::Duplicate("code")),
            ("code=&code=a", FormError::Duplicate("code")),
            ("code=a&%63ode=a", FormError::Duplicate("code")),
            ("code=%", FormError::Encoding("code")),
            ("code=%C0%80", FormError::Encoding("code")),
            ("code=123456789", FormError::TooLong("code")),
            ("state=a%0Ab", FormError::Characters("state")),
        ] {
            assert_eq!(read(body).map(|_| ()), Err(error), "{body}");
        }
        assert!(read("code=a%0Ab").is_ok(), "it is not echoed");
        assert_eq!(read(&"a&".repeat(65)).map(|_| ()), Err(FormError::TooManyParameters));
        assert_eq!(read(&"a".repeat(MAX_BODY + 1)).map(|_| ()), Err(FormError::TooLarge));
        assert!(read(&"a".repeat(MAX_BODY)).is_ok() && read(&"a&".repeat(64)).is_ok());
    }
}
