use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::testing::{PAGE, page_simulator};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: local\r\n\r\n";

async fn ask(stream: &mut TcpStream) -> io::Result<String> {
    stream.write_all(REQUEST).await?;
    let mut came = Vec::new();
    while !came.ends_with(PAGE.as_bytes()) {
        if stream.read_buf(&mut came).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(String::from_utf8_lossy(&came).into_owned())
}

async fn is_refused(address: SocketAddr) -> bool {
    TcpStream::connect(address).await.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

#[tokio::test]
async fn serves_until_dropped() {
    let served = page_simulator().serve("127.0.0.1:0").await.unwrap();
    let address = served.address();
    assert_eq!(served.origin(), format!("http://127.0.0.1:{}", address.port()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut stream).await.unwrap().starts_with("HTTP/1.1 200 OK"));
    drop(served);
    assert!(ask(&mut stream).await.is_err());
    assert!(is_refused(address).await);
}

#[tokio::test]
async fn serves_on_a_thread_until_dropped() {
    let served = page_simulator().serve_in_thread("127.0.0.1:0").unwrap();
    let address = served.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    ask(&mut stream).await.unwrap();
    ask(&mut stream).await.unwrap();
    assert_eq!(served.simulator().log().count(), 2);
    drop(served);
    assert!(is_refused(address).await);
}

#[tokio::test]
async fn goes_down_and_comes_up_at_the_same_address() {
    let served = page_simulator().serve("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(served.address()).await.unwrap();
    ask(&mut stream).await.unwrap();
    for _ in 0..3 {
        served.simulator().set_down(true);
        served.settled().await;
        assert!(is_refused(served.address()).await);
        assert!(ask(&mut stream).await.is_err());
        served.simulator().set_down(false);
        served.settled().await;
        stream = TcpStream::connect(served.address()).await.unwrap();
        ask(&mut stream).await.unwrap();
    }
    assert_eq!(served.simulator().log().count(), 4);
}

#[tokio::test]
async fn a_taken_address_is_an_error() {
    let served = page_simulator().serve("127.0.0.1:0").await.unwrap();
    assert!(page_simulator().serve(served.address()).await.is_err());
    assert!(page_simulator().serve_in_thread(served.address()).is_err());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn connecting_to_a_hanging_port_hangs() {
    let port = HangingPort::open().await.unwrap();
    let mut connecting = pin!(TcpStream::connect(port.address()));
    // On loopback an attempt that succeeds or is refused is decided by the system call itself.
    for _ in 0..100 {
        let pending = poll_fn(|context| Poll::Ready(connecting.as_mut().poll(context).is_pending())).await;
        assert!(pending);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_decoy_answers_everything_and_remembers() {
    let served = Simulator::decoy().serve("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(served.address()).await.unwrap();
    stream.write_all(b"GET /stolen HTTP/1.1\r\napi-key: k\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut came = String::new();
    stream.read_to_string(&mut came).await.unwrap();
    assert!(came.ends_with("\r\n\r\n{}"));
    let entry = &served.simulator().log().entries()[0];
    assert_eq!(
        (entry.request.path.as_str(), &entry.request.headers["api-key"]),
        ("/stolen", &"k".parse().unwrap())
    );
}
