use std::collections::BTreeSet;

use pki_types::pem::PemObject;
use pki_types::{CertificateRevocationListDer, SignatureVerificationAlgorithm};
use webpki::{BorrowedCertRevocationList, CertRevocationList};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate, X509Version};

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
    /// future; [`X509Error::Version`], [`X509Error::TooLarge`] or [`X509Error::Malformed`].
    pub fn parse(der: &[u8], authorities: &[Authority], now: i64) -> Result<Self, X509Error> {
        if der.len() > MAX_LIST {
            return Err(X509Error::TooLarge);
        }
        let Ok(([], list)) = CertificateRevocationList::from_der(der) else {
            return Err(X509Error::Malformed);
        };
        if list.version() != Some(X509Version::V2) {
            return Err(X509Error::Version);
        }
        let next_update = list.next_update().ok_or(X509Error::ListKind)?.timestamp();
        let this_update = list.last_update().timestamp();
        if this_update > now {
            return Err(X509Error::NotYetValid);
        }
        understood(der)?;
        let issuer = list.issuer().as_raw();
        let of_this_name = authorities.iter().filter(|authority| authority.name == issuer);
        let (tbs, signature) = (list.tbs_cert_list.as_ref(), &list.signature_value.data);
        let signer =
            of_this_name.into_iter().find(|one| signed(list.as_raw(), tbs, signature, &one.key));
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

    /// Whether it is the list of who has issued the certificate, and names it.
    pub(crate) fn revokes(&self, certificate: &X509Certificate<'_>) -> Result<bool, X509Error> {
        let tbs = &certificate.tbs_certificate;
        let (raw, bits) = (certificate.as_raw(), &certificate.signature_value.data);
        if tbs.issuer.as_raw() != self.issuer || !signed(raw, tbs.as_ref(), bits, &self.key) {
            return Ok(false);
        }
        Ok(self.borrowed()?.find_serial(tbs.raw_serial())?.is_some())
    }

    /// Those of `serials`, the bytes of the INTEGERs, that a list names.
    ///
    /// # Errors
    ///
    /// [`X509Error`] for what [`Self::parse`] takes no list for.
    pub fn named_in(
        der: &[u8],
        serials: &BTreeSet<Vec<u8>>,
    ) -> Result<BTreeSet<Vec<u8>>, X509Error> {
        let list = BorrowedCertRevocationList::from_der(der)?;
        let mut named = BTreeSet::new();
        for entry in &list {
            named.extend(serials.get(entry?.serial_number).cloned());
        }
        Ok(named)
    }
}

/// The first list in a PEM text (RFC 7468); `None` when there is none.
pub fn list_from_pem(text: &[u8]) -> Option<Vec<u8>> {
    CertificateRevocationListDer::from_pem_slice(text).ok().map(|der| der.as_ref().to_vec())
}

fn borrowed(der: &[u8]) -> Result<CertRevocationList<'_>, X509Error> {
    Ok(BorrowedCertRevocationList::from_der(der)?.into())
}

/// Reads a list to its last entry. One that is not understood in full must be refused when it comes:
/// in the place of a good one it would refuse every card, and nobody would know why.
fn understood(der: &[u8]) -> Result<(), X509Error> {
    let every_entry = || {
        let list = BorrowedCertRevocationList::from_der(der)?;
        (&list).into_iter().try_for_each(|entry| entry.map(|_| ()))
    };
    every_entry().map_err(|error| match X509Error::from(error) {
        X509Error::Path => X509Error::ListKind,
        error => error,
    })
}

/// Whether the key, the bits of a `SubjectPublicKeyInfo`, has signed `tbs`, the signed part of
/// `whole`: a list or a certificate. An algorithm takes no key of another.
pub(crate) fn signed(whole: &[u8], tbs: &[u8], signature: &[u8], key: &[u8]) -> bool {
    let Some(algorithm) = algorithm_behind(whole, tbs) else { return false };
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
