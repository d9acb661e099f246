//! What a server may do to a connection and an answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn assert_broke(brought: Brought, kind: BrokenKind, sent: bool, case: &str) -> Broken {
    let broken =
        brought.map(|response| format!("{:?} {:?}", response.status(), response.body())).unwrap_err();
    assert_eq!((broken.kind, broken.sent), (kind, sent), "{case}: {}", broken.message);
    assert!(
        !broken.message.contains("127.0.0.1:") || kind == BrokenKind::Connect,
        "{case}: {}",
        broken.message
    );
    assert!(!broken.message.contains("/x"), "no address: {}", broken.message);
    broken
}

#[tokio::test]
async fn t01_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let broken = assert_broke(get(&base).await, BrokenKind::Connect, false, "refused");
    assert!(broken.is_passing() && broken.message.contains("refused"), "{}", broken.message);
    let error = broken.into_error("127.0.0.1");
    assert_eq!((error.kind(), error.owner()), (ErrorKind::Network, Owner::Customer));
}

#[tokio::test]
async fn t07_t08_reset_before_and_in_the_body() {
    for beginning in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"] {
        let base = serve(move |mut stream, _| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(beginning.as_bytes()).await;
            let _ = stream.set_zero_linger();
        })
        .await;
        let broken = assert_broke(get(&base).await, BrokenKind::Interrupted, true, beginning);
        assert!(broken.is_passing());
    }
}

#[tokio::test]
async fn t09_t10_a_body_that_ends_too_early_breaks() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1,2]",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1,2]\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1,",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 20",
    ] {
        let broken = assert_broke(get_bytes(answer).await, BrokenKind::Interrupted, true, answer);
        assert_eq!(broken.into_error("host").kind(), ErrorKind::Network);
    }
}

#[tokio::test]
async fn t11_t15_lengths_are_kept_to() {
    let more =
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    assert_eq!(get_bytes(more).await.unwrap().body(), "{}");
    assert_eq!(get_bytes("HTTP/1.1 200 OK\r\n\r\n[1,2]").await.unwrap().body(), "[1,2]");
    assert_eq!(get_bytes("HTTP/1.0 200 OK\r\n\r\n[1,2]").await.unwrap().body(), "[1,2]");
    assert_eq!(get_bytes("HTTP/1.1 204 No Content\r\n\r\n").await.unwrap().status(), 204);
}

#[tokio::test]
async fn t11_bytes_after_an_answer_are_never_the_next_one() {
    let base = serve(move |mut stream, number| async move {
        while read_request(&mut stream).await {
            let body = format!("[{number}]");
            let evil = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
            let answer = [answer_of(body.as_bytes()), evil.into()].concat();
            let _ = stream.write_all(&answer).await;
        }
    })
    .await;
    let network = network(&base);
    for _ in 0..3 {
        match get_with(&network, &base).await {
            Ok(response) => assert_ne!(response.body(), "evil"),
            Err(broken) => assert!(broken.is_passing()),
        }
    }
}

#[tokio::test]
async fn t17_what_is_no_http_is_told_so() {
    for answer in [
        &b"220 mail.example ESMTP ready\r\n"[..],
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00\x01\x02\x03\xff\xfe\r\n\r\n",
        b"<html><body>hello</body></html>",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n{}",
    ] {
        let case = String::from_utf8_lossy(answer).into_owned();
        let broken = assert_broke(get_bytes(answer).await, BrokenKind::Garbled, true, &case);
        assert!(!broken.is_passing());
        let error = broken.into_error("host");
        assert_eq!((error.kind(), error.owner()), (ErrorKind::Protocol, Owner::Customer));
        assert!(error.message().contains("right address and port"));
    }
}

#[tokio::test]
async fn t16_headers_are_bounded() {
    let many = "x-filler: 1\r\n".repeat(10_000);
    let large = format!("x-filler: {}\r\n", "x".repeat(1 << 20));
    for headers in [many, large] {
        let broken =
            assert_broke(get_bytes(http_answer(&headers, b"{}")).await, BrokenKind::Garbled, true, "headers");
        assert_eq!(broken.into_error("host").kind(), ErrorKind::Protocol);
    }
}

#[tokio::test]
async fn t14_interim_answers_are_passed_over() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let response = get_bytes(answer).await.unwrap();
    assert_eq!((response.status().as_u16(), response.body().as_ref()), (200, &b"{}"[..]));
}

