use e2e::World;
use entra_stand_in::{ACME, Audience};
use ids::Slug;
use secrets::Secret;
use server::App;
use server::cli::entra::{Connect, Doctor, GraphCredentials, Voice, connect, doctor};
use tokio::sync::Notify;
use uuid::Uuid;

/// What `connect` needs, and what it needs for Conditional Access.
pub(crate) const PERMISSIONS: [&str; 6] = [
    "Application.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Policy.Read.All",
    "Policy.ReadWrite.AuthenticationMethod",
    "Policy.ReadWrite.ConditionalAccess",
    "UserAuthenticationMethod.ReadWrite.All",
];

/// An application of Acme's that may do this by Graph.
pub(crate) fn tool(world: &World, permissions: &[&str]) -> GraphCredentials {
    let entra = &world.stand_in;
    let app = entra.register_app(ACME, "Tool", Audience::SingleDirectory).client_id;
    entra.grant_application_permissions(app, permissions).unwrap();
    let secret = entra.add_secret(app, "Tool", 86_400).unwrap();
    GraphCredentials { client_id: app.to_string(), client_secret: Secret::from(secret.value) }
}

pub(crate) fn slug(text: &str) -> Slug {
    Slug::try_from(text.to_owned()).unwrap()
}

/// What a program has said, what it has asked, and how it has ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) asked: Vec<String>,
    pub(crate) done: Result<(), String>,
}

impl Said {
    /// The lines that begin so.
    pub(crate) fn lines(&self, begin: &str) -> Vec<&str> {
        self.text.lines().filter(|line| line.starts_with(begin)).collect()
    }
}

/// `cardea entra connect` for Acme, whose questions are answered so.
pub(crate) fn asked(world: &World) -> Connect {
    Connect {
        tenant: slug("acme"),
        directory: ACME.to_string(),
        app: None,
        name: "Acme card".into(),
        cloud: Some(world.stand_in.base_url().to_owned()),
        group: None,
        break_glass: Vec::new(),
        register: Vec::new(),
        enforce: false,
        graph_credentials: None,
    }
}

pub(crate) async fn connected(
    world: &World,
    asked: &Connect,
    graph: Option<&GraphCredentials>,
    yes: bool,
) -> Said {
    let (mut out, mut questions) = (Vec::new(), Vec::new());
    let mut ask = |question: &str| {
        questions.push(question.to_owned());
        yes
    };
    let mut voice = Voice { out: &mut out, ask: &mut ask };
    let done = connect(&world.app, asked, graph, &mut voice).await;
    let done = done.map_err(|error| error.to_string());
    Said { text: String::from_utf8(out).unwrap(), asked: questions, done }
}

/// `cardea entra doctor` for Acme.
pub(crate) async fn examined(
    world: &World,
    graph: Option<&GraphCredentials>,
    change: impl FnOnce(&mut Doctor),
) -> Said {
    examined_by(&world.app, graph, change, &Notify::new()).await
}

/// The same of another server. `waits` is told when it waits for a sign-in.
pub(crate) async fn examined_by(
    app: &App,
    graph: Option<&GraphCredentials>,
    change: impl FnOnce(&mut Doctor),
    waits: &Notify,
) -> Said {
    let mut asked = Doctor {
        tenant: slug("acme"),
        user: Vec::new(),
        wait: None,
        synthetic: None,
        graph_credentials: None,
    };
    change(&mut asked);
    let mut heard = Heard { text: Vec::new(), waits };
    let mut ask = |_: &str| false;
    let mut voice = Voice { out: &mut heard, ask: &mut ask };
    let done = doctor(app, &asked, graph, &mut voice).await;
    let done = done.map_err(|error| error.to_string());
    Said { text: String::from_utf8(heard.text).unwrap(), asked: Vec::new(), done }
}

struct Heard<'a> {
    text: Vec<u8>,
    waits: &'a Notify,
}

impl std::io::Write for Heard<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.text.extend_from_slice(bytes);
        if String::from_utf8_lossy(bytes).contains("waits up to") {
            self.waits.notify_one();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All is set up, mia is registered, and somebody is kept out of the policy.
pub(crate) async fn set_up(world: &World) -> (GraphCredentials, Uuid) {
    let graph = tool(world, &PERMISSIONS);
    let mut asked = asked(world);
    asked.register = vec!["mia@acme.example".into()];
    asked.break_glass = vec![world.stand_in.user("max@acme.example").unwrap().id.to_string()];
    asked.enforce = true;
    let said = connected(world, &asked, Some(&graph), true).await;
    assert_eq!(said.done, Ok(()), "{said:?}");
    let method = world.stand_in.external_methods(ACME).pop().unwrap();
    (graph, method.app_id)
}
