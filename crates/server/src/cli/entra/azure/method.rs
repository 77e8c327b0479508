//! The external method of the directory, and who has registered it.

use serde_json::{Map, Value as Json, json};

use super::bodies::{self, METHOD_TYPE, METHODS};
use super::{Azure, id_of, text};
use crate::cli::Failure;
use crate::cli::entra::Voice;
use crate::cli::entra::connect::Plan;

const NEEDS: &str = "Policy.ReadWrite.AuthenticationMethod";
const NEEDS_TO_REGISTER: &str = "UserAuthenticationMethod.ReadWrite.All";

/// An external method.
pub(in crate::cli::entra) struct Method(Json);

impl Method {
    pub(in crate::cli::entra) fn name(&self) -> &str {
        text(&self.0, "/displayName")
    }

    pub(in crate::cli::entra) fn is_enabled(&self) -> bool {
        text(&self.0, "/state") == "enabled"
    }

    pub(in crate::cli::entra) fn app_id(&self) -> &str {
        text(&self.0, "/appId")
    }

    pub(in crate::cli::entra) fn client_id(&self) -> &str {
        text(&self.0, "/openIdConnectSetting/clientId")
    }

    pub(in crate::cli::entra) fn discovery(&self) -> &str {
        text(&self.0, "/openIdConnectSetting/discoveryUrl")
    }

    fn id(&self) -> Result<&str, Failure> {
        id_of(&self.0)
    }
}

/// The method that is of this application, or calls us by this id.
pub(in crate::cli::entra) async fn found(
    azure: &Azure,
    client_id: &str,
    app_id: &str,
) -> Result<Option<Method>, Failure> {
    let all = azure.list(METHODS, NEEDS).await?;
    let external = all.into_iter().filter(|one| text(one, "/@odata.type") == METHOD_TYPE);
    let mut external = external.map(Method);
    Ok(external.find(|one| one.client_id() == client_id || one.app_id() == app_id))
}

/// Makes it, or sets what is wrong with it. Its name stays.
pub(super) async fn ensure(
    azure: &Azure,
    plan: &Plan<'_>,
    client_id: &str,
    voice: &mut Voice<'_>,
) -> Result<Method, Failure> {
    let Some(method) = found(azure, client_id, client_id).await? else {
        let body = bodies::method(plan, client_id);
        let made = Method(azure.create(METHODS, NEEDS, &body).await?);
        voice.say(format!("done    Azure: the external method “{}” is added", made.name()))?;
        return Ok(made);
    };
    let change = change(plan, client_id, &method);
    if change.is_empty() {
        voice.say(format!("there   Azure: the external method “{}”", method.name()))?;
        return Ok(method);
    }
    let set = change.keys().filter(|name| *name != "@odata.type").cloned().collect::<Vec<_>>();
    let path = format!("{METHODS}/{}", method.id()?);
    azure.change(&path, NEEDS, &Json::Object(change)).await?;
    let (name, set) = (method.name(), set.join(", "));
    voice.say(format!("done    Azure: of the external method “{name}” was set {set}"))?;
    Ok(method)
}

fn change(plan: &Plan<'_>, client_id: &str, method: &Method) -> Map<String, Json> {
    let mut change = Map::new();
    if !method.is_enabled() {
        change.insert("state".into(), json!("enabled"));
    }
    if method.app_id() != client_id {
        change.insert("appId".into(), json!(client_id));
    }
    let discovery = plan.issuer.configuration();
    if method.client_id() != client_id || method.discovery() != discovery {
        let setting = json!({ "clientId": client_id, "discoveryUrl": discovery });
        change.insert("openIdConnectSetting".into(), setting);
    }
    if !change.is_empty() {
        change.insert("@odata.type".into(), json!(METHOD_TYPE));
    }
    change
}

/// Where a person's registrations are.
fn registrations(person: &str) -> Result<String, Failure> {
    let fits = |c: char| c.is_alphanumeric() || "-._@'+#".contains(c);
    if person.is_empty() || person.len() > 200 || !person.chars().all(fits) {
        return Err(format!("{person:?} is no user principal name and no object ID").into());
    }
    // A user principal name of a guest has a '#', which would end the path.
    let person = person.replace('#', "%23");
    Ok(format!("users/{person}/authentication/externalAuthenticationMethods"))
}

/// Whether a person has registered the method.
pub(in crate::cli::entra) async fn is_registered(
    azure: &Azure,
    method: &Method,
    person: &str,
) -> Result<bool, Failure> {
    let all = azure.list(&registrations(person)?, NEEDS_TO_REGISTER).await?;
    let id = method.id()?;
    Ok(all.iter().any(|one| text(one, "/configurationId") == id))
}

/// Registers it for the people who were named.
pub(super) async fn register(
    azure: &Azure,
    plan: &Plan<'_>,
    method: &Method,
    voice: &mut Voice<'_>,
) -> Result<(), Failure> {
    for person in &plan.asked.register {
        if is_registered(azure, method, person).await? {
            voice.say(format!("there   Azure: {person} has registered it"))?;
            continue;
        }
        let body = json!({ "configurationId": method.id()?, "displayName": method.name() });
        azure.create(&registrations(person)?, NEEDS_TO_REGISTER, &body).await?;
        voice.say(format!("done    Azure: it is registered for {person}"))?;
    }
    if plan.asked.register.is_empty() {
        voice.say(
            "to do   People register it: https://mysignins.microsoft.com/security-info → Add sign-in \
             method → External Auth methods",
        )?;
    }
    Ok(())
}
