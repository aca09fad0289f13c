//! HTTP/2 that no client library would send, as frames (RFC 9113 section 4.1).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::served;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// GET /healthz at localhost, over http: indices and literals of HPACK (RFC 7541).
const GET_HEALTH: &[u8] = b"\x82\x86\x04\x08/healthz\x01\x09localhost";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn opened(mut stream: TcpStream) -> TcpStream {
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    stream
}

/// The next frame of a kind, if the connection does not end before.
fn next(stream: &mut TcpStream, wanted: u8) -> Option<Vec<u8>> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).ok()?;
        if head[3] == wanted {
            return Some(payload);
        }
    }
}

#[test]
fn frames_are_answered() {
    let served = served(|_| {});
    let mut stream = opened(served.socket());
    stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, GET_HEALTH)).unwrap();
    assert_eq!(next(&mut stream, DATA).unwrap(), b"ok\n");
}

#[test]
fn grpc_asks_for_a_token_before_the_message() {
    let served = served(|options| options.require_tokens = true);
    let mut stream = opened(served.socket());
    // POST /scimdb.v1.AdminService/ListTenants of application/grpc, whose message never comes.
    let fields = b"\x83\x86\x04\x23/scimdb.v1.AdminService/ListTenants\x01\x09localhost\x0f\x10\x10application/grpc";
    stream.write_all(&frame(HEADERS, END_HEADERS, 1, fields)).unwrap();
    let told = next(&mut stream, HEADERS).expect("an answer");
    assert!(!told.is_empty());
}

#[test]
fn rapid_resets_end_the_connection() {
    let served = served(|_| {});
    let mut stream = opened(served.socket());
    let mut writer = stream.try_clone().unwrap();
    let flood = std::thread::spawn(move || {
        for number in 0..50_000_u32 {
            let id = 2 * number + 1;
            let mut frames = frame(HEADERS, END_STREAM | END_HEADERS, id, GET_HEALTH);
            frames.extend(frame(RST_STREAM, 0, id, &8_u32.to_be_bytes()));
            if writer.write_all(&frames).is_err() {
                return;
            }
        }
        panic!("nobody ended the flood");
    });
    // Where it is told: ENHANCE_YOUR_CALM.
    if let Some(told) = next(&mut stream, GOAWAY) {
        assert_eq!(&told[4..8], &11_u32.to_be_bytes());
    }
    drop(stream);
    flood.join().unwrap();
    served.is_well();
}

#[test]
fn headers_that_never_end_do() {
    let served = served(|_| {});
    let mut stream = opened(served.socket());
    let mut writer = stream.try_clone().unwrap();
    let flood = std::thread::spawn(move || {
        let mut sent = writer.write_all(&frame(HEADERS, END_STREAM, 1, GET_HEALTH));
        // x: and 16,000 bytes, again and again.
        let mut field = b"\x00\x01x\x7f\x81\x7c".to_vec();
        field.extend(vec![b'a'; 16_000]);
        for _ in 0..10_000 {
            if sent.is_err() {
                return;
            }
            sent = writer.write_all(&frame(CONTINUATION, 0, 1, &field));
        }
        panic!("nobody ended the flood");
    });
    // Where it is told why, or not.
    let _ = next(&mut stream, GOAWAY);
    drop(stream);
    flood.join().unwrap();
    served.is_well();
}

#[test]
fn who_answers_no_probe_is_sent_away() {
    let served = served(|options| options.keepalive = std::time::Duration::from_secs(1));
    let mut stream = opened(served.socket());
    stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, GET_HEALTH)).unwrap();
    assert_eq!(next(&mut stream, DATA).unwrap(), b"ok\n");
    // It is asked, and says nothing.
    assert_eq!(next(&mut stream, PING).expect("a probe").len(), 8);
    assert!(next(&mut stream, DATA).is_none());
}

#[test]
fn what_says_less_than_http_2_does_ends() {
    let served = served(|options| options.stall_timeout = std::time::Duration::from_secs(2));
    let said = [&b""[..], b"PRI * HTTP/2.0", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"];
    let streams = said.map(|said| {
        let mut stream = served.socket();
        stream.write_all(said).unwrap();
        stream
    });
    for mut stream in streams {
        let mut rest = Vec::new();
        // Closed, whether it was told something or not.
        match stream.read_to_end(&mut rest) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("it is still open"),
            _ => {}
        }
    }
    served.is_well();
}

/// Answers probes of the server until it closes the connection.
fn answers_probes(mut stream: TcpStream) {
    while let Some(probe) = next(&mut stream, PING) {
        if stream.write_all(&frame(PING, ACK, 0, &probe)).is_err() {
            return;
        }
    }
}

#[test]
fn who_asks_for_nothing_is_sent_away() {
    let served = served(|options| {
        (options.stall_timeout, options.keepalive) = (Duration::from_secs(2), Duration::from_secs(1));
        options.max_connections = 6;
    });
    let idle: Vec<_> =
        (0..6).map(|_| opened(served.socket())).map(|it| std::thread::spawn(|| answers_probes(it))).collect();
    // All places are taken, until they are sent away.
    served.is_well();
    for idle in idle {
        idle.join().unwrap();
    }
}

#[test]
fn who_takes_no_answer_is_cut_off() {
    let served = served(|options| {
        (options.stall_timeout, options.keepalive) = (Duration::from_secs(2), Duration::from_secs(1));
        options.max_connections = 6;
    });
    // Windows of nothing, and of a part of the answer: SETTINGS_INITIAL_WINDOW_SIZE.
    let held = [0_u32, 1, 0, 1, 0, 1].map(|window| {
        let mut stream = opened(served.socket());
        let setting = [&4_u16.to_be_bytes()[..], &window.to_be_bytes()].concat();
        stream.write_all(&frame(SETTINGS, 0, 0, &setting)).unwrap();
        stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, GET_HEALTH)).unwrap();
        std::thread::spawn(|| answers_probes(stream))
    });
    served.is_well();
    for held in held {
        held.join().unwrap();
    }
}

#[test]
fn who_watches_stays() {
    let served = served(|options| (options.stall_timeout, options.keepalive) = [Duration::from_secs(1); 2].into());
    let mut stream = opened(served.socket());
    // POST /grpc.health.v1.Health/Watch of application/grpc, with a message that is empty. The answer never ends.
    let fields = b"\x83\x86\x04\x1c/grpc.health.v1.Health/Watch\x01\x09localhost\x0f\x10\x10application/grpc";
    stream.write_all(&frame(HEADERS, END_HEADERS, 1, fields)).unwrap();
    stream.write_all(&frame(DATA, END_STREAM, 1, &[0; 5])).unwrap();
    assert!(next(&mut stream, DATA).is_some());
    for _ in 0..4 {
        let probe = next(&mut stream, PING).expect("a probe");
        stream.write_all(&frame(PING, ACK, 0, &probe)).unwrap();
    }
    stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 3, GET_HEALTH)).unwrap();
    assert_eq!(next(&mut stream, DATA).unwrap(), b"ok\n");
}
