//! Whether a certificate is one that the tenant takes.

use agent_protocol::limits::MAX_CHAIN;
use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, ExtendedKeyUsageValidator,
    KeyPurposeIdIter, RevocationOptionsBuilder, UnknownStatusPolicy, VerifiedPath, aws_lc_rs,
};

use crate::certificate::{Usage, read};
use crate::{Authority, Certificate, Oid, RevocationList, X509Error};

/// What certificates and lists may be signed with. No SHA-1, and no RSA below 2048 bits.
pub(crate) static SIGNATURES: &[&dyn SignatureVerificationAlgorithm] = &[
    aws_lc_rs::ECDSA_P256_SHA256,
    aws_lc_rs::ECDSA_P256_SHA384,
    aws_lc_rs::ECDSA_P384_SHA256,
    aws_lc_rs::ECDSA_P384_SHA384,
    aws_lc_rs::ECDSA_P384_SHA512,
    aws_lc_rs::ECDSA_P521_SHA512,
    aws_lc_rs::ED25519,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA384,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA512,
    aws_lc_rs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    aws_lc_rs::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    aws_lc_rs::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// How much must be known of revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// A list of each issuer on the path, that is not out of date.
    Required,
    /// What the lists that are there say, however old. Without one nothing is revoked.
    IfThere,
}

/// What a tenant trusts.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// The authorities that issue its cards.
    pub authorities: &'a [Authority],
    /// A certificate is for one of these purposes; empty for any.
    pub usages: &'a [Oid],
    /// A certificate was issued under one of these policies; empty for any.
    pub policies: &'a [Oid],
    /// How much must be known of revocation.
    pub revocation: Revocation,
    /// The lists that are there.
    pub lists: &'a [RevocationList],
}

