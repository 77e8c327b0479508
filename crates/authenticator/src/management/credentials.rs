use super::{Ability, Management, ManagementError, token};
use crate::ceremony::Run;
use crate::ceremony::pin::is;
use crate::client_pin::Permissions;
use crate::credential_management::{
    DeleteCredential, Entry, EnumerateCredentialsBegin, EnumerateCredentialsGetNextCredential,
    EnumerateRpsBegin, EnumerateRpsGetNextRp, GetCredsMetadata, Party,
};
use crate::pin_uv::PinUvAuthToken;
use crate::subcommand::Authority;
use crate::wire_enum::wire_enum;
use crate::{CeremonyError, CommandError, Status, credential_management, get_info};

/// How many entries an authenticator is believed to hold; the largest hold a few hundred.
const MAX_ENTRIES: u32 = 1024;

wire_enum! {
    /// `credProtect`, CTAP 2.1 §12.1: what it takes to see and to use a credential.
    pub struct CredProtect {
        /// `userVerificationOptional`: nothing.
        USER_VERIFICATION_OPTIONAL = 0x01,
        /// `userVerificationOptionalWithCredentialIDList`: its ID, or the verified person.
        USER_VERIFICATION_OPTIONAL_WITH_CREDENTIAL_ID_LIST = 0x02,
        /// `userVerificationRequired`: the verified person.
        USER_VERIFICATION_REQUIRED = 0x03,
    }
}

/// A discoverable credential that is stored on an authenticator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredCredential {
    /// For whom it was made; an authenticator may cut it short.
    pub rp_id: String,
    /// Their name for people; an authenticator may leave it out.
    pub rp_name: String,
    /// ID of the credential.
    pub id: Vec<u8>,
    /// User handle.
    pub user_id: Vec<u8>,
    /// User name.
    pub user_name: String,
    /// The user's name for people.
    pub user_display_name: String,
    /// What it takes to see and to use it, where the authenticator says so.
    pub cred_protect: Option<CredProtect>,
}

/// All credentials on an authenticator, and the room beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The credentials, by relying party.
    pub credentials: Vec<StoredCredential>,
    /// How many more there may be room for.
    pub possible_remaining: u32,
}

impl Management<'_, '_> {
    /// Lists the discoverable credentials.
    ///
    /// # Errors
    ///
    /// See [`ManagementError`].
    pub fn credentials(&mut self) -> Result<Stored, ManagementError> {
        self.errand(|run| {
            let info = run.info()?;
            with_authority(run, &info, list)
        })
    }

    /// Deletes the credential with this ID, for good.
    ///
    /// # Errors
    ///
    /// [`ManagementError::NotFound`] when it is not there; else see [`ManagementError`].
    pub fn delete_credential(&mut self, id: &[u8]) -> Result<(), ManagementError> {
        self.errand(|run| {
            let info = run.info()?;
            with_authority(run, &info, |run, authority| {
                let command = DeleteCredential { authority, credential_id: id };
                run.command(&command).map_err(not_found)
            })
        })
    }
}

/// Does `errand` with a token that lets its holder manage credentials.
fn with_authority<'r, 'c, T>(
    run: &mut Run<'r, 'c>,
    info: &get_info::Response,
    errand: impl FnOnce(&mut Run<'r, 'c>, Authority<'_>) -> Result<T, ManagementError>,
) -> Result<T, ManagementError> {
    let dialect = credential_management::dialect(info)
        .ok_or(ManagementError::Unsupported(Ability::Credentials))?;
    let token: PinUvAuthToken = token(run, info, Permissions::CredentialManagement)?;
    errand(run, Authority { dialect, token: &token })
}

fn not_found(error: CommandError) -> ManagementError {
    if is(&error, &[Status::NO_CREDENTIALS, Status::INVALID_CREDENTIAL]) {
        ManagementError::NotFound
    } else {
        error.into()
    }
}

fn list(run: &mut Run<'_, '_>, authority: Authority<'_>) -> Result<Stored, ManagementError> {
    let metadata = run.command(&GetCredsMetadata(authority))?;
    let mut credentials = Vec::new();
    if metadata.existing > 0 {
        for party in parties(run, authority)? {
            of_party(run, authority, &party, &mut credentials)?;
        }
    }
    Ok(Stored { credentials, possible_remaining: metadata.possible_remaining })
}

fn parties(run: &mut Run<'_, '_>, authority: Authority<'_>) -> Result<Vec<Party>, ManagementError> {
    let (first, total) = match run.command(&EnumerateRpsBegin(authority)) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Vec::new()),
        Err(error) if is(&error, &[Status::NO_CREDENTIALS]) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut parties = vec![first];
    for _ in 1..believable(total)? {
        parties.push(run.command(&EnumerateRpsGetNextRp(authority.dialect))?);
    }
    Ok(parties)
}

fn of_party(
    run: &mut Run<'_, '_>,
    authority: Authority<'_>,
    party: &Party,
    credentials: &mut Vec<StoredCredential>,
) -> Result<(), ManagementError> {
    let begin = EnumerateCredentialsBegin { authority, rp_id_hash: party.id_hash };
    let (first, total) = match run.command(&begin) {
        Ok(found) => found,
        Err(error) if is(&error, &[Status::NO_CREDENTIALS]) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let so_far = u32::try_from(credentials.len()).unwrap_or(u32::MAX);
    believable(total.saturating_add(so_far))?;
    credentials.push(stored(party, first));
    for _ in 1..total {
        let next = run.command(&EnumerateCredentialsGetNextCredential(authority.dialect))?;
        credentials.push(stored(party, next));
    }
    Ok(())
}

/// A number of entries that an authenticator may have. More would keep us asking for ever.
fn believable(total: u32) -> Result<u32, CeremonyError> {
    if total > MAX_ENTRIES {
        return Err(CeremonyError::Inconsistent("it claims more entries than there can be"));
    }
    Ok(total)
}

fn stored(party: &Party, entry: Entry) -> StoredCredential {
    let protect = entry.cred_protect.and_then(|level| u8::try_from(level).ok());
    StoredCredential {
        rp_id: party.id.clone(),
        rp_name: party.name.clone(),
        id: entry.credential_id,
        user_id: entry.user_id,
        user_name: entry.user_name,
        user_display_name: entry.user_display_name,
        cred_protect: protect.map(CredProtect),
    }
}
