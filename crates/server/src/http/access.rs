//! Who may call what: every route is registered with its rule, and the isolation tests take
//! their list from here.

use axum::Router;
use axum::routing::MethodRouter;

use crate::app::App;

/// Who may call a route. The extractor of its handler enforces it; the rule says what is meant,
/// and the isolation tests hold the two together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody; the answer tells nothing about people.
    Public,
    /// Anybody who begins to sign in; works on the browser's own sealed login.
    Stranger,
    /// A browser that holds a login which waits at the card step.
    Waiting,
    /// A session of the tenant.
    Session,
    /// A session of the console.
    Administrator,
    /// An enrolled agent, by the proof of its device key.
    Agent,
}

/// One route, as the table of contents lists it.
#[derive(Clone, Debug)]
pub struct RouteInfo {
    /// Methods that it answers.
    pub methods: &'static [&'static str],
    /// Path pattern.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
}

/// A router under construction that remembers what it was given.
pub(crate) struct Routes {
    router: Router<App>,
    table: Vec<RouteInfo>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), table: Vec::new() }
    }

    /// Adds a route with its rule.
    pub(crate) fn route(
        mut self,
        methods: &'static [&'static str],
        path: &'static str,
        access: Access,
        handler: MethodRouter<App>,
    ) -> Self {
        self.table.push(RouteInfo { methods, path, access });
        self.router = self.router.route(path, handler);
        self
    }

    /// Adds another table.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        self.router = self.router.merge(other.router);
        self
    }

    pub(crate) fn finish(self) -> (Router<App>, Vec<RouteInfo>) {
        (self.router, self.table)
    }
}
