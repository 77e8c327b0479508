//! Which Trussed extension the firmware may call, and who serves it.

use trussed::Platform;
use trussed::backend::Backend;
use trussed::serde_extensions::{ExtensionDispatch, ExtensionId, ExtensionImpl};
use trussed::service::ServiceResources;
use trussed::types::Context;
use trussed_auth::AuthExtension;
use trussed_auth_backend::{AuthBackend, AuthContext, FilesystemLayout};
use trussed_chunked::ChunkedExtension;
use trussed_core::Error;
use trussed_core::api::{Reply, Request, reply, request};
use trussed_core::types::Location;
use trussed_fs_info::FsInfoExtension;
use trussed_hkdf::HkdfExtension;
use trussed_hpke::HpkeExtension;
use trussed_rsa_alloc::SoftwareRsa;
use trussed_staging::{StagingBackend, StagingContext};
use trussed_wrap_key_to_file::WrapKeyToFileExtension;

/// The backends besides the core.
#[derive(Debug)]
pub(crate) enum BackendId {
    Staging,
    /// PINs with their tries.
    Auth,
    /// RSA in software.
    Rsa,
}

/// What the backends remember of one client.
#[derive(Default)]
pub(crate) struct Contexts {
    staging: StagingContext,
    auth: AuthContext,
}

/// Numbers are private to this service: the client half and the service half are both ours.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extension {
    Chunked,
    Hkdf,
    FsInfo,
    Auth,
    Hpke,
    WrapKeyToFile,
}

pub(crate) struct Dispatch {
    staging: StagingBackend,
    auth: AuthBackend,
    rsa: SoftwareRsa,
}

impl Default for Dispatch {
    fn default() -> Self {
        Self {
            staging: StagingBackend::default(),
            auth: AuthBackend::new(Location::Internal, FilesystemLayout::V1),
            rsa: SoftwareRsa,
        }
    }
}

impl ExtensionId<ChunkedExtension> for Dispatch {
    type Id = Extension;
    const ID: Extension = Extension::Chunked;
}

impl ExtensionId<HkdfExtension> for Dispatch {
    type Id = Extension;
    const ID: Extension = Extension::Hkdf;
}

impl ExtensionId<FsInfoExtension> for Dispatch {
    type Id = Extension;
    const ID: Extension = Extension::FsInfo;
}

impl ExtensionId<AuthExtension> for Dispatch {
    type Id = Extension;
    const ID: Extension = Extension::Auth;
}

impl ExtensionId<HpkeExtension> for Dispatch {
    type Id = Extension;
    const ID: Extension = Extension::Hpke;
}

impl ExtensionId<WrapKeyToFileExtension> for Dispatch {
    type Id = Extension;
    const ID: Extension = Extension::WrapKeyToFile;
}

impl From<Extension> for u8 {
    fn from(extension: Extension) -> Self {
        match extension {
            Extension::Chunked => 0,
            Extension::Hkdf => 1,
            Extension::FsInfo => 2,
            Extension::Auth => 3,
            Extension::Hpke => 4,
            Extension::WrapKeyToFile => 5,
        }
    }
}

impl TryFrom<u8> for Extension {
    type Error = Error;

    fn try_from(number: u8) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Chunked),
            1 => Ok(Self::Hkdf),
            2 => Ok(Self::FsInfo),
            3 => Ok(Self::Auth),
            4 => Ok(Self::Hpke),
            5 => Ok(Self::WrapKeyToFile),
            _ => Err(Error::FunctionNotSupported),
        }
    }
}

impl ExtensionDispatch for Dispatch {
    type BackendId = BackendId;
    type Context = Contexts;
    type ExtensionId = Extension;

    fn core_request<P: Platform>(
        &mut self,
        backend: &BackendId,
        ctx: &mut Context<Contexts>,
        request: &Request,
        resources: &mut ServiceResources<P>,
    ) -> Result<Reply, Error> {
        let Context { core, backends, .. } = ctx;
        match backend {
            BackendId::Staging => {
                self.staging.request(core, &mut backends.staging, request, resources)
            }
            BackendId::Auth => self.auth.request(core, &mut backends.auth, request, resources),
            BackendId::Rsa => self.rsa.request(core, &mut (), request, resources),
        }
    }

    fn extension_request<P: Platform>(
        &mut self,
        backend: &BackendId,
        extension: &Extension,
        ctx: &mut Context<Contexts>,
        request: &request::SerdeExtension,
        resources: &mut ServiceResources<P>,
    ) -> Result<reply::SerdeExtension, Error> {
        let Context { core, backends, .. } = ctx;
        let (staging, own) = (&mut self.staging, &mut backends.staging);
        match (backend, extension) {
            (BackendId::Staging, Extension::Chunked) => {
                serve::<ChunkedExtension, P>(staging, core, own, request, resources)
            }
            (BackendId::Staging, Extension::Hkdf) => {
                serve::<HkdfExtension, P>(staging, core, own, request, resources)
            }
            (BackendId::Staging, Extension::FsInfo) => {
                serve::<FsInfoExtension, P>(staging, core, own, request, resources)
            }
            (BackendId::Staging, Extension::Hpke) => {
                serve::<HpkeExtension, P>(staging, core, own, request, resources)
            }
            (BackendId::Staging, Extension::WrapKeyToFile) => {
                serve::<WrapKeyToFileExtension, P>(staging, core, own, request, resources)
            }
            (BackendId::Auth, Extension::Auth) => {
                let (auth, own) = (&mut self.auth, &mut backends.auth);
                ExtensionImpl::<AuthExtension>::extension_request_serialized(
                    auth, core, own, request, resources,
                )
            }
            // The service asks the next backend of the client.
            _ => Err(Error::RequestNotAvailable),
        }
    }
}

fn serve<E, P: Platform>(
    staging: &mut StagingBackend,
    core: &mut trussed::types::CoreContext,
    own: &mut StagingContext,
    request: &request::SerdeExtension,
    resources: &mut ServiceResources<P>,
) -> Result<reply::SerdeExtension, Error>
where
    E: trussed_core::serde_extensions::Extension,
    StagingBackend: ExtensionImpl<E>,
{
    ExtensionImpl::<E>::extension_request_serialized(staging, core, own, request, resources)
}
