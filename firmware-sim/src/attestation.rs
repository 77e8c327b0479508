//! Where the firmware looks for its batch key.

use std::io;

use littlefs2::fs::Filesystem;
use littlefs2_core::path;

use crate::Attestation;
use crate::flash::Flash;

pub(crate) mod certificate;

/// Head of a key file of Trussed: flags (sensitive), kind (P-256).
const P256_KEY: [u8; 4] = [0x00, 0x02, 0x00, 0x05];

/// Writes key and certificate to the places that `fido-authenticator` reads.
pub(crate) fn install(flash: &mut Flash, attestation: &Attestation) -> io::Result<()> {
    let key = [P256_KEY.as_slice(), &attestation.private_key].concat();
    Filesystem::mount_and_then(flash, |fs| {
        fs.create_dir_all(path!("fido/x5c"))?;
        fs.write(path!("fido/x5c/00"), &attestation.certificate)?;
        fs.create_dir_all(path!("fido/sec"))?;
        fs.write(path!("fido/sec/00"), &key)
    })
    .map_err(|error| io::Error::other(format!("cannot install the attestation key: {error:?}")))
}
