/// What an administrator has connected: one application of Entra, for the directories that may use
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// `client_id` of the request and `aud` of our answer; ours to choose, given to Entra.
    pub client_id: String,
    /// The app registration of the integration. Best the same GUID as the Client ID.
    pub app_id: String,
    /// The authority of its cloud, as [`Cloud::authority`](crate::Cloud::authority) has it.
    pub authority: String,
    /// Directories that it serves: GUIDs in lower case.
    pub directories: Vec<String>,
}
