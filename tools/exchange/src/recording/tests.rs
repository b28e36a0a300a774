//! Recordings in all their forms: lines, files, folders, and what is wrong with them.

use super::*;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

#[test]
fn lines_are_read_and_bad_ones_say_why() {
    let mut recording = Recording::default();
    let mut seen = Seen::default();
    let mut push = |text: &str| recording.push(text, &mut seen);
    let data = |stream: &str, data: &str| {
        format!(r#"5 {{"stream":"btcusdt@{stream}","data":{{"s":"BTCUSDT",{data}}}}}"#)
    };
    push(&data("bookTicker", r#""u":7,"b":"1.5","B":"2","a":"1.6","A":"3""#)).unwrap();
    let depth = r#""e":"depthUpdate","E":1,"U":6,"u":8,"b":[["1.5","0"]],"a":[]"#;
    push(&data("depth@100ms", depth)).unwrap();
    let trade = r#""e":"trade","E":2,"t":3,"p":"1.5","q":"1","b":88,"a":50,"T":1,"m":true"#;
    push(&data("trade", trade)).unwrap();
    push(r#"8 {"lastUpdateId":6,"bids":[["1.5","2"]],"asks":[]}"#).unwrap();
    for bad in ["", "x {}", "1 {}", r#"1 {"stream":"btcusdt@kline","data":{"s":"BTCUSDT"}}"#, "1 {"]
    {
        assert!(push(bad).is_err(), "{bad}");
    }
    assert_eq!(recording.frames.len(), 4);
    assert_eq!(recording.snapshot().unwrap().0, 6);
    assert_eq!(recording.spec(&[]).start_price, 150_000_000);
}

/// A folder of one test, gone after it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("exchange-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn zst(&self, name: &str, text: &str) -> Vec<u8> {
        let bytes = zstd::encode_all(text.as_bytes(), 3).unwrap();
        fs::write(self.0.join(name), &bytes).unwrap();
        bytes
    }

    fn gz(&self, name: &str, text: &str) {
        let file = File::create(self.0.join(name)).unwrap();
        let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::default());
        gz.write_all(text.as_bytes()).unwrap();
        gz.finish().unwrap();
    }

    fn read(&self, name: &str) -> Result<Vec<u64>, String> {
        let path = if name.is_empty() { self.0.clone() } else { self.0.join(name) };
        let read = Recording::read(&path).map_err(|error| error.to_string())?;
        Ok(read.frames.iter().map(|(at, _)| *at).collect())
    }

    /// Reading this fails and says all of these.
    fn check(&self, name: &str, says: &[&str]) {
        let error = self.read(name).unwrap_err();
        assert!(says.iter().all(|part| error.contains(part)), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn depth(at: u64, first: u64, last: u64) -> String {
    let data = format!(r#""s":"BTCUSDT","U":{first},"u":{last},"b":[],"a":[]"#);
    format!("{at} {{\"stream\":\"btcusdt@depth@100ms\",\"data\":{{{data}}}}}\n")
}

fn trade(at: u64, id: u64) -> String {
    let data = format!(r#""s":"BTCUSDT","t":{id},"p":"1","q":"1","m":true"#);
    format!("{at} {{\"stream\":\"btcusdt@trade\",\"data\":{{{data}}}}}\n")
}

fn snapshot(at: u64, id: u64) -> String {
    format!("{at} {{\"lastUpdateId\":{id},\"bids\":[[\"1.5\",\"2\"]],\"asks\":[]}}\n")
}

fn gap(at: u64, dropped: u64) -> String {
    format!("{at} {{\"gap\":{{\"dropped\":{dropped},\"reason\":\"x\"}}}}\n")
}

#[test]
fn files_are_known_by_their_bytes_and_folders_by_their_names() {
    let folder = Folder::new("files");
    let first = [gap(1, 0), depth(1, 5, 6), snapshot(2, 6)].concat();
    folder.gz("binance-btcusdt-1.zst", &first);
    folder.zst("binance-btcusdt-2.gz", &[depth(3, 7, 8), gap(4, 9), depth(5, 20, 21)].concat());
    let whole = [snapshot(6, 30), depth(7, 31, 32)].concat();
    folder.zst("binance-btcusdt-3.zst.part", &whole);
    fs::write(folder.0.join("binance-btcusdt-4.zst.part"), "").unwrap();
    fs::write(folder.0.join(".hidden"), "x").unwrap();
    assert_eq!(folder.read("").unwrap(), [1, 2, 3, 5, 6, 7]);
    assert_eq!(folder.read("binance-btcusdt").unwrap(), [1, 2, 3, 5, 6, 7]);
    assert_eq!(folder.read("binance-btcusdt-1.zst").unwrap(), [1, 2]);
    folder.check("binance-btcusdt-2.gz", &["no snapshot"]);
    folder.zst("binance-ethusdt-1.zst", &first.replace("BTC", "ETH"));
    folder.check("", &["ethusdt-1.zst", "line 2", "ETHUSDT in a recording of BTCUSDT"]);
    assert_eq!(folder.read("binance-eth").unwrap(), [1, 2]);
}

#[test]
fn what_comes_twice_is_left_out() {
    let folder = Folder::new("twice");
    let lines = [
        depth(1, 5, 6),
        snapshot(2, 6),
        trade(3, 1),
        depth(4, 7, 8),
        trade(5, 3),
        "6 {\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":1}}\n".into(),
        "6 {\"result\":null,\"id\":1}\n".into(),
        depth(7, 7, 8),
        trade(8, 1),
        trade(9, 2),
        gap(10, 3),
        depth(11, 7, 8),
        depth(12, 9, 9),
    ];
    folder.zst("a", &lines.concat());
    assert_eq!(folder.read("").unwrap(), [1, 2, 3, 4, 5, 9, 12]);
    folder.zst("b", &[gap(20, 0), depth(21, 8, 9)].concat());
    folder.check("", &["/b: line 2", "two recordings"]);
}

#[test]
fn a_killed_recorders_file_ends_with_its_last_whole_line() {
    let folder = Folder::new("cut");
    let mut zst = zstd::Encoder::new(Vec::new(), 3).unwrap();
    zst.write_all([depth(1, 5, 6), snapshot(2, 6)].concat().as_bytes()).unwrap();
    zst.flush().unwrap();
    let flushed = zst.get_ref().len();
    zst.write_all(trade(3, 1).as_bytes()).unwrap();
    let bytes = zst.finish().unwrap();
    for len in 0..=bytes.len() {
        for name in ["a.zst.part", "a.cut.zst"] {
            fs::write(folder.0.join(name), &bytes[..len]).unwrap();
            match folder.read(name) {
                Ok(frames) => assert!(len >= flushed && frames.starts_with(&[1, 2]), "{len}"),
                Err(error) => assert!(len < flushed, "{len}: {error}"),
            }
        }
        fs::write(folder.0.join("a.zst"), &bytes[..len]).unwrap();
        // What its recorder closed must be whole.
        assert_eq!(folder.read("a.zst").is_ok(), len == bytes.len(), "{len}");
    }
    fs::write(folder.0.join("a.zst"), &bytes[..flushed]).unwrap();
    folder.check("a.zst", &["a.zst", "line 3", "ends too early"]);
}

#[test]
fn files_that_are_none_of_ours_say_so() {
    let folder = Folder::new("foreign");
    folder.check("", &["no file in this directory"]);
    folder.check("none.zst", &["none.zst", "No such file"]);
    fs::write(folder.0.join("empty.zst"), "").unwrap();
    folder.check("empty.zst", &["empty.zst", "it is empty"]);
    fs::write(folder.0.join("text.zst"), "1 {}\n").unwrap();
    folder.check("text.zst", &["text.zst", "neither gzip nor zstd"]);
    folder.check("", &["empty.zst"]);
    for (name, text, says) in [
        ("no-time.zst", "{}\n", "line 1: not `LOCAL_NS JSON`"),
        ("no-json.zst", "1 x\n", "line 1: "),
        ("other.zst", "1 {\"a\":1}\n", "line 1: neither"),
        ("bytes.zst", "1 {}", "line 1: neither"),
    ] {
        folder.zst(name, text);
        folder.check(name, &[name, says]);
    }
    let mut bytes = folder.zst("flipped.zst", &[depth(1, 5, 6), snapshot(2, 6)].concat());
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(folder.0.join("flipped.zst"), &bytes).unwrap();
    folder.check("flipped.zst", &["flipped.zst", "line "]);
}

#[test]
fn every_frame_of_a_real_recording_is_news() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    for (name, frames) in
        [("spot/btcusdt_20240808.gz", 41_249), ("usdm/btcusdt_20240808.gz", 93_954)]
    {
        if !root.join(name).exists() {
            println!("skipped: no {name} here");
            continue;
        }
        let read = Recording::read(&root.join(name)).unwrap();
        assert_eq!(read.frames.len(), frames, "{name}");
    }
}
