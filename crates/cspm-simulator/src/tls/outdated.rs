//! Servers that know TLS 1.0 or 1.1 at most: two records written by hand, because no library of today speaks them.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::stream::Stream;

/// What an outdated server answers to a greeting of today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outdated {
    /// A server of its time: it chooses TLS 1.0 (RFC 2246, section 7.4.1.3).
    ChoosesTls10,
    /// The same with TLS 1.1 (RFC 4346).
    ChoosesTls11,
    /// A later server set to old versions only: the alert `protocol_version` (RFC 8446, section 4.2.1).
    Refuses,
}

impl Outdated {
    /// Answers the client's greeting, which is the first that it sends, and closes the connection.
    pub(super) async fn answer(self, mut stream: TcpStream) -> io::Result<()> {
        stream.readable().await?;
        let record = match self {
            Self::ChoosesTls10 => server_hello(1),
            Self::ChoosesTls11 => server_hello(2),
            Self::Refuses => vec![ALERT, 3, 1, 0, 2, FATAL, PROTOCOL_VERSION],
        };
        stream.write_all(&record).await?;
        stream.close().await
    }
}

const ALERT: u8 = 21;
const FATAL: u8 = 2;
const PROTOCOL_VERSION: u8 = 70;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;

/// A choice of version 3.`minor` and of TLS_RSA_WITH_AES_128_CBC_SHA, in a record of its own.
fn server_hello(minor: u8) -> Vec<u8> {
    let body = [&[3, minor][..], &[7; 32], &[0], &[0x00, 0x2f], &[0]].concat();
    let length = |bytes: usize| u8::try_from(bytes).unwrap_or(u8::MAX);
    let hello = [&[SERVER_HELLO, 0, 0, length(body.len())][..], &body].concat();
    [&[HANDSHAKE, 3, minor, 0, length(hello.len())][..], &hello].concat()
}
