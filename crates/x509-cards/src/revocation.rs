use pki_types::pem::PemObject;
use pki_types::{CertificateRevocationListDer, SignatureVerificationAlgorithm};
use webpki::{BorrowedCertRevocationList, CertRevocationList};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use crate::trust::SIGNATURES;
use crate::{Authority, X509Error};

/// The largest revocation list that is taken, in bytes: some 100 000 entries.
pub const MAX_LIST: usize = 4 * 1024 * 1024;

/// A list of revoked certificates (RFC 5280 §5) that an authority has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
    /// The list itself, DER.
    pub der: Vec<u8>,
    /// Seconds since 1970 at which it was made.
    pub this_update: i64,
    /// Seconds since 1970 at which the next one is there at the latest.
    pub next_update: i64,
    pub(crate) issuer: Vec<u8>,
    /// The key that has signed it.
    pub(crate) key: Vec<u8>,
    signer: [u8; 32],
}

impl RevocationList {
    /// Reads a list and finds which of the authorities has signed it.
    ///
    /// # Errors
    ///
    /// [`X509Error::ForeignList`] when none has; [`X509Error::ListKind`] for a list that says less
    /// or more than which certificates are revoked; [`X509Error::NotYetValid`] for one of the
    /// future; [`X509Error::TooLarge`] or [`X509Error::Malformed`].
    pub fn parse(der: &[u8], authorities: &[Authority], now: i64) -> Result<Self, X509Error> {
        if der.len() > MAX_LIST {
            return Err(X509Error::TooLarge);
        }
        let Ok(([], list)) = CertificateRevocationList::from_der(der) else {
            return Err(X509Error::Malformed);
        };
        let next_update = list.next_update().ok_or(X509Error::ListKind)?.timestamp();
        let this_update = list.last_update().timestamp();
        if this_update > now {
            return Err(X509Error::NotYetValid);
        }
        borrowed(der)?;
        let issuer = list.issuer().as_raw();
        let of_this_name = authorities.iter().filter(|authority| authority.name == issuer);
        let signer = of_this_name.into_iter().find(|authority| signed(&list, &authority.key));
        let signer = signer.ok_or(X509Error::ForeignList)?;
        Ok(Self::kept(der.to_vec(), signer, this_update, next_update))
    }

    /// A list that [`Self::parse`] has read before and found signed by `authority`. The path asks
    /// for the signature again.
    pub fn kept(der: Vec<u8>, authority: &Authority, this_update: i64, next_update: i64) -> Self {
        let (issuer, key) = (authority.name.clone(), authority.key.clone());
        Self { der, this_update, next_update, issuer, key, signer: authority.fingerprint() }
    }

    /// [`Authority::fingerprint`] of who has signed it.
    pub fn signer(&self) -> [u8; 32] {
        self.signer
    }

    /// As the path wants it.
    pub(crate) fn borrowed(&self) -> Result<CertRevocationList<'_>, X509Error> {
        borrowed(&self.der)
    }
}

/// The first list in a PEM text (RFC 7468); `None` when there is none.
pub fn list_from_pem(text: &[u8]) -> Option<Vec<u8>> {
    CertificateRevocationListDer::from_pem_slice(text).ok().map(|der| der.as_ref().to_vec())
}

fn borrowed(der: &[u8]) -> Result<CertRevocationList<'_>, X509Error> {
    Ok(BorrowedCertRevocationList::from_der(der)?.into())
}

/// Whether the key, the bits of a `SubjectPublicKeyInfo`, has signed the list. An algorithm takes no
/// key of another.
fn signed(list: &CertificateRevocationList<'_>, key: &[u8]) -> bool {
    let tbs = list.tbs_cert_list.as_ref();
    let Some(algorithm) = algorithm_behind(list.as_raw(), tbs) else { return false };
    let signature = &list.signature_value.data;
    let fits = |known: &&&dyn SignatureVerificationAlgorithm| {
        known.signature_alg_id().as_ref() == algorithm
    };
    let mut fitting = SIGNATURES.iter().filter(fits);
    fitting.any(|known| known.verify_signature(key, tbs, signature).is_ok())
}

/// The contents of the `AlgorithmIdentifier` behind the signed part: no longer than a short length
/// can say.
fn algorithm_behind<'a>(whole: &'a [u8], tbs: &[u8]) -> Option<&'a [u8]> {
    let starts = |header: &usize| whole.get(*header..).is_some_and(|rest| rest.starts_with(tbs));
    let header = (2..=6).find(starts)?;
    let behind = whole.get(header.checked_add(tbs.len())?..)?;
    match behind {
        [0x30, length, rest @ ..] if *length < 0x80 => rest.get(..usize::from(*length)),
        _ => None,
    }
}
