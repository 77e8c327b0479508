use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tokio::task::JoinHandle;

use crate::World;

/// Another `cardea serve` on the same database, behind the same public address.
pub struct Node {
    port: u16,
    server: JoinHandle<()>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Node {
    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl World {
    /// Starts another node. The world must be on PostgreSQL.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[expect(clippy::expect_used, reason = "a node that does not start is a red test")]
    pub async fn another_node(&self) -> Node {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("a socket");
        let port = listener.local_addr().expect("its address").port();
        let app = server::open(self.config.clone()).await.expect("a server");
        let server = tokio::spawn(async move {
            server::serve(&app, listener).await.expect("serving");
        });
        Node { port, server }
    }
}
