//! `authenticatorBioEnrollment` (0x09), CTAP 2.1 §6.7, and its prototype (0x40) of authenticators
//! that say `userVerificationMgmtPreview`: one request per subcommand. Only fingerprints.

use ciborium::Value;

use crate::cbor::{self, Malformed, Members, byte_string, member};
use crate::command::{members, request};
use crate::subcommand::{Authority, Dialect};
use crate::wire_enum::wire_enum;
use crate::{AnswerError, Command, get_info};

const CODE: u8 = 0x09;
const PREVIEW: u8 = 0x40;
/// `modality` of §6.7.1: the only one there is.
const FINGERPRINT: u8 = 0x01;
/// How many fingerprints an authenticator is believed to hold.
const MAX_TEMPLATES: usize = 64;

wire_enum! {
    /// `lastEnrollSampleStatus`, §6.7.4: what the sensor saw.
    pub struct SampleStatus {
        /// `CTAP2_ENROLL_FEEDBACK_FP_GOOD`.
        GOOD = 0x00,
        /// `CTAP2_ENROLL_FEEDBACK_FP_TOO_HIGH`.
        TOO_HIGH = 0x01,
        /// `CTAP2_ENROLL_FEEDBACK_FP_TOO_LOW`.
        TOO_LOW = 0x02,
        /// `CTAP2_ENROLL_FEEDBACK_FP_TOO_LEFT`.
        TOO_LEFT = 0x03,
        /// `CTAP2_ENROLL_FEEDBACK_FP_TOO_RIGHT`.
        TOO_RIGHT = 0x04,
        /// `CTAP2_ENROLL_FEEDBACK_FP_TOO_FAST`.
        TOO_FAST = 0x05,
        /// `CTAP2_ENROLL_FEEDBACK_FP_TOO_SLOW`.
        TOO_SLOW = 0x06,
        /// `CTAP2_ENROLL_FEEDBACK_FP_POOR_QUALITY`.
        POOR_QUALITY = 0x07,
        /// `CTAP2_ENROLL_FEEDBACK_FP_TOO_SKEWED`.
        TOO_SKEWED = 0x08,
        /// `CTAP2_ENROLL_FEEDBACK_FP_TOO_SHORT`.
        TOO_SHORT = 0x09,
        /// `CTAP2_ENROLL_FEEDBACK_FP_MERGE_FAILURE`.
        MERGE_FAILURE = 0x0A,
        /// `CTAP2_ENROLL_FEEDBACK_FP_EXISTS`.
        EXISTS = 0x0B,
        /// `CTAP2_ENROLL_FEEDBACK_NO_USER_ACTIVITY`.
        NO_USER_ACTIVITY = 0x0D,
        /// `CTAP2_ENROLL_FEEDBACK_NO_USER_PRESENCE_TRANSITION`.
        NO_USER_PRESENCE_TRANSITION = 0x0E,
    }
}

wire_enum! {
    /// `fingerprintKind`, §6.7.2: how a finger meets the sensor.
    pub struct SensorKind {
        /// It is laid on it.
        TOUCH = 0x01,
        /// It is drawn over it.
        SWIPE = 0x02,
    }
}

/// What `info` offers. The option says whether there is a fingerprint already; that it is there at
/// all says that there can be one.
pub(crate) fn dialect(info: &get_info::Response) -> Option<Dialect> {
    let is_there = |option| info.option(option).is_some();
    Dialect::choose(is_there("bioEnroll"), is_there("userVerificationMgmtPreview"))
}

/// `modality` (0x01), `subCommand` (0x02), `subCommandParams` (0x03), and what proves that we
/// may: the token over all of them (0x04, 0x05).
fn authorized(
    Authority { dialect, token }: Authority<'_>,
    subcommand: u8,
    parameters: Vec<(Value, Value)>,
) -> Vec<u8> {
    let mut message = vec![FINGERPRINT, subcommand];
    let mut all = vec![member(0x01, FINGERPRINT), member(0x02, subcommand)];
    if !parameters.is_empty() {
        let parameters = Value::Map(parameters);
        cbor::write(&parameters, &mut message);
        all.push(member(0x03, parameters));
    }
    all.push(member(0x04, token.protocol().number()));
    all.push(member(0x05, byte_string(&token.authenticate(&message))));
    request(dialect.code(CODE, PREVIEW), all)
}

/// `getFingerprintSensorInfo` (0x07), §6.7.3. Needs no token.
pub(crate) struct GetFingerprintSensorInfo(pub(crate) Dialect);

/// The sensor of an authenticator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sensor {
    /// 0x02: how a finger meets it.
    pub kind: SensorKind,
    /// 0x03: how many good samples a new fingerprint needs at most.
    pub max_samples: u32,
    /// 0x08: how long a name may be, in bytes.
    pub max_name_length: Option<u32>,
}

impl Command for GetFingerprintSensorInfo {
    const CODE: u8 = CODE;
    type Response = Sensor;

    fn encode(&self) -> Vec<u8> {
        request(self.0.code(CODE, PREVIEW), vec![member(0x01, FINGERPRINT), member(0x02, 0x07)])
    }

    fn decode(answer: &[u8]) -> Result<Sensor, AnswerError> {
        let mut members = members(answer)?;
        let kind = members.unsigned(0x02)?.and_then(|kind| u8::try_from(kind).ok());
        Ok(Sensor {
            kind: SensorKind(kind.ok_or(Malformed)?),
            max_samples: members.unsigned(0x03)?.ok_or(Malformed)?,
            max_name_length: members.unsigned(0x08)?,
        })
    }
}

