use super::{Ability, Management, ManagementError, token};
use crate::bio_enrollment::{
    CancelCurrentEnrollment, EnrollBegin, EnrollCaptureNextSample, EnumerateEnrollments,
    Fingerprint, GetFingerprintSensorInfo, RemoveEnrollment, Sample, SampleStatus, SetFriendlyName,
};
use crate::ceremony::Run;
use crate::ceremony::pin::is;
use crate::client_pin::Permissions;
use crate::subcommand::{Authority, Dialect};
use crate::{CommandError, Status, bio_enrollment, get_info};

/// How long the sensor waits for each finger.
const SAMPLE_TIMEOUT_MILLISECONDS: u32 = 10_000;
/// How many samples are taken at most, good and bad: a sensor that never has enough is broken.
const MAX_SAMPLES: usize = 64;

impl Management<'_, '_> {
    /// Lists the fingerprints.
    ///
    /// # Errors
    ///
    /// See [`ManagementError`].
    pub fn fingerprints(&mut self) -> Result<Vec<Fingerprint>, ManagementError> {
        self.errand(|run| {
            let info = run.info()?;
            with_authority(run, &info, |run, authority| {
                match run.command(&EnumerateEnrollments(authority)) {
                    // §6.7.6: that is how it says that there is none.
                    Err(error) if is(&error, &[Status::INVALID_OPTION]) => Ok(Vec::new()),
                    answer => Ok(answer?),
                }
            })
        })
    }

    /// Takes samples of a finger until the authenticator knows it, and gives it a name; empty: no
    /// name. `on_sample` hears of each sample and tells the person to lift the finger and to
    /// lay it down again.
    ///
    /// # Errors
    ///
    /// See [`ManagementError`]; nothing is stored then.
    pub fn enrol_fingerprint(
        &mut self,
        name: &str,
        on_sample: &mut dyn FnMut(Sample),
    ) -> Result<Fingerprint, ManagementError> {
        self.errand(|run| {
            let info = run.info()?;
            fits(run, &info, name)?;
            with_authority(run, &info, |run, authority| {
                let id = samples(run, authority, on_sample)?;
                if !name.is_empty() {
                    let command = SetFriendlyName { authority, template_id: &id, name };
                    run.command(&command)?;
                }
                Ok(Fingerprint { id, name: name.to_owned() })
            })
        })
    }

    /// Gives a fingerprint another name.
    ///
    /// # Errors
    ///
    /// [`ManagementError::NotFound`] when it is not there; else see [`ManagementError`].
    pub fn rename_fingerprint(&mut self, id: &[u8], name: &str) -> Result<(), ManagementError> {
        self.errand(|run| {
            let info = run.info()?;
            fits(run, &info, name)?;
            with_authority(run, &info, |run, authority| {
                let command = SetFriendlyName { authority, template_id: id, name };
                run.command(&command).map_err(not_found)
            })
        })
    }

    /// Has the authenticator forget a fingerprint.
    ///
    /// # Errors
    ///
    /// [`ManagementError::NotFound`] when it is not there; else see [`ManagementError`].
    pub fn remove_fingerprint(&mut self, id: &[u8]) -> Result<(), ManagementError> {
        self.errand(|run| {
            let info = run.info()?;
            with_authority(run, &info, |run, authority| {
                let command = RemoveEnrollment { authority, template_id: id };
                run.command(&command).map_err(not_found)
            })
        })
    }
}

fn dialect(info: &get_info::Response) -> Result<Dialect, ManagementError> {
    bio_enrollment::dialect(info).ok_or(ManagementError::Unsupported(Ability::Fingerprints))
}

/// Does `errand` with a token that lets its holder manage fingerprints.
fn with_authority<'r, 'c, T>(
    run: &mut Run<'r, 'c>,
    info: &get_info::Response,
    errand: impl FnOnce(&mut Run<'r, 'c>, Authority<'_>) -> Result<T, ManagementError>,
) -> Result<T, ManagementError> {
    let dialect = dialect(info)?;
    let token = token(run, info, Permissions::BioEnrollment)?;
    errand(run, Authority { dialect, token: &token })
}

/// Refuses a name that is too long before anybody types a PIN for it.
fn fits(
    run: &mut Run<'_, '_>,
    info: &get_info::Response,
    name: &str,
) -> Result<(), ManagementError> {
    let sensor = run.command(&GetFingerprintSensorInfo(dialect(info)?))?;
    match sensor.max_name_length {
        Some(most) if u32::try_from(name.len()).is_ok_and(|length| length > most) => {
            Err(ManagementError::NameTooLong(most))
        }
        _ => Ok(()),
    }
}

fn not_found(error: CommandError) -> ManagementError {
    // §6.7.7 and §6.7.8 say INVALID_OPTION of an ID that is unknown.
    if is(&error, &[Status::INVALID_OPTION]) { ManagementError::NotFound } else { error.into() }
}

/// Takes samples until there are enough. An enrolment that is not finished is given up: the
/// sensor would go on waiting, and the next one would be refused.
fn samples(
    run: &mut Run<'_, '_>,
    authority: Authority<'_>,
    on_sample: &mut dyn FnMut(Sample),
) -> Result<Vec<u8>, ManagementError> {
    let timeout_milliseconds = SAMPLE_TIMEOUT_MILLISECONDS;
    run.person.touch_needed();
    let (id, mut sample) = run.command(&EnrollBegin { authority, timeout_milliseconds })?;
    for _ in 0..MAX_SAMPLES {
        on_sample(sample);
        if sample.remaining == 0 && sample.status == SampleStatus::GOOD {
            return Ok(id);
        }
        let next = EnrollCaptureNextSample { authority, template_id: &id, timeout_milliseconds };
        sample = match run.command(&next) {
            Ok(sample) => sample,
            Err(error) => {
                give_up(run, authority.dialect);
                return Err(error.into());
            }
        };
    }
    give_up(run, authority.dialect);
    Err(ManagementError::NoGoodSample)
}

/// What it answers is of no use to anybody; the errand has failed already.
fn give_up(run: &mut Run<'_, '_>, dialect: Dialect) {
    let _ = run.last_command(&CancelCurrentEnrollment(dialect));
}