#[tokio::test]
async fn t19_one_byte_packets_make_the_same_answer() {
    let body = br#"{"data":[1,2,3],"more":"words"}"#;
    for answer in [answer_of(body), gzip_answer(&gzip(body))] {
        let base = serve(move |mut stream, _| {
            let answer = answer.clone();
            async move {
                read_request(&mut stream).await;
                for byte in answer {
                    let _ = stream.write_all(&[byte]).await;
                    tokio::task::yield_now().await;
                }
            }
        })
        .await;
        assert_eq!(get(&base).await.unwrap().body().as_ref(), body);
    }
}

#[tokio::test]
async fn t12_t13_closed_connections_are_replaced() {
    let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for (header, served_per_connection) in [("connection: close\r\n", 1), ("", 2)] {
        connections.store(0, Ordering::Relaxed);
        requests.store(0, Ordering::Relaxed);
        let (seen_connections, seen_requests) = (connections.clone(), requests.clone());
        let base = serve(move |mut stream, _| {
            seen_connections.fetch_add(1, Ordering::Relaxed);
            let requests = seen_requests.clone();
            async move {
                for _ in 0..served_per_connection {
                    if !read_request(&mut stream).await {
                        return;
                    }
                    requests.fetch_add(1, Ordering::Relaxed);
                    let answer = http_answer(&format!("{header}content-length: 2\r\n"), b"{}");
                    let _ = stream.write_all(&answer).await;
                }
            }
        })
        .await;
        let network = network(&base);
        for _ in 0..10 {
            assert_eq!(get_with(&network, &base).await.unwrap().body(), "{}");
            // The close of the other end arrives while the connection is idle.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(requests.load(Ordering::Relaxed), 10, "nothing was sent twice");
        assert_eq!(connections.load(Ordering::Relaxed), 10 / served_per_connection);
    }
}

#[tokio::test]
async fn t04_t05_silence_ends_by_the_time_out() {
    for beginning in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"] {
        let base = serve(move |mut stream, _| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(beginning.as_bytes()).await;
            let _ = stream.read_u8().await;
        })
        .await;
        let brought = get_with(&network_within(&base, Duration::from_millis(40)), &base).await;
        let broken = assert_broke(brought, BrokenKind::Timeout, true, beginning);
        assert!(broken.is_passing());
        assert_eq!(broken.into_error("host").kind(), ErrorKind::Timeout);
    }
}

#[tokio::test]
async fn j16_a_body_is_bounded_as_it_comes() {
    let just = vec![b'x'; LARGEST as usize];
    let over = vec![b'x'; LARGEST as usize + 1];
    assert_eq!(get_bytes(answer_of(&just)).await.unwrap().body().len() as u64, LARGEST);
    assert_eq!(get_bytes(gzip_answer(&gzip(&just))).await.unwrap().body().len() as u64, LARGEST);
    let endless_chunks = http_answer(
        "transfer-encoding: chunked\r\n",
        &b"1000\r\n".iter().copied().chain([b'x'; 0x1000]).chain(*b"\r\n").collect::<Vec<_>>().repeat(300),
    );
    let bomb = gzip(&vec![0; 256 << 20]);
    assert!(bomb.len() < 1 << 20);
    for answer in [
        answer_of(&over),
        http_answer("", &over),
        endless_chunks,
        gzip_answer(&gzip(&over)),
        gzip_answer(&bomb),
    ] {
        let broken = assert_broke(get_bytes(answer).await, BrokenKind::TooLarge, true, "large");
        assert!(broken.message.contains("larger than 1 MiB (max_response_mib)"), "{}", broken.message);
        assert_eq!(broken.into_error("host").kind(), ErrorKind::Protocol);
    }
}

#[tokio::test]
async fn j18_a_stated_length_is_believed_only_to_refuse() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n{}";
    assert_broke(get_bytes(answer).await, BrokenKind::TooLarge, true, "10 GB");
}

