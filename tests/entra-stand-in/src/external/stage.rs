//! Where a sign-in goes when a policy demands multifactor authentication.

use uuid::Uuid;

use crate::aadsts::Aadsts;
use crate::model::User;
use crate::world::{Stage, World};

/// To the provider of external MFA, or to its registration first.
pub(crate) fn external_stage(world: &World, user: &User, home: Uuid) -> (Option<Stage>, Aadsts) {
    if user.guest_of.is_some() {
        return (None, Aadsts::pass_through(&user.user_principal_name));
    }
    match world.external_method_of(user) {
        None => (None, Aadsts::enrollment_required()),
        Some((method, registered)) => {
            let (user, method) = (home, method.id);
            let stage = if registered {
                Stage::External { user, method, registers: false }
            } else {
                Stage::MoreInformation { user, method }
            };
            (Some(stage), Aadsts::verification_required())
        }
    }
}

/// A provider has satisfied the policy: the browser that comes back can go on.
pub(crate) fn external_done(world: &mut World, id: Uuid) -> Option<()> {
    let sign_in = world.sign_ins.get_mut(&id)?;
    let Stage::External { user, .. } = sign_in.stage else { return None };
    sign_in.stage = Stage::ExternalDone { user };
    Some(())
}
