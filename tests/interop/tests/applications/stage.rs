//! A Cardea, with somebody in it, at which an application is registered.

use std::net::{Ipv4Addr, TcpListener};

use e2e::World;
use identity::Moment;
use openid_provider::client::presets::Preset;
use store::Client;
use tokio::task::JoinHandle;
use url::Url;

use crate::somebody::Somebody;

/// A running Cardea with a tenant `acme`, in which a person has a card.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) mia: Somebody,
    /// Where the application will listen, on 127.0.0.1.
    port: u16,
    _telling: Telling,
}

/// Tells applications of logouts, until the test is over.
struct Telling(JoinHandle<()>);

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is registered of an application.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers {
    /// Where answers go.
    pub(crate) callback: &'static str,
    /// Where the browser goes after the logout.
    pub(crate) bye: &'static str,
    /// Where it is told of logouts, if it wants to be.
    pub(crate) told: Option<&'static str>,
    /// Whether it knows refresh tokens.
    pub(crate) refreshes: bool,
}

/// An application that is registered.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) secret: String,
    /// Where it will listen, on 127.0.0.1.
    pub(crate) port: u16,
}

impl Registered {
    pub(crate) fn origin(&self) -> String {
        origin(self.port)
    }
}

fn origin(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

impl Stage {
    pub(crate) async fn new() -> Self {
        // Nobody else gets this port while all of them are free.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let origin = Url::parse(&origin(port)).unwrap();
        let world = World::telling(&[origin], World::policy()).await;
        drop(listener);
        let telling = Telling(tokio::spawn(server::tell_as_they_come(world.app.clone())));
        let mia = Somebody::new(&world, "Mia", 1).await;
        Self { world, mia, port, _telling: telling }
    }

    /// Registers a web application as an administrator does, by its preset, with addresses on this
    /// computer.
    pub(crate) async fn register(&self, registers: Registers) -> Registered {
        let port = self.port;
        let address = |path: &str| format!("{}{path}", origin(port));
        let (callback, bye) = (address(registers.callback), address(registers.bye));
        let answers = [("redirect_uris", callback.as_str()), ("logout_uris", &bye)];
        let mut settings = Preset::find("generic-web").unwrap().fill(&answers).unwrap();
        settings.offline_access = registers.refreshes;
        settings.backchannel_logout_uri = registers.told.map(address);
        settings.check().unwrap();
        let client_id = format!("application-{port}");
        let client = Client {
            client_id: client_id.clone(),
            name: "The application".to_owned(),
            home_url: None,
            settings: Some(settings),
            enabled: true,
            created_at: Moment(0),
        };
        let (secret, hash) = openid_provider::client::new_secret([9; 32]);
        let tenant = self.world.tenant("acme").await.id;
        let mut tx = self.world.app.store().write(tenant).await.unwrap();
        assert!(tx.add_client(&client).await.unwrap());
        assert!(tx.add_client_secret(&client_id, &hash).await.unwrap());
        tx.commit().await.unwrap();
        let issuer = format!("{}/realms/acme", self.world.origin);
        let secret = secret.expose_text().unwrap().to_owned();
        Registered { issuer, client_id, secret, port }
    }

    /// The groups of the person, of which each sign-in at Entra tells.
    pub(crate) async fn groups(&self) -> Vec<String> {
        let tenant = self.world.tenant("acme").await.id;
        let mut rows = self.world.app.store().read(tenant).await.unwrap();
        let mut person = rows.person(self.mia.id).await.unwrap().unwrap();
        person.attributes.remove("group").unwrap_or_default()
    }
}
