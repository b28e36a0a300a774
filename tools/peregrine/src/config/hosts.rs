//! Which hosts an address may name in which mode, so that no mistaken address lets a test session
//! trade real money, or a live session trade by the prices of a test.
//!
//! Both rules are lists of what is allowed: a host that nobody thought of is refused. What counts
//! as a host is narrower than what the libraries that dial accept, so that they cannot read another
//! host out of an address than this file does.

use super::Mode;
use super::kind::VenueKind;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What goes to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Market streams come from there.
    Market,
    /// Orders go there.
    Orders,
}

/// The host of an address without its scheme, in lower case; `None` unless it is plain: a name of
/// letters, digits, `-`, `_` and `.`, or `[` IPv6 `]`, then perhaps a port; no user, no escapes.
pub fn plain(address: &str) -> Option<String> {
    let authority = address.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.find(']') {
        Some(end) => authority.split_at(end + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if !port.is_empty() {
        let digits = port.strip_prefix(':')?;
        let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)?;
        number.parse().ok().filter(|port: &u16| *port > 0)?;
    }
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let name = !host.is_empty() && !host.starts_with('.') && host.bytes().all(named);
    (name || ipv6(host).is_some()).then(|| host.to_ascii_lowercase())
}

/// Why this host does not fit the mode, with advice; `None` when it does. `host` comes from
/// [`plain`].
pub fn misfit(
    host: &str,
    (mode, kind): (Option<Mode>, VenueKind),
    traffic: Traffic,
) -> Option<[&'static str; 2]> {
    match (mode, traffic) {
        (Some(Mode::Testnet), Traffic::Orders) if !is_loopback(host) && !is_test(host, kind) => {
            Some(["is no test host, and mode = \"testnet\" sends orders there", test_hosts(kind)])
        }
        (Some(Mode::Live), Traffic::Orders) if !is_mainnet(host, kind) => Some([
            "is no host of real trading, and mode = \"live\" sends orders there",
            match kind {
                VenueKind::BinanceSpot | VenueKind::BinanceUsdm => {
                    "a host under binance.com, such as api.binance.com; for tests mode = \
                     \"testnet\""
                }
                VenueKind::Bybit => "a host under bybit.com or bytick.com, such as api.bybit.com",
                VenueKind::Okx => "a host under okx.com, such as openapi.okx.com",
            },
        ]),
        (Some(Mode::Live), Traffic::Market) if !is_mainnet(host, kind) && name(host) != PUBLIC => {
            Some([
                "is no host of real prices, and mode = \"live\" trades by them",
                match kind {
                    VenueKind::BinanceSpot | VenueKind::BinanceUsdm => {
                        "a host under binance.com, such as stream.binance.com, or \
                         data-stream.binance.vision"
                    }
                    VenueKind::Bybit => "a host under bybit.com, such as stream.bybit.com",
                    VenueKind::Okx => "a host under okx.com, such as ws.okx.com",
                },
            ])
        }
        _ => None,
    }
}

const fn test_hosts(kind: VenueKind) -> &'static str {
    match kind {
        VenueKind::BinanceSpot => {
            "an address on this machine, testnet.binance.vision or a host under it, \
             demo-api.binance.com or demo-ws-api.binance.com; real money needs mode = \"live\""
        }
        VenueKind::BinanceUsdm => {
            "an address on this machine, testnet.binancefuture.com or demo-fapi.binance.com; real \
             money needs mode = \"live\""
        }
        VenueKind::Bybit => {
            "an address on this machine, a host under bybit.com whose name has -testnet or -demo; \
             real money needs mode = \"live\""
        }
        VenueKind::Okx => {
            "an address on this machine, wspap.okx.com, and for REST openapi.okx.com, where \
             simulated trading is asked for with each request; real money needs mode = \"live\""
        }
    }
}

/// Binance's streams without private ones.
const PUBLIC: &str = "data-stream.binance.vision";

/// A dot at the end says that a name is complete; the host is the same.
fn name(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

fn ipv6(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

fn is_loopback(host: &str) -> bool {
    host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || ipv6(host).is_some_and(|address| address.is_loopback())
        || name(host) == "localhost"
}

/// A venue's test network and its demo trading. OKX has its simulated trading at the host of the
/// real one: a header of each request says which, and its dialect sends it in this mode.
fn is_test(host: &str, kind: VenueKind) -> bool {
    let host = name(host);
    match kind {
        VenueKind::BinanceSpot => {
            host == "testnet.binance.vision"
                || host.ends_with(".testnet.binance.vision")
                || ["demo-api.binance.com", "demo-ws-api.binance.com"].contains(&host)
        }
        VenueKind::BinanceUsdm => {
            ["testnet.binancefuture.com", "demo-fapi.binance.com"].contains(&host)
        }
        VenueKind::Bybit => host.strip_suffix(".bybit.com").is_some_and(|under| {
            ["api-testnet", "stream-testnet", "api-demo", "stream-demo"].contains(&under)
        }),
        VenueKind::Okx => ["wspap.okx.com", "openapi.okx.com", "www.okx.com"].contains(&host),
    }
}

/// Any host under the venue's own domain that is not for tests by its name.
fn is_mainnet(host: &str, kind: VenueKind) -> bool {
    let domains: &[&str] = match kind {
        VenueKind::BinanceSpot | VenueKind::BinanceUsdm => &[".binance.com"],
        VenueKind::Bybit => &[".bybit.com", ".bytick.com"],
        VenueKind::Okx => &[".okx.com"],
    };
    let host = name(host);
    let Some(under) = domains.iter().find_map(|domain| host.strip_suffix(domain)) else {
        return false;
    };
    let test = |label: &str| {
        label.starts_with("demo")
            || label.contains("testnet")
            || label.ends_with("-demo")
            || label.ends_with("pap")
    };
    !under.is_empty() && !under.split('.').any(test)
}

#[cfg(test)]
mod tests;
