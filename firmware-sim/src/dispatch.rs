//! Which Trussed extension the firmware may call, and who serves it.

use trussed::Platform;
use trussed::backend::Backend;
use trussed::serde_extensions::{ExtensionDispatch, ExtensionId, ExtensionImpl};
use trussed::service::ServiceResources;
use trussed::types::Context;
use trussed_chunked::ChunkedExtension;
use trussed_core::Error;
use trussed_core::api::{Reply, Request, reply, request};
use trussed_fs_info::FsInfoExtension;
use trussed_hkdf::HkdfExtension;
use trussed_staging::{StagingBackend, StagingContext};

/// The only backend besides the core.
#[derive(Debug)]
pub(crate) enum BackendId {
    Staging,
}

/// Numbers are private to this service: the client half and the service half are both ours.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extension {
    Chunked,
    Hkdf,
    FsInfo,
}

#[derive(Default)]
pub(crate) struct Dispatch {
    staging: StagingBackend,
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

impl From<Extension> for u8 {
    fn from(extension: Extension) -> Self {
        match extension {
            Extension::Chunked => 0,
            Extension::Hkdf => 1,
            Extension::FsInfo => 2,
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
            _ => Err(Error::FunctionNotSupported),
        }
    }
}

impl ExtensionDispatch for Dispatch {
    type BackendId = BackendId;
    type Context = StagingContext;
    type ExtensionId = Extension;

    fn core_request<P: Platform>(
        &mut self,
        BackendId::Staging: &BackendId,
        ctx: &mut Context<StagingContext>,
        request: &Request,
        resources: &mut ServiceResources<P>,
    ) -> Result<Reply, Error> {
        self.staging.request(&mut ctx.core, &mut ctx.backends, request, resources)
    }

    fn extension_request<P: Platform>(
        &mut self,
        BackendId::Staging: &BackendId,
        extension: &Extension,
        ctx: &mut Context<StagingContext>,
        request: &request::SerdeExtension,
        resources: &mut ServiceResources<P>,
    ) -> Result<reply::SerdeExtension, Error> {
        let (staging, core, own) = (&mut self.staging, &mut ctx.core, &mut ctx.backends);
        match extension {
            Extension::Chunked => {
                serve::<ChunkedExtension, P>(staging, core, own, request, resources)
            }
            Extension::Hkdf => serve::<HkdfExtension, P>(staging, core, own, request, resources),
            Extension::FsInfo => {
                serve::<FsInfoExtension, P>(staging, core, own, request, resources)
            }
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
