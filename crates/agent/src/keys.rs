//! Makes device keys.

use agent_protocol::{KeyError, SigningKey};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use zeroize::Zeroizing;

/// A new P-256 key, and its PKCS #8 form to be kept.
pub(crate) fn new_key() -> Result<(SigningKey, Zeroizing<Vec<u8>>), KeyError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
        .map_err(|_| KeyError::NotPrivate)?;
    let document = pair.to_pkcs8v1().map_err(|_| KeyError::NotPrivate)?;
    let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
    Ok((SigningKey::from_pkcs8(&pkcs8)?, pkcs8))
}