/// What the sensor saw, and how often it wants to see more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// 0x05: whether the sample was good, and if not, why.
    pub status: SampleStatus,
    /// 0x06: how many more are needed.
    pub remaining: u32,
}

/// `enrollBegin` (0x01), §6.7.4.
pub(crate) struct EnrollBegin<'a> {
    pub(crate) authority: Authority<'a>,
    /// 0x03, 0x03: how long the sensor waits for a finger.
    pub(crate) timeout_milliseconds: u32,
}

impl Command for EnrollBegin<'_> {
    const CODE: u8 = CODE;
    /// 0x04: the ID of the new fingerprint; and the first sample.
    type Response = (Vec<u8>, Sample);

    fn encode(&self) -> Vec<u8> {
        authorized(self.authority, 0x01, vec![member(0x03, self.timeout_milliseconds)])
    }

    fn decode(answer: &[u8]) -> Result<Self::Response, AnswerError> {
        let mut members = members(answer)?;
        let id = members.bytes(0x04)?.filter(|id| !id.is_empty()).ok_or(Malformed)?;
        Ok((id, sample(members)?))
    }
}

/// `enrollCaptureNextSample` (0x02), §6.7.4.
pub(crate) struct EnrollCaptureNextSample<'a> {
    pub(crate) authority: Authority<'a>,
    /// 0x03, 0x01.
    pub(crate) template_id: &'a [u8],
    /// 0x03, 0x03.
    pub(crate) timeout_milliseconds: u32,
}

impl Command for EnrollCaptureNextSample<'_> {
    const CODE: u8 = CODE;
    type Response = Sample;

    fn encode(&self) -> Vec<u8> {
        let id = member(0x01, byte_string(self.template_id));
        authorized(self.authority, 0x02, vec![id, member(0x03, self.timeout_milliseconds)])
    }

    fn decode(answer: &[u8]) -> Result<Sample, AnswerError> {
        Ok(sample(members(answer)?)?)
    }
}

fn sample(mut members: Members) -> Result<Sample, Malformed> {
    let status = members.unsigned(0x05)?.and_then(|status| u8::try_from(status).ok());
    Ok(Sample {
        status: SampleStatus(status.ok_or(Malformed)?),
        remaining: members.unsigned(0x06)?.ok_or(Malformed)?,
    })
}

/// `cancelCurrentEnrollment` (0x03), §6.7.5. Needs no token.
pub(crate) struct CancelCurrentEnrollment(pub(crate) Dialect);

impl Command for CancelCurrentEnrollment {
    const CODE: u8 = CODE;
    type Response = ();

    fn encode(&self) -> Vec<u8> {
        request(self.0.code(CODE, PREVIEW), vec![member(0x01, FINGERPRINT), member(0x02, 0x03)])
    }

    fn decode(answer: &[u8]) -> Result<(), AnswerError> {
        members(answer).map(drop)
    }
}

/// `enumerateEnrollments` (0x04), §6.7.6.
pub(crate) struct EnumerateEnrollments<'a>(pub(crate) Authority<'a>);

/// A fingerprint that the authenticator knows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fingerprint {
    /// Its name on the wire.
    pub id: Vec<u8>,
    /// Its name for people; empty when it has none.
    pub name: String,
}

impl Command for EnumerateEnrollments<'_> {
    const CODE: u8 = CODE;
    type Response = Vec<Fingerprint>;

    fn encode(&self) -> Vec<u8> {
        authorized(self.0, 0x04, Vec::new())
    }

    fn decode(answer: &[u8]) -> Result<Vec<Fingerprint>, AnswerError> {
        let templates = members(answer)?.array(0x07, template)?.unwrap_or_default();
        if templates.len() > MAX_TEMPLATES { Err(AnswerError::Malformed) } else { Ok(templates) }
    }
}

fn template(value: Value) -> Result<Fingerprint, Malformed> {
    let mut template = Members::of(value)?;
    Ok(Fingerprint {
        id: template.bytes(0x01)?.filter(|id| !id.is_empty()).ok_or(Malformed)?,
        name: template.text(0x02)?.unwrap_or_default(),
    })
}

/// `setFriendlyName` (0x05), §6.7.7.
pub(crate) struct SetFriendlyName<'a> {
    pub(crate) authority: Authority<'a>,
    /// 0x03, 0x01.
    pub(crate) template_id: &'a [u8],
    /// 0x03, 0x02.
    pub(crate) name: &'a str,
}

impl Command for SetFriendlyName<'_> {
    const CODE: u8 = CODE;
    type Response = ();

    fn encode(&self) -> Vec<u8> {
        let id = member(0x01, byte_string(self.template_id));
        authorized(self.authority, 0x05, vec![id, member(0x02, self.name)])
    }

    fn decode(answer: &[u8]) -> Result<(), AnswerError> {
        members(answer).map(drop)
    }
}

/// `removeEnrollment` (0x06), §6.7.8.
pub(crate) struct RemoveEnrollment<'a> {
    pub(crate) authority: Authority<'a>,
    /// 0x03, 0x01.
    pub(crate) template_id: &'a [u8],
}

impl Command for RemoveEnrollment<'_> {
    const CODE: u8 = CODE;
    type Response = ();

    fn encode(&self) -> Vec<u8> {
        authorized(self.authority, 0x06, vec![member(0x01, byte_string(self.template_id))])
    }

    fn decode(answer: &[u8]) -> Result<(), AnswerError> {
        members(answer).map(drop)
    }
}

#[cfg(test)]
mod tests;
