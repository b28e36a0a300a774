//! Addresses in, faults out: by the whole configuration, as a session reads it.

use super::{Traffic, misfit, plain};
use crate::config::tests::{LIVE, check, faults};
use crate::config::{Endpoints, Mode, Preset, VenueKind};

const LIVE_MODE: (&str, &str) = ("mode = \"live\"", "mode = \"live\"");
const TESTNET: (&str, &str) = ("mode = \"live\"", "mode = \"testnet\"");
const PAPER: (&str, &str) = ("mode = \"live\"", "mode = \"paper\"");

/// The faults of an address under this key, in this mode and over this preset.
fn faults_of(mode: (&str, &str), preset: &str, key: &str, address: &str) -> Vec<String> {
    let preset = format!("preset = {preset:?}\n{key} = {address:?}");
    faults(&LIVE.replace(mode.0, mode.1).replace("preset = \"mainnet\"", &preset))
}

#[test]
fn a_test_session_sends_no_order_to_real_trading() {
    let presets = ["testnet", "demo", "local"];
    let money = [
        "ws-api.binance.com:443/ws-api/v3",
        "api.binance.com",
        "API.Binance.COM",
        "api.binance.com.",
        "api4.binance.com:8443/",
        "api.binance.com?testnet.binance.vision",
        "api.binance.com#.testnet.binance.vision",
        "testnet.binance.vision.binance.com",
        "nottestnet.binance.vision",
        "testnet.binance.vision..",
        "demo-api.binance.com.example",
        "x.demo-api.binance.com",
        "demo-stream.binance.com",
        "localhost.binance.com",
        "127.0.0.1.binance.com",
        "128.0.0.1",
        "[::2]",
        "[::ffff:10.0.0.1]:80",
        "10.0.0.1",
    ];
    let seen = |found: Vec<String>, host| {
        assert_eq!(found.len(), 1, "{host}: {found:?}");
        assert!(found[0].contains("is no test host, and mode = \"testnet\""), "{found:?}");
    };
    for host in money {
        for preset in presets {
            seen(faults_of(TESTNET, preset, "ws_api_url", &format!("wss://{host}")), host);
            seen(faults_of(TESTNET, preset, "rest_url", &format!("https://{host}")), host);
        }
    }
    assert_eq!(
        faults_of(TESTNET, "testnet", "rest_url", "https://api.binance.com"),
        ["5:12 venue.binance.rest_url: `https://api.binance.com` is no test host, and mode = \
          \"testnet\" sends orders there | an address on this machine, testnet.binance.vision or a \
          host under it, demo-api.binance.com or demo-ws-api.binance.com; real money needs mode = \
          \"live\""],
    );
}

#[test]
fn a_test_session_may_use_this_machine_and_test_hosts() {
    let tests = [
        "127.0.0.1:28080",
        "127.9.8.7",
        "localhost",
        "LOCALHOST.:28080/ws-api/v3",
        "[::1]:28080",
        "testnet.binance.vision",
        "ws-api.testnet.binance.vision:443/ws-api/v3?timeUnit=MICROSECOND",
        "Testnet.Binance.Vision.",
        "demo-api.binance.com",
        "demo-ws-api.binance.com:9443/ws-api/v3",
    ];
    for host in tests {
        for preset in ["testnet", "demo", "local"] {
            let api = faults_of(TESTNET, preset, "ws_api_url", &format!("ws://{host}"));
            let rest = faults_of(TESTNET, preset, "rest_url", &format!("http://{host}"));
            assert_eq!((api, rest), (vec![], vec![]), "{host}");
        }
    }
    // Real prices are no orders.
    let stream = "wss://stream.binance.com:9443";
    assert_eq!(faults_of(TESTNET, "testnet", "stream_url", stream), [""; 0]);
}

