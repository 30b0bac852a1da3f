//! One plain HTTP request, for what is no AWS API.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Sends a body and returns the status and the body of the answer.
pub async fn post(endpoint: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let address = endpoint.trim_start_matches("http://").to_owned();
    let request = format!(
        "POST {path} HTTP/1.0\r\nhost: {address}\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).expect("the server listens");
        stream.write_all(request.as_bytes()).expect("the server reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the server answers");
        String::from_utf8_lossy(&answer).into_owned()
    });
    let answer = answer.await.expect("nothing panics in there");
    let status = answer.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    (status, body)
}

/// Gets the body that a URL answers with.
pub async fn get(url: &str) -> Vec<u8> {
    let rest = url.strip_prefix("http://").expect("an emulator speaks plainly");
    let (address, path) = rest.split_once('/').expect("a URL has a path");
    let (address, request) =
        (address.to_owned(), format!("GET /{path} HTTP/1.0\r\nhost: {address}\r\n\r\n"));
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).expect("the server listens");
        stream.write_all(request.as_bytes()).expect("the server reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the server answers");
        answer
    });
    let answer = answer.await.expect("nothing panics in there");
    assert!(answer.starts_with(b"HTTP/1.") && answer[8..].starts_with(b" 200"), "{url}");
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    answer[head + 4..].to_vec()
}
