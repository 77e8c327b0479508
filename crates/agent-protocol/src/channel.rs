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
    /// The card that opened a session here was tapped at another computer: the desktop locks.
    Lock,
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
    /// The card that answered has left its reader, or the key was unplugged.
    Lifted {
        /// The ticket that it answered.
        id: Ticket,
    },
    /// The card that answered was only tapped: it was not there to stay.
    Tapped {
        /// The ticket that it answered.
        id: Ticket,
    },
    /// The first message of a connection: where the card that answered is still there.
    Holds {
        /// The tickets, [`limits::MAX_HELD`] at most.
        ids: Vec<Ticket>,
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
        parse(text, &["ticket", "cancel", "lock", "revoke"])
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
        let message = parse(text, &["refused", "lifted", "tapped", "holds"])?;
        match &message {
            Self::Holds { ids } if ids.len() > limits::MAX_HELD => Err(ChannelError::Malformed),
            _ => Ok(message),
        }
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
            (ServerMessage::Lock, r#"{"t":"lock"}"#),
            (ServerMessage::Revoke, r#"{"t":"revoke"}"#),
        ] {
            assert_eq!(message.encode(), text);
            assert_eq!(ServerMessage::parse(text), Ok(message));
        }
        for (message, text) in [
            (
                AgentMessage::Refused { id: id.clone(), reason: Refused::TooMany },
                r#"{"t":"refused","id":"tttttttttttttttttttttt","reason":"too-many"}"#,
            ),
            (
                AgentMessage::Lifted { id: id.clone() },
                r#"{"t":"lifted","id":"tttttttttttttttttttttt"}"#,
            ),
            (
                AgentMessage::Tapped { id: id.clone() },
                r#"{"t":"tapped","id":"tttttttttttttttttttttt"}"#,
            ),
            (
                AgentMessage::Holds { ids: vec![id] },
                r#"{"t":"holds","ids":["tttttttttttttttttttttt"]}"#,
            ),
        ] {
            assert_eq!(message.encode(), text);
            assert_eq!(AgentMessage::parse(text), Ok(message));
        }
    }

    #[test]
    fn a_list_of_held_tickets_is_bounded_and_fits() {
        let holds = |tickets| {
            let longest = Ticket::try_from("t".repeat(43)).unwrap();
            AgentMessage::Holds { ids: vec![longest; tickets] }.encode()
        };
        assert!(AgentMessage::parse(&holds(limits::MAX_HELD)).is_ok());
        let more = AgentMessage::parse(&holds(limits::MAX_HELD + 1));
        assert_eq!(more, Err(ChannelError::Malformed));
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
