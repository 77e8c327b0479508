//! What goes into a response, before it is signed: each field a test may change.

use ciborium::Value as Cbor;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::options::Refused;
use crate::{AAGUID, Credential, base64url};

/// AT: attested credential data follows.
const AT: u8 = 0x40;
/// ED: outputs of extensions follow.
const ED: u8 = 0x80;

/// A response in the making.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The bytes of `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// The relying party whose hash is signed.
    pub rp_id: String,
    /// UP, UV, BE and BS; AT and ED follow from what is there.
    pub flags: u8,
    /// The signature counter.
    pub counter: u32,
    /// The new credential, in a registration.
    pub attested: Option<Attested>,
    /// Outputs of extensions.
    pub extensions: Option<Cbor>,
    /// What the signed authenticator data is made into at the end.
    pub rewrite: fn(Vec<u8>) -> Vec<u8>,
    /// `id` and `rawId`.
    pub credential_id: Vec<u8>,
    /// `userHandle`.
    pub user_handle: Option<Vec<u8>>,
    /// `transports`.
    pub transports: Vec<String>,
    /// The attestation statement.
    pub format: Format,
    /// Who signs.
    pub signer: Signer,
}

/// The new credential of a registration (§6.5.1).
#[derive(Clone, Debug)]
pub struct Attested {
    /// The make.
    pub aaguid: [u8; 16],
    /// The credential id.
    pub id: Vec<u8>,
    /// The COSE key.
    pub public_key: Vec<(i64, Cbor)>,
}

/// An attestation statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Format {
    /// `none` (§8.7).
    None,
    /// `packed`, signed with the credential's own key (§8.2).
    PackedSelf,
    /// Whatever a test wants.
    Other(String, Cbor),
}

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The credential's key, over what is sent.
    Credential,
    /// Another key.
    AnotherKey,
    /// The credential's key, over other client data.
    OtherClientData,
    /// The credential's key, over other authenticator data.
    OtherAuthenticatorData,
    /// Nobody: the bytes are no signature.
    Garbage,
}

impl Draft {
    pub(crate) fn new(kind: &str, challenge: &str, origin: &str, rp_id: &str) -> Self {
        let client_data = json!({
            "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false,
        });
        Self {
            client_data: client_data.to_string().into_bytes(),
            rp_id: rp_id.to_owned(),
            flags: 0,
            counter: 0,
            attested: None,
            extensions: None,
            rewrite: |bytes| bytes,
            credential_id: Vec::new(),
            user_handle: None,
            transports: Vec::new(),
            format: Format::None,
            signer: Signer::Credential,
        }
    }

    /// Sets a member of the client data.
    pub fn set(&mut self, member: &str, value: impl Into<Value>) {
        let value = value.into();
        self.client_data_members(|members| {
            members.insert(member.to_owned(), value);
        });
    }

    /// Takes a member out of the client data.
    pub fn remove(&mut self, member: &str) {
        self.client_data_members(|members| {
            members.remove(member);
        });
    }

    fn client_data_members(&mut self, change: impl FnOnce(&mut Map<String, Value>)) {
        let mut members = serde_json::from_slice(&self.client_data).unwrap_or_default();
        change(&mut members);
        self.client_data = Value::Object(members).to_string().into_bytes();
    }

    /// Sets a member of the new credential's COSE key.
    pub fn set_key(&mut self, label: i64, value: impl Into<Cbor>) {
        if let Some(attested) = &mut self.attested {
            attested.public_key.retain(|(known, _)| *known != label);
            attested.public_key.push((label, value.into()));
        }
    }

    /// §6.1.
    pub(crate) fn authenticator_data(&self) -> Result<Vec<u8>, Refused> {
        let mut flags = self.flags;
        let mut rest = Vec::new();
        if let Some(attested) = &self.attested {
            flags |= AT;
            rest.extend(attested.aaguid);
            let length = u16::try_from(attested.id.len()).map_err(|_| Refused::Draft)?;
            rest.extend(length.to_be_bytes());
            rest.extend(&attested.id);
            let member = |(label, value): &(i64, Cbor)| (Cbor::from(*label), value.clone());
            rest.extend(cbor(&Cbor::Map(attested.public_key.iter().map(member).collect()))?);
        }
        if let Some(extensions) = &self.extensions {
            flags |= ED;
            rest.extend(cbor(extensions)?);
        }
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data.extend(rest);
        Ok((self.rewrite)(data))
    }

    /// §6.5.4.
    pub(crate) fn attestation_object(&self, credential: &Credential) -> Result<Vec<u8>, Refused> {
        let (format, statement) = match &self.format {
            Format::None => ("none", Cbor::Map(Vec::new())),
            Format::PackedSelf => {
                let signature = Cbor::Bytes(self.signature(credential)?);
                let members = vec![("alg".into(), (-7).into()), ("sig".into(), signature)];
                ("packed", Cbor::Map(members))
            }
            Format::Other(format, statement) => (format.as_str(), statement.clone()),
        };
        cbor(&Cbor::Map(vec![
            ("fmt".into(), format.into()),
            ("attStmt".into(), statement),
            ("authData".into(), Cbor::Bytes(self.authenticator_data()?)),
        ]))
    }

    /// §6.3.3 step 11, or what a test wants instead.
    pub(crate) fn signature(&self, credential: &Credential) -> Result<Vec<u8>, Refused> {
        let mut data = self.authenticator_data()?;
        let mut hash = Sha256::digest(&self.client_data).to_vec();
        let mut key = credential.key.clone();
        match self.signer {
            Signer::Credential => {}
            Signer::AnotherKey => {
                key = SigningKey::from_slice(&[0x42; 32]).map_err(|_| Refused::Key)?;
            }
            Signer::OtherClientData => hash.reverse(),
            Signer::OtherAuthenticatorData => data.reverse(),
            Signer::Garbage => return Ok(vec![0x30, 0x02, 0x01]),
        }
        data.extend(hash);
        let signature: Signature = key.sign(&data);
        Ok(signature.to_der().as_bytes().to_vec())
    }

    pub(crate) fn public_key_credential(&self, response: &Value) -> Value {
        let id = base64url(&self.credential_id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "response": response,
            "authenticatorAttachment": "cross-platform", "clientExtensionResults": {},
        })
    }
}

impl Attested {
    pub(crate) fn of(credential: &Credential) -> Self {
        let point = VerifyingKey::from(&credential.key).to_sec1_point(false);
        let coordinate = |bytes: Option<&p256::FieldBytes>| {
            Cbor::Bytes(bytes.map(|bytes| bytes.to_vec()).unwrap_or_default())
        };
        // RFC 9053 §7.1.1: kty EC2, alg ES256, crv P-256.
        let public_key = vec![
            (1, 2.into()),
            (3, (-7).into()),
            (-1, 1.into()),
            (-2, coordinate(point.x())),
            (-3, coordinate(point.y())),
        ];
        Self { aaguid: AAGUID, id: credential.id.clone(), public_key }
    }
}

fn cbor(value: &Cbor) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|_| Refused::Draft)?;
    Ok(bytes)
}
