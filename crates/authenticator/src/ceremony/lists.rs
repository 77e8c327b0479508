//! Lists of credential IDs, cut into what the authenticator takes at once.

use super::{CeremonyError, Run, Verified};
use crate::{AnswerError, Command, CommandError, Status, cbor, cose, get_assertion, get_info};

/// What a search for a credential is signed over, where it is signed at all: no client data has
/// this hash, so nobody can use the signature.
const NO_CLIENT_DATA: [u8; 32] = [0; 32];
/// Key and length of the list itself, at most.
const LIST_HEADER: usize = 4;
/// What a PIN/UV parameter and its protocol add to a request, at most.
const PIN_UV_PARAMETERS: usize = 40;

/// Cuts `ids` into batches for a request that has `request_length` bytes without list and token.
///
/// IDs longer than any of this authenticator's are left out: they cannot be here. One that names
/// no limit of entries gets them one by one, as CTAP 2.0 keys may refuse a second.
pub(crate) fn batches(
    ids: &[Vec<u8>],
    info: &get_info::Response,
    request_length: usize,
) -> Vec<Vec<Vec<u8>>> {
    let max_count = size(info.max_credential_count_in_list.unwrap_or(1)).max(1);
    let max_length = info.max_credential_id_length.map_or(usize::MAX, size);
    let room = size(info.max_msg_size)
        .saturating_sub(request_length)
        .saturating_sub(LIST_HEADER)
        .saturating_sub(PIN_UV_PARAMETERS);

    let mut batches: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut used = 0_usize;
    for id in ids.iter().filter(|id| id.len() <= max_length) {
        let length = descriptor_length(id);
        used = used.saturating_add(length);
        match batches.last_mut() {
            Some(batch) if batch.len() < max_count && used <= room => batch.push(id.clone()),
            _ => {
                batches.push(vec![id.clone()]);
                used = length;
            }
        }
    }
    batches
}

fn descriptor_length(id: &[u8]) -> usize {
    let mut bytes = Vec::new();
    cbor::write(&cose::descriptor(id), &mut bytes);
    bytes.len()
}

/// A `u32` of an authenticator as a length; where that cannot be, no limit.
fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl Run<'_, '_> {
    /// Cuts `ids` down to what fits into one request: the only batch; or, of several, the one
    /// credential that is here, found without asking for a touch.
    pub(super) fn narrow(
        &mut self,
        rp_id: &str,
        mut batches: Vec<Vec<Vec<u8>>>,
        verified: &Verified,
    ) -> Result<Vec<Vec<u8>>, CeremonyError> {
        if batches.len() <= 1 {
            return Ok(batches.pop().unwrap_or_default());
        }
        for batch in &batches {
            if let Some(found) = self.look_for(rp_id, batch, verified)? {
                return Ok(vec![found]);
            }
        }
        Ok(Vec::new())
    }

    /// Which credential of `batch` is here.
    fn look_for(
        &mut self,
        rp_id: &str,
        batch: &[Vec<u8>],
        verified: &Verified,
    ) -> Result<Option<Vec<u8>>, CeremonyError> {
        let request = get_assertion::Request {
            rp_id,
            client_data_hash: &NO_CLIENT_DATA,
            allow_list: batch,
            up: false,
            uv: verified.uv.map(|_| false),
            token: verified.token.as_ref(),
        };
        match self.command(&request) {
            Ok(found) => credential_of(batch, found.credential_id).map(Some),
            Err(CommandError::Answer(AnswerError::Status(Status::NO_CREDENTIALS))) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The credential that answered to `list`. An authenticator may leave it out when there was but
/// one in the list; it may not name one that was not.
pub(super) fn credential_of(
    list: &[Vec<u8>],
    answered: Option<Vec<u8>>,
) -> Result<Vec<u8>, CeremonyError> {
    match (list, answered) {
        ([], Some(id)) => Ok(id),
        ([only], None) => Ok(only.clone()),
        (list, Some(id)) if list.contains(&id) => Ok(id),
        (_, Some(_)) => {
            Err(CeremonyError::Inconsistent("it is by a credential that was not asked for"))
        }
        (_, None) => Err(CeremonyError::Inconsistent("it does not say by which credential")),
    }
}

/// Length in bytes of a request without its list.
pub(crate) fn length<C: Command>(request: &C) -> usize {
    request.encode().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(count: Option<u32>, id_length: Option<u32>, msg_size: u32) -> get_info::Response {
        let mut info = get_info::tests::plain();
        info.max_credential_count_in_list = count;
        info.max_credential_id_length = id_length;
        info.max_msg_size = msg_size;
        info
    }

    fn ids(count: u8, length: usize) -> Vec<Vec<u8>> {
        (0..count).map(|n| vec![n; length]).collect()
    }

    fn sizes(ids: &[Vec<u8>], info: &get_info::Response) -> Vec<usize> {
        batches(ids, info, 100).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_has_as_many_entries_as_the_authenticator_says() {
        assert!(sizes(&[], &info(Some(8), None, 1200)).is_empty());
        assert_eq!(sizes(&ids(8, 32), &info(Some(8), None, 1200)), [8]);
        assert_eq!(sizes(&ids(17, 32), &info(Some(8), None, 1200)), [8, 8, 1]);
        assert_eq!(sizes(&ids(2, 32), &info(None, None, 1200)), [1, 1]);
        assert_eq!(sizes(&ids(2, 32), &info(Some(0), None, 1200)), [1, 1]);
    }

    #[test]
    fn a_batch_fits_into_the_largest_message() {
        let entry = descriptor_length(&[0; 64]);
        let room = 100 + LIST_HEADER + PIN_UV_PARAMETERS + 3 * entry;
        let room = u32::try_from(room).unwrap();
        assert_eq!(sizes(&ids(6, 64), &info(Some(99), None, room)), [3, 3]);
        assert_eq!(sizes(&ids(6, 64), &info(Some(99), None, room - 1)), [2, 2, 2]);
        assert_eq!(sizes(&ids(2, 64), &info(Some(99), None, 10)), [1, 1]);
    }

    #[test]
    fn ids_longer_than_any_of_this_authenticator_are_left_out() {
        let mixed = [ids(2, 64), ids(1, 65)].concat();
        assert_eq!(sizes(&mixed, &info(Some(8), Some(64), 1200)), [2]);
    }

    #[test]
    fn the_credential_is_filled_in_only_where_there_is_no_doubt() {
        let list = ids(2, 4);
        let inconsistent = |result| matches!(result, Err(CeremonyError::Inconsistent(_)));
        assert_eq!(credential_of(&list[..1], None).unwrap(), list[0]);
        assert_eq!(credential_of(&list, Some(list[1].clone())).unwrap(), list[1]);
        assert_eq!(credential_of(&[], Some(vec![9])).unwrap(), [9]);
        assert!(inconsistent(credential_of(&list, None)));
        assert!(inconsistent(credential_of(&list, Some(vec![9]))));
        assert!(inconsistent(credential_of(&[], None)));
    }
}
