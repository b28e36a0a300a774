//! The frame codec against a naive writer of server frames, in pieces of every size.

use super::*;
use proptest::prelude::*;

fn server_frame(opcode: u8, last: bool, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![opcode | if last { 0x80 } else { 0 }];
    match payload.len() {
        0..=125 => out.push(payload.len() as u8),
        126..=65_535 => {
            out.push(126);
            out.extend((payload.len() as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(payload);
    out
}

fn told(frame: &Frame<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match frame {
        Frame::Text(payload) => format!("text {}", text(payload)),
        Frame::Binary(payload) => format!("binary {}", text(payload)),
        Frame::Ping(payload) => format!("ping {}", text(payload)),
        Frame::Pong(payload) => format!("pong {}", text(payload)),
        Frame::Close(code, reason) => format!("close {code} {}", text(reason)),
    }
}

/// Feeds the pieces, and says what came out, a fault last.
fn read(pieces: &[&[u8]], limit: usize) -> Vec<String> {
    let mut reader = FrameReader::new(limit);
    let mut out = Vec::new();
    for piece in pieces {
        let mut piece = *piece;
        while !piece.is_empty() {
            let space = reader.space();
            let count = space.len().min(piece.len());
            space[..count].copy_from_slice(&piece[..count]);
            reader.filled(count);
            piece = &piece[count..];
            loop {
                match reader.next_frame() {
                    Ok(Some(frame)) => out.push(told(&frame)),
                    Ok(None) => break,
                    Err(fault) => {
                        out.push(format!("{fault:?}"));
                        return out;
                    }
                }
            }
        }
    }
    out
}

#[test]
fn fragments_are_joined_around_control_frames() {
    let stream = [
        server_frame(TEXT, false, b"ab"),
        server_frame(PING, true, b"p"),
        server_frame(CONTINUATION, false, b""),
        server_frame(CONTINUATION, true, b"cd"),
        server_frame(BINARY, true, b"e"),
        server_frame(CLOSE, true, b"\x03\xe8bye"),
        server_frame(CLOSE, true, b""),
    ]
    .concat();
    let expect = ["ping p", "text abcd", "binary e", "close 1000 bye", "close 1005 "];
    assert_eq!(read(&[&stream], 100), expect);
    for cut in 0..stream.len() {
        assert_eq!(read(&[&stream[..cut], &stream[cut..]], 100), expect, "cut at {cut}");
    }
    let single: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(read(&single, 100), expect);
}

#[test]
fn what_breaks_the_rules_is_a_fault_and_no_panic() {
    let check = |bytes: &[u8], expect: &str| {
        let told = read(&[bytes], 1_000);
        assert!(told.last().is_some_and(|last| last.contains(expect)), "{told:?} not {expect}");
    };
    check(&[0xc1, 0], "reserved bits");
    check(&[0x81, 0x80], "masked");
    check(&[0x83, 0], "unknown opcode");
    check(&[0x8b, 0], "unknown opcode");
    check(&[0x09, 0], "control frame");
    check(&[0x89, 126, 0, 126], "control frame");
    check(&[0x88, 1, 3], "close code");
    check(&[0x80, 0], "continuation of nothing");
    check(&[0x01, 0, 0x01, 0], "new message inside");
    check(&[0x81, 126, 0x03, 0xe9], "TooLarge(1001)");
    check(&[0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255], "TooLarge");
    let halves = [server_frame(TEXT, false, &[b'x'; 600]), server_frame(0, true, &[b'x'; 600])];
    check(&halves.concat(), "TooLarge(1200)");
}

#[test]
fn payloads_have_spare_bytes_behind_them_and_large_ones_pass() {
    let large = vec![b'z'; 300_000];
    let stream = [server_frame(TEXT, true, &large), server_frame(TEXT, true, b"end")].concat();
    let mut reader = FrameReader::new(300_000);
    let (mut rest, mut seen) = (&stream[..], 0);
    while !rest.is_empty() {
        let space = reader.space();
        let count = space.len().min(rest.len()).min(50_000);
        space[..count].copy_from_slice(&rest[..count]);
        reader.filled(count);
        rest = &rest[count..];
        while let Some(frame) = reader.next_frame().unwrap() {
            let Frame::Text(payload) = frame else { panic!("not text") };
            seen += payload.len();
            let (bytes, len) = payload.padded();
            assert!(bytes.len() >= len + SPARE);
        }
    }
    assert_eq!(seen, 300_003);
}

#[test]
fn a_full_writer_refuses_whole_frames() {
    let mut writer = FrameWriter::new(64, 1);
    assert!(writer.push(TEXT, [&[1; 20], &[]]));
    assert_eq!(writer.unsent().len(), 26);
    assert!(!writer.push(TEXT, [&[1; 30], &[]]));
    assert_eq!(writer.unsent().len(), 26);
    writer.wrote(20);
    assert!(writer.push(TEXT, [&[1; 30], &[]]), "room behind what was sent is used again");
    assert_eq!(writer.unsent().len(), 6 + 36);
}

proptest! {
    #[test]
    fn any_frames_in_any_pieces_come_out_the_same(
        payloads in prop::collection::vec(prop::collection::vec(b'a'..=b'z', 0..400), 1..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let stream: Vec<u8> =
            payloads.iter().flat_map(|payload| server_frame(TEXT, true, payload)).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
        let expect: Vec<String> = payloads
            .iter()
            .map(|payload| format!("text {}", String::from_utf8_lossy(payload)))
            .collect();
        prop_assert_eq!(read(&pieces, 400), expect);
    }

    #[test]
    fn any_bytes_at_all_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&[&bytes], 200);
    }

    #[test]
    fn what_is_masked_unmasks(len in 0_usize..70_000, seed in any::<u64>()) {
        let payload: Vec<u8> = (0..len).map(|place| place as u8).collect();
        let mut writer = FrameWriter::new(80_000, seed);
        let half = len / 2;
        prop_assert!(writer.push(TEXT, [&payload[..half], &payload[half..]]));
        let sent = writer.unsent();
        let header = match len { 0..=125 => 2, 126..=65_535 => 4, _ => 10 };
        let mask = &sent[header..header + 4];
        let body = &sent[header + 4..];
        let clear: Vec<u8> = body.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m).collect();
        prop_assert_eq!(clear, payload);
    }
}

#[test]
fn a_rehearsed_message_is_not_there() {
    let mut writer = FrameWriter::new(256, 7);
    assert!(writer.rehearse(b"never sent"));
    assert!(writer.unsent().is_empty());
    assert!(writer.text(b"sent"));
    let before = writer.unsent().to_vec();
    assert!(!writer.rehearse(b"something waits"));
    assert_eq!(writer.unsent(), before);
    assert!(!FrameWriter::new(8, 7).rehearse(b"longer than it may be"));
}
