mod name;

pub use forms::{FormError as ParametersError, MAX_BODY};
pub use name::Name;

use forms::Form;
use secrets::Secret;

/// `application/x-www-form-urlencoded`, of which the parameters that we use are kept; all others
/// must be ignored (RFC 6749 §3.1, §3.2).
pub struct Parameters(Form<Name>);

impl Parameters {
    /// Reads a body, or a query without its question mark. A parameter without a value counts as
    /// omitted (RFC 6749 §3.1).
    ///
    /// # Errors
    ///
    /// See [`ParametersError`]: nothing in it is to be believed, and nobody can be answered but by a
    /// page, or `invalid_request` where a program asks.
    pub fn parse(body: &[u8]) -> Result<Self, ParametersError> {
        Form::parse(body).map(Self)
    }

    /// The value of a parameter; `None` when none came.
    pub fn get(&self, name: Name) -> Option<&str> {
        self.0.get(name)
    }

    /// The value of a parameter that nobody may see.
    pub fn secret(&self, name: Name) -> Option<Secret> {
        self.get(name).map(|value| Secret::from(value.to_owned()))
    }

    pub(crate) fn owned(&self, name: Name) -> Option<String> {
        self.get(name).map(str::to_owned)
    }
}

/// Values are never logged: codes, secrets and hints are among them.
impl core::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Parameters({} in use)", self.0.len())
    }
}

#[cfg(test)]
mod tests;
