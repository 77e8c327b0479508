use pki_types::pem::PemObject;
use pki_types::{CertificateDer, TrustAnchor};
use x509_parser::prelude::{DistributionPointName, GeneralName, ParsedExtension};

use crate::X509Error;
use crate::certificate::{read, readable, verifies};
use crate::revocation::signed;

/// The certificate of an authority that a tenant trusts to issue cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The certificate itself, DER.
    pub der: Vec<u8>,
    /// Its subject for people to read.
    pub subject: String,
    /// Seconds since 1970 at which its validity begins.
    pub not_before: i64,
    /// Seconds since 1970 at which its validity ends.
    pub not_after: i64,
    /// Where it says that lists of revoked certificates are. Of its own issuer: the lists about
    /// certificates that it issues are named in those.
    pub list_urls: Vec<String>,
    pub(crate) name: Vec<u8>,
    pub(crate) key: Vec<u8>,
    path_length: Option<u32>,
}

impl Authority {
    /// Reads the certificate of an authority: version 3, basicConstraints with `cA`, and
    /// keyCertSign where keyUsage is there (RFC 5280 §4.2.1.9).
    ///
    /// # Errors
    ///
    /// [`X509Error::NotAnAuthority`], [`X509Error::Version`], [`X509Error::TooLarge`] or
    /// [`X509Error::Malformed`].
    pub fn parse(der: &[u8]) -> Result<Self, X509Error> {
        let certificate = read(der)?;
        let tbs = &certificate.tbs_certificate;
        let constraints = tbs.basic_constraints().map_err(|_| X509Error::Malformed)?;
        let constraints = constraints.filter(|c| c.value.ca).ok_or(X509Error::NotAnAuthority)?;
        let usage = tbs.key_usage().map_err(|_| X509Error::Malformed)?;
        if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
            return Err(X509Error::NotAnAuthority);
        }
        let authority = Self {
            der: der.to_vec(),
            subject: readable(&tbs.subject),
            not_before: tbs.validity.not_before.timestamp(),
            not_after: tbs.validity.not_after.timestamp(),
            list_urls: list_urls(&certificate),
            name: tbs.subject.as_raw().to_vec(),
            key: tbs.subject_pki.subject_public_key.data.to_vec(),
            path_length: constraints.value.path_len_constraint,
        };
        // What the path is built on must be able to read it, too.
        authority.with_anchor(|_| ())?;
        Ok(authority)
    }

    /// Reads the certificate of an authority from a PEM text (RFC 7468) with that one alone.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`]; [`X509Error::Malformed`] for a text with none or several, and
    /// [`X509Error::Algorithm`] for a key with which nothing it signs is ever verified.
    pub fn from_pem(text: &str) -> Result<Self, X509Error> {
        let mut found = CertificateDer::pem_slice_iter(text.as_bytes());
        match (found.next(), found.next()) {
            (Some(Ok(der)), None) => {
                let authority = Self::parse(&der)?;
                let key_verifies = verifies(&read(&der)?.tbs_certificate);
                if key_verifies { Ok(authority) } else { Err(X509Error::Algorithm) }
            }
            _ => Err(X509Error::Malformed),
        }
    }

    /// SHA-256 of the certificate, by which a tenant's row is found.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.der);
        hash.copy_from_slice(digest.as_ref());
        hash
    }

    /// The subject, DER, by which certificates and lists say who has issued them.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Whether it has issued the certificate of `other`.
    pub(crate) fn issued(&self, other: &Self) -> bool {
        let Ok(certificate) = read(&other.der) else { return false };
        let tbs = &certificate.tbs_certificate;
        let signature = &certificate.signature_value.data;
        tbs.issuer.as_raw() == self.name && signed(&other.der, tbs.as_ref(), signature, &self.key)
    }

    /// Whether so many certificates may stand between it and an end-entity's.
    pub(crate) fn allows(&self, intermediates: usize) -> bool {
        let most = self.path_length.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        most.is_none_or(|most| intermediates <= most)
    }

    pub(crate) fn with_anchor<T>(
        &self,
        then: impl FnOnce(&TrustAnchor<'_>) -> T,
    ) -> Result<T, X509Error> {
        let der = CertificateDer::from(self.der.as_slice());
        let anchor = webpki::anchor_from_trusted_cert(&der)?;
        Ok(then(&anchor))
    }
}

/// `http` and `https` addresses of the distribution points (RFC 5280 §4.2.1.13).
fn list_urls(certificate: &x509_parser::certificate::X509Certificate<'_>) -> Vec<String> {
    let mut urls = Vec::new();
    for extension in certificate.extensions() {
        let ParsedExtension::CRLDistributionPoints(points) = extension.parsed_extension() else {
            continue;
        };
        for point in points.iter() {
            let Some(DistributionPointName::FullName(names)) = &point.distribution_point else {
                continue;
            };
            for name in names {
                if let GeneralName::URI(url) = name
                    && (url.starts_with("http://") || url.starts_with("https://"))
                {
                    urls.push((*url).to_owned());
                }
            }
        }
    }
    urls
}
