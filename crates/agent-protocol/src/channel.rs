//! The messages of the WebSocket. There is nothing in them to follow: no address, no command.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::outcome::Refused;
use crate::ticket::Ticket;

/// Server to agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum ServerMessage {
    /// A request waits to be claimed.
    Ticket {
        /// Its ticket.
        id: Ticket,
    },
    /// The page gave up: the ceremony of that ticket is void.
    Cancel {
        /// Its ticket.
        id: Ticket,
    },
    /// The device is no longer enrolled.
    Revoke,
}

/// Agent to server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum AgentMessage {
    /// The agent does not claim this ticket.
    Refused {
        /// The ticket.
        id: Ticket,
        /// Why not.
        reason: Refused,
    },
}

/// Why a message is ignored. Says its type at most, never its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// Longer than [`limits::MAX_CHANNEL_MESSAGE`].
    #[error("message of {0} bytes is too long")]
    TooLong(usize),
    /// No JSON object with a type, or not what its type promises.
    #[error("malformed message")]
    Malformed,
    /// A type that this version does not know.
    #[error("unknown message type {0:?}")]
    Unknown(String),
}

#[derive(Deserialize)]
struct Typed {
    t: String,
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, known: &[&str]) -> Result<T, ChannelError> {
    if text.len() > limits::MAX_CHANNEL_MESSAGE {
        return Err(ChannelError::TooLong(text.len()));
    }
    let Typed { t } = serde_json::from_str(text).map_err(|_| ChannelError::Malformed)?;
    if !known.contains(&t.as_str()) {
        // A stranger's text goes into the log: keep it short and plain.
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        return Err(ChannelError::Unknown(t.chars().filter(plain).take(16).collect()));
    }
    serde_json::from_str(text).map_err(|_| ChannelError::Malformed)
}

impl ServerMessage {
    /// Reads a text message.
    ///
    /// # Errors
    ///
    /// [`ChannelError`]; the agent ignores such a message and logs the error.
    pub fn parse(text: &str) -> Result<Self, ChannelError> {
        parse(text, &["ticket", "cancel", "revoke"])
    }

    /// Writes the text message.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl AgentMessage {
    /// Reads a text message.
    ///
    /// # Errors
    ///
    /// [`ChannelError`]; the server ignores such a message and logs the error.
    pub fn parse(text: &str) -> Result<Self, ChannelError> {
        parse(text, &["refused"])
    }

    /// Writes the text message.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_are_spelled_as_the_protocol_says() {
        let id = Ticket::try_from("t".repeat(22)).unwrap();
        for (message, text) in [
            (
                ServerMessage::Ticket { id: id.clone() },
                r#"{"t":"ticket","id":"tttttttttttttttttttttt"}"#,
            ),
            (
                ServerMessage::Cancel { id: id.clone() },
                r#"{"t":"cancel","id":"tttttttttttttttttttttt"}"#,
            ),
            (ServerMessage::Revoke, r#"{"t":"revoke"}"#),
        ] {
            assert_eq!(message.encode(), text);
            assert_eq!(ServerMessage::parse(text), Ok(message));
        }
        let text = r#"{"t":"refused","id":"tttttttttttttttttttttt","reason":"too-many"}"#;
        let message = AgentMessage::Refused { id, reason: Refused::TooMany };
        assert_eq!(message.encode(), text);
        assert_eq!(AgentMessage::parse(text), Ok(message));
    }

    #[test]
    fn an_unknown_message_is_told_by_its_type_alone() {
        let text = r#"{"t":"open\nurl: x","url":"https://evil.example"}"#;
        assert_eq!(ServerMessage::parse(text), Err(ChannelError::Unknown("openurlx".into())));
    }

    #[test]
    fn garbage_and_oversize_are_refused() {
        for text in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"t":1}"#,
            r#"{"t":"ticket"}"#,
            r#"{"t":"ticket","id":"../x"}"#,
        ] {
            assert_eq!(ServerMessage::parse(text), Err(ChannelError::Malformed), "{text}");
        }
        let at_limit = format!(r#"{{"t":"revoke","pad":"{}"}}"#, "x".repeat(4096 - 23));
        assert_eq!(at_limit.len(), 4096);
        assert_eq!(ServerMessage::parse(&at_limit), Ok(ServerMessage::Revoke));
        let over = format!("{at_limit} ");
        assert_eq!(ServerMessage::parse(&over), Err(ChannelError::TooLong(4097)));
    }
}