impl Trust<'_> {
    /// Whether the tenant takes the certificate at `now`, in seconds since 1970. `chain` is what
    /// the card brought along; the path is looked for.
    ///
    /// # Errors
    ///
    /// [`X509Error`]: of several authorities, what the one says that comes closest.
    pub fn check(
        &self,
        certificate: &Certificate,
        chain: &[Vec<u8>],
        now: i64,
    ) -> Result<(), X509Error> {
        if chain.len() > MAX_CHAIN {
            return Err(X509Error::TooLarge);
        }
        purpose(certificate)?;
        // Before any path: what else a card brings along has no say in which error is heard.
        if self.revoked(&certificate.der)? {
            return Err(X509Error::Revoked);
        }
        let (mut taken, mut withdrawn) = (false, false);
        let mut closest = X509Error::UnknownAuthority;
        for authority in self.authorities {
            match self.path(authority, certificate, chain, now) {
                // It counts by itself, and yet who is above it has withdrawn it: whether the card
                // shows that certificate is up to the card.
                Ok(()) if self.is_out(authority, 0) => withdrawn = true,
                Ok(()) => taken = true,
                // Whoever else would take it: one that may say so has revoked it.
                Err(X509Error::Revoked) => return Err(X509Error::Revoked),
                // A certificate of the same name with another key is another authority.
                Err(X509Error::UnknownAuthority | X509Error::Signature) => {}
                Err(error) => closest = error,
            }
        }
        match (taken, withdrawn) {
            (true, _) => Ok(()),
            (false, true) => Err(X509Error::Revoked),
            (false, false) => Err(closest),
        }
    }

    /// 2. The path to one authority (RFC 5280 §6.1), and whether anything on it is revoked.
    fn path(
        &self,
        authority: &Authority,
        certificate: &Certificate,
        chain: &[Vec<u8>],
        now: i64,
    ) -> Result<(), X509Error> {
        let time = seconds(now)?;
        let der = CertificateDer::from(certificate.der.as_slice());
        let end_entity = EndEntityCert::try_from(&der)?;
        let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let lists = self.lists_beside(authority)?;
        let lists: Vec<_> = lists.iter().collect();
        let revocation = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
            let (status, expiration) = match self.revocation {
                Revocation::Required => (UnknownStatusPolicy::Deny, ExpirationPolicy::Enforce),
                Revocation::IfThere => (UnknownStatusPolicy::Allow, ExpirationPolicy::Ignore),
            };
            options.with_status_policy(status).with_expiration_policy(expiration).build()
        });
        let unknown = revocation.is_none() && self.revocation == Revocation::Required;
        authority.with_anchor(|anchor| {
            let anchors = std::slice::from_ref(anchor);
            let path = end_entity
                .verify_for_usage(SIGNATURES, anchors, &chain, time, AnyUsage, revocation, None)?;
            self.authority_may(authority, certificate, &path, now)?;
            if unknown { Err(X509Error::RevocationUnknown) } else { Ok(()) }
        })?
    }

    /// Whether a list of who has issued the certificate names it. Any of them: two certificates of
    /// one authority may have two lists, and the older one says no less.
    fn revoked(&self, der: &[u8]) -> Result<bool, X509Error> {
        let certificate = read(der)?;
        for list in self.lists {
            if list.revokes(&certificate)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an authority is withdrawn: its own certificate is revoked, or those of all the
    /// tenant's authorities that have issued it are. What cannot be read is withdrawn.
    fn is_out(&self, authority: &Authority, depth: usize) -> bool {
        if self.revoked(&authority.der).unwrap_or(true) {
            return true;
        }
        // Two that have signed each other say nothing of either.
        if depth >= MAX_CHAIN {
            return false;
        }
        let others = self.authorities.iter().filter(|other| other.der != authority.der);
        let mut above = others.filter(|other| other.issued(authority)).peekable();
        above.peek().is_some() && above.all(|above| self.is_out(above, depth.saturating_add(1)))
    }

    /// The lists of this authority's key and of those with other names, the newest first, for the
    /// path asks the first that it finds: of two authorities of one name, each has its own list,
    /// unless one is the other with a renewed certificate.
    fn lists_beside(
        &self,
        authority: &Authority,
    ) -> Result<Vec<CertRevocationList<'_>>, X509Error> {
        let beside =
            |list: &&RevocationList| list.key == authority.key || list.issuer != authority.name;
        let mut beside: Vec<_> = self.lists.iter().filter(beside).collect();
        beside.sort_by_key(|list| std::cmp::Reverse(list.this_update));
        beside.into_iter().map(RevocationList::borrowed).collect()
    }

    /// 3. What the path's library leaves out.
    fn authority_may(
        &self,
        authority: &Authority,
        certificate: &Certificate,
        path: &VerifiedPath<'_>,
        now: i64,
    ) -> Result<(), X509Error> {
        // Deviation: an authority that the tenant has named keeps its own validity, length, uses
        // and policies.
        if now < authority.not_before {
            return Err(X509Error::NotYetValid);
        }
        if now > authority.not_after {
            return Err(X509Error::Expired);
        }
        let between: Vec<_> = path.intermediate_certificates().map(webpki::Cert::der).collect();
        if !authority.allows(between.len()) {
            return Err(X509Error::Path);
        }
        let above = between.iter().map(|der| Usage::of(&read(der)?.tbs_certificate));
        let above: Vec<Usage> = above.collect::<Result<_, _>>()?;
        if above.iter().any(|usage| usage.key.is_some_and(|key| !key.certificate_sign)) {
            return Err(X509Error::Path);
        }
        let own = Usage::of(&read(&authority.der)?.tbs_certificate)?;
        let Usage { extended, policies, .. } = &certificate.usage;
        let extended = extended.as_deref().unwrap_or_default();
        // Deviation: anyExtendedKeyUsage, or no extension, is none of those that are asked for.
        let through = |wanted: &Oid| {
            own.passes_usage(wanted) && above.iter().all(|usage| usage.passes_usage(wanted))
        };
        let mut usages = self.usages.iter().filter(|usage| extended.contains(usage));
        if !self.usages.is_empty() && !usages.any(through) {
            return Err(X509Error::ExtendedKeyUsage);
        }
        // No policy mapping (RFC 5280 §6.1.3 d): the same policy all the way, or any.
        // The tenant has named the authority: where it states no policy, it may issue under any.
        let stated = |wanted: &Oid| own.policies.is_empty() || own.passes_policy(wanted);
        let through =
            |wanted: &Oid| stated(wanted) && above.iter().all(|usage| usage.passes_policy(wanted));
        let mut under = self.policies.iter().filter(|policy| policies.contains(policy));
        if !self.policies.is_empty() && !under.any(through) {
            return Err(X509Error::Policy);
        }
        Ok(())
    }
}

/// 1. What the certificate itself says that it is for.
fn purpose(certificate: &Certificate) -> Result<(), X509Error> {
    let Usage { key, extended, policies: _ } = &certificate.usage;
    if key.is_some_and(|usage| !usage.digital_signature) {
        return Err(X509Error::KeyUsage);
    }
    let extended = extended.as_deref().unwrap_or_default();
    if extended.iter().any(|usage| usage.as_str() == Oid::PIV_CARD_AUTH) {
        return Err(X509Error::CardAuthentication);
    }
    Ok(())
}

impl Usage {
    /// Whether an authority with this usage may issue for a purpose.
    fn passes_usage(&self, wanted: &Oid) -> bool {
        self.extended.as_ref().is_none_or(|extended| {
            extended.iter().any(|usage| usage == wanted || usage.as_str() == Oid::ANY_USAGE)
        })
    }

    /// Whether an authority with this usage may issue under a policy.
    fn passes_policy(&self, wanted: &Oid) -> bool {
        let mut policies = self.policies.iter();
        policies.any(|policy| policy == wanted || policy.as_str() == Oid::ANY_POLICY)
    }
}

/// Purposes are the tenant's matter, and looked at apart.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        purposes.into_iter().try_for_each(|purpose| purpose.map(|_| ()))
    }
}

fn seconds(now: i64) -> Result<UnixTime, X509Error> {
    let now = u64::try_from(now).map_err(|_| X509Error::NotYetValid)?;
    Ok(UnixTime::since_unix_epoch(std::time::Duration::from_secs(now)))
}
