//! What a connection is read from and written to, and the ways it ends.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::exchange::Broken;

/// How long a connection that is to be closed may still send, so that it gets the answer and not a reset.
const LINGER: Duration = Duration::from_millis(500);

/// A socket, plain or below TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Makes closing the socket a reset.
    fn reset(&self) -> io::Result<()>;

    /// Ends the connection as its client is to see it.
    fn fail(&mut self, broken: Broken) -> impl Future<Output = io::Result<()>> + Send {
        async move {
            match broken {
                Broken::Refused
                | Broken::ResetBeforeAnswer
                | Broken::ResetInBody { .. }
                | Broken::ResetStream { .. }
                | Broken::Stalled { .. } => self.reset(),
                Broken::ClosedBeforeAnswer
                | Broken::ClosedInBody { .. }
                | Broken::RefusedStream
                | Broken::GoAway => self.close().await,
                Broken::NotHttp(bytes) => {
                    self.write_all(&bytes).await?;
                    self.close().await
                }
            }
        }
    }

    /// Closes our side, then takes in what the client still sends: to close over unread bytes would reset the
    /// connection, and the client might lose the answer.
    fn close(&mut self) -> impl Future<Output = io::Result<()>> + Send {
        async {
            self.shutdown().await?;
            let mut unread = BytesMut::with_capacity(1 << 10);
            let drain = async {
                loop {
                    unread.clear();
                    if self.read_buf(&mut unread).await? == 0 {
                        return io::Result::Ok(());
                    }
                }
            };
            tokio::time::timeout(LINGER, drain).await.unwrap_or(Ok(()))
        }
    }
}

impl Stream for TcpStream {
    fn reset(&self) -> io::Result<()> {
        self.set_zero_linger()
    }
}

#[cfg(feature = "tls")]
impl Stream for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset(&self) -> io::Result<()> {
        self.get_ref().0.set_zero_linger()
    }
}