#[test]
fn hosts_that_can_be_read_in_two_ways_are_no_hosts() {
    let odd = [
        "testnet.binance.vision@api.binance.com",
        "127.0.0.1:80@api.binance.com",
        "api.binance.com\\.testnet.binance.vision",
        "api.binance.com%2f.testnet.binance.vision",
        "api.binance.com\t.testnet.binance.vision",
        "/api.binance.com",
        "",
        ":443",
        ".binance.com",
        "api.binance.com:",
        "api.binance.com:0",
        "api.binance.com:+443",
        "api.binance.com:65536",
        "api.binance.com:443:443",
        "[::1",
        "[::1]443",
        "[api.binance.com]",
        "::1",
        "binànce.com",
    ];
    for host in odd {
        for (mode, preset) in [(LIVE_MODE, "mainnet"), (TESTNET, "demo"), (PAPER, "mainnet")] {
            let found = faults_of(mode, preset, "rest_url", &format!("https://{host}"));
            assert_eq!(found.len(), 1, "{host}: {found:?}");
            assert!(found[0].contains("has no plain host | such as https://"), "{found:?}");
        }
    }
}

#[test]
fn a_live_session_uses_real_hosts_with_tls_only() {
    let of = |key: &str, address: &str| faults_of(LIVE_MODE, "mainnet", key, address);
    let keys = [("stream_url", "wss"), ("ws_api_url", "wss"), ("rest_url", "https")];
    let good = ["api1.binance.com", "API-GCP.Binance.com.:8443/", "ws-api.binance.com:9443/x/v3"];
    let bad = [
        "demo-api.binance.com",
        "demo-ws-api.binance.com.",
        "DEMO-stream.binance.com",
        "testnet.binance.vision",
        "stream.testnet.binance.vision",
        "testnet.binance.com",
        "127.0.0.1:28080",
        "localhost",
        "binance.com",
        "api.binance.us",
        "api.notbinance.com",
        "api.binance.com.example",
        "data-api.binance.vision",
    ];
    for (key, scheme) in keys {
        for host in good {
            assert_eq!(of(key, &format!("{scheme}://{host}")), [""; 0], "{key} {host}");
        }
        for host in bad {
            let found = of(key, &format!("{scheme}://{host}"));
            assert_eq!(found.len(), 1, "{host}: {found:?}");
            assert!(found[0].contains("is no host of real "), "{found:?}");
        }
        let open = of(key, &format!("{}://api.binance.com", scheme.trim_end_matches('s')));
        assert!(open[0].contains(&format!("must begin with {scheme}://")), "{open:?}");
    }
    let public = "data-stream.binance.vision";
    assert_eq!(of("stream_url", &format!("wss://{public}")), [""; 0]);
    assert_eq!(of("ws_api_url", &format!("wss://{public}")).len(), 1);
}

#[test]
fn paper_needs_no_address_and_takes_any() {
    check(&[PAPER], &[]);
    check(&[PAPER, ("key_env = \"PEREGRINE_BINANCE\"", "")], &[]);
    for host in ["api.binance.com", "testnet.binance.vision", "10.1.2.3:80", "recorder"] {
        for (key, scheme) in [("stream_url", "ws"), ("ws_api_url", "wss"), ("rest_url", "http")] {
            let found = faults_of(PAPER, "mainnet", key, &format!("{scheme}://{host}"));
            assert_eq!(found, [""; 0], "{key} {host}");
        }
    }
}

#[test]
fn every_preset_fits_the_modes_that_it_is_for() {
    let modes = [
        (Preset::Mainnet, Mode::Live),
        (Preset::Testnet, Mode::Testnet),
        (Preset::Demo, Mode::Testnet),
        (Preset::Local, Mode::Testnet),
    ];
    let all = VenueKind::NAMES.iter().flat_map(|(_, kind)| modes.map(|mode| (*kind, mode)));
    for (kind, (preset, mode)) in all {
        let Endpoints { stream, ws_api, rest } = kind.endpoints(preset);
        let fits = |url: &str, traffic, mode| {
            let host = plain(url.split_once("://").unwrap().1).unwrap();
            misfit(&host, (Some(mode), kind), traffic).is_none()
        };
        assert!(fits(&stream, Traffic::Market, mode), "{stream}");
        for url in [ws_api, rest] {
            assert!(fits(&url, Traffic::Orders, mode), "{url}");
            let other = if mode == Mode::Live { Mode::Testnet } else { Mode::Live };
            // OKX simulates at the host of real trading; a header of each request says which.
            let both = url == "https://openapi.okx.com";
            assert_eq!(fits(&url, Traffic::Orders, other), both, "{url}");
        }
    }
}