#[tokio::test]
async fn j17_packed_bodies() {
    let body = br#"{"data":["some words that are packed", 1, 2, 3]}"#;
    let packed = gzip(body);
    assert_eq!(get_bytes(gzip_answer(&packed)).await.unwrap().body().as_ref(), body);
    let unpacked = get_bytes(gzip_answer(&packed)).await.unwrap();
    assert!(unpacked.headers().get(header::CONTENT_ENCODING).is_none());
    let members = [gzip(&body[..10]), gzip(&body[10..])].concat();
    // Only the first of several members is unpacked: half a JSON text, which no decoder takes for a whole one.
    assert_eq!(get_bytes(gzip_answer(&members)).await.unwrap().body().as_ref(), &body[..10]);
    // Twice packed is unpacked once, as its header says: the decoder refuses the rest.
    assert_eq!(get_bytes(gzip_answer(&gzip(&packed))).await.unwrap().body().as_ref(), packed);

    let mut bad_checksum = packed.clone();
    let crc = bad_checksum.len() - 8;
    bad_checksum[crc] ^= 0xff;
    for cut in [packed.len() - 1, packed.len() - 9, 15, 5] {
        assert_broke(
            get_bytes(gzip_answer(&packed[..cut])).await,
            BrokenKind::Garbled,
            true,
            &format!("cut at {cut}"),
        );
    }
    assert_broke(get_bytes(gzip_answer(&bad_checksum)).await, BrokenKind::Garbled, true, "checksum");
    assert_broke(get_bytes(gzip_answer(body)).await, BrokenKind::Garbled, true, "not packed at all");
    for packing in ["br", "zstd", "deflate", "gzip, gzip", "x-unknown"] {
        let headers = format!("content-encoding: {packing}\r\ncontent-length: {}\r\n", body.len());
        assert_broke(get_bytes(http_answer(&headers, body)).await, BrokenKind::Garbled, true, packing);
    }
    // The connection broke, whatever the body was packed with.
    let headers = format!("content-encoding: gzip\r\ncontent-length: {}\r\n", packed.len());
    let broken = get_bytes(http_answer(&headers, &packed[..packed.len() / 2])).await;
    assert_broke(broken, BrokenKind::Interrupted, true, "connection cut in a packed body");
}

#[tokio::test]
async fn r16_of_a_failure_the_status_is_enough() {
    let huge = vec![b'x'; 4 << 20];
    for (headers, body) in [
        (format!("content-length: {}\r\n", huge.len()), &huge[..]),
        ("content-length: 10000000000\r\n".to_owned(), b"half"),
        ("content-length: 100\r\n".to_owned(), b"half"),
        ("content-encoding: gzip\r\ncontent-length: 4\r\n".to_owned(), b"half"),
        ("content-encoding: br\r\ncontent-length: 4\r\n".to_owned(), b"half"),
        ("transfer-encoding: chunked\r\n".to_owned(), b"xyz"),
    ] {
        let answer = [format!("HTTP/1.1 403 Forbidden\r\n{headers}\r\n").as_bytes(), body].concat();
        let response = get_bytes(answer).await.unwrap();
        assert_eq!(response.status(), 403, "{headers}");
        assert!(response.body().len() < 1 << 20, "{headers}");
    }
    let response = get_bytes("HTTP/1.1 403 Forbidden\r\ncontent-length: 100\r\n\r\nhalf").await.unwrap();
    assert_eq!(response.body(), "half");
}

#[tokio::test]
async fn r14_html_arrives_as_it_is() {
    let page = b"<!DOCTYPE html><title>Sign in</title>";
    assert_eq!(get_bytes(answer_of(page)).await.unwrap().body().as_ref(), page);
}

#[tokio::test]
async fn p17_j15_the_request_line_is_byte_for_byte_and_redirects_and_cookies_are_not_kept() {
    let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = lines.clone();
    let base = serve(move |mut stream, _| {
        let seen = seen.clone();
        async move {
            let mut request = Vec::new();
            while let Ok(byte) = stream.read_u8().await {
                request.push(byte);
                if request.ends_with(b"\r\n\r\n") {
                    seen.lock().unwrap().push(String::from_utf8(std::mem::take(&mut request)).unwrap());
                    let answer = b"HTTP/1.1 302 Found\r\nset-cookie: a=b\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
                    let _ = stream.write_all(answer).await;
                }
            }
        }
    })
    .await;
    let network = network(&base);
    let paths = ["/v1/%2F%2e%41//x?a=%2f+%2B&b[c]=:@!$*(),;~|^`{}&=%zz", "//double?x", "/?"];
    for path in paths {
        let request = Request::get(format!("{}{path}", base.as_str())).body(Bytes::new()).unwrap();
        assert_eq!(network.exchange(request, LARGEST).await.unwrap().status(), 302);
    }
    let seen = lines.lock().unwrap();
    assert_eq!(seen.len(), paths.len());
    for (request, path) in seen.iter().zip(paths) {
        assert_eq!(request.lines().next(), Some(format!("GET {path} HTTP/1.1").as_str()));
        let lower = request.to_ascii_lowercase();
        assert!(!lower.contains("cookie") && !lower.contains("referer"), "{request}");
        assert!(
            lower.contains("user-agent: cspm/") && lower.contains("accept-encoding: gzip\r\n"),
            "{request}"
        );
    }
}
