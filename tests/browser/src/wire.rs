//! WebDriver commands over HTTP on loopback: one connection for each, so that the end of a test can
//! send its last ones without a runtime.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take. Chromium on a busy machine needs seconds to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command that was not done.
#[derive(Debug, thiserror::Error)]
pub enum WebDriverError {
    /// The driver cannot be reached, or stopped in the middle.
    #[error("the driver does not answer: {0}")]
    Io(#[from] io::Error),
    /// The answer is none.
    #[error("the driver's answer is malformed")]
    Malformed,
    /// The driver said no (WebDriver §6.6).
    #[error("{code}: {message}")]
    Refused {
        /// Error code, such as `stale element reference`.
        code: String,
        /// For people.
        message: String,
    },
}

impl WebDriverError {
    /// Whether the page changed under the command, so that it was not done and may be repeated.
    pub(crate) fn is_passing(&self) -> bool {
        const PASSING: [&str; 6] = [
            "element click intercepted",
            "element not interactable",
            "javascript error",
            "no such element",
            "stale element reference",
            "unknown error",
        ];
        matches!(self, Self::Refused { code, .. } if PASSING.contains(&code.as_str()))
    }
}

/// Where a driver listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) port: u16,
}

impl Wire {
    /// Sends a command and gives the `value` of the answer. Blocks.
    pub(crate) fn call(
        self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value, WebDriverError> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len(),
        );
        stream.write_all(request.as_bytes())?;
        value_of(&mut BufReader::new(stream))
    }
}

fn value_of(answer: &mut impl BufRead) -> Result<Value, WebDriverError> {
    let mut length = None;
    let mut line = String::new();
    while answer.read_line(&mut line)? > 0 && !line.trim().is_empty() {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<u64>().ok();
        }
        line.clear();
    }
    let mut body = Vec::new();
    answer.take(length.unwrap_or(u64::MAX)).read_to_end(&mut body)?;
    let mut json: Value = serde_json::from_slice(&body).map_err(|_| WebDriverError::Malformed)?;
    let value = json.get_mut("value").ok_or(WebDriverError::Malformed)?.take();
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match text("error") {
        Some(code) => {
            Err(WebDriverError::Refused { code, message: text("message").unwrap_or_default() })
        }
        None => Ok(value),
    }
}
