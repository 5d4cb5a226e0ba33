//! How one upload attempt ended.

use crate::{response::Response, token::TokenError};

/// The result of one upload attempt.
pub struct Attempt {
    /// Whether every byte of the body was handed to the connection.
    pub(crate) sent_whole: bool,
    pub(crate) end: End,
}

impl Attempt {
    /// The HTTP status of CXone's response, or of the token endpoint's refusal. None if no response came.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match &self.end {
            End::Response(response) => Some(response.status()),
            End::NoToken(error) => error.status(),
            End::Unanswered(_) | End::Unreadable(_) | End::Source(_) => None,
        }
    }
}

/// How an attempt ended. The texts are for people.
pub(crate) enum End {
    Response(Response),
    /// No response came.
    Unanswered(String),
    /// The response is not valid HTTP.
    Unreadable(String),
    /// The object could not be read to its end, so the client aborted the request.
    Source(String),
    /// The client got no token, so it sent nothing.
    NoToken(TokenError),
}
