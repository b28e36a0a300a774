//! The venue: where it is, how orders go there, and where our key comes from.

use super::Mode;
use super::hosts::{self, Traffic};
use super::kind::VenueKind;
use super::section::{At, Section};
use std::path::PathBuf;

/// Sets of addresses that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Real money.
    Mainnet,
    /// The venue's test network.
    Testnet,
    /// The venue's demo trading: real prices, play money.
    Demo,
    /// `peregrine exchange` on this machine, at its default port.
    Local,
}

impl Preset {
    const NAMES: [(&'static str, Self); 4] = [
        ("mainnet", Self::Mainnet),
        ("testnet", Self::Testnet),
        ("demo", Self::Demo),
        ("local", Self::Local),
    ];

    /// The name that the file uses.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, preset)| *preset == self).map_or("?", |(name, _)| *name)
    }
}

/// Addresses, none with a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Market streams; the dialect's paths follow.
    pub stream: String,
    /// Order entry over a WebSocket: of Binance whole, of others the dialect's paths follow.
    pub ws_api: String,
    /// REST; the dialect's paths follow.
    pub rest: String,
}

/// By which way orders go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// WebSocket API.
    Ws,
    /// REST.
    Rest,
}

/// What the venue does when our own orders would meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfTrade {
    /// As the symbol's default says.
    Default,
    /// The taking one ends.
    ExpireTaker,
    /// The resting one ends.
    ExpireMaker,
    /// Both end.
    ExpireBoth,
}

/// Where the API key comes from. The key itself is never in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Environment variables with this prefix: `PREFIX_KIND`, `PREFIX_API_KEY` and so on.
    Environment(String),
    /// A JSON file with mode 600.
    File(PathBuf),
}

/// A venue and our account there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Venue {
    /// What we call it: `NAME` of its section `[venue.NAME]`.
    pub name: String,
    /// Which dialect it speaks.
    pub kind: VenueKind,
    /// Which set of addresses it started from.
    pub preset: Preset,
    /// Where it is.
    pub endpoints: Endpoints,
    /// The account's name, as we call it; `arm` has it typed.
    pub account: String,
    /// By which way orders go.
    pub entry: Entry,
    /// Where the key comes from; none in `paper` and with the local exchange of the demo.
    pub key: Option<KeySource>,
    /// How long a request stays valid after its time stamp, ms.
    pub recv_window_ms: u32,
    /// What the venue does when our own orders would meet.
    pub self_trade: SelfTrade,
    /// After how long without a sign of life from us the venue cancels all by itself, s; 0: never,
    /// or the venue cannot.
    pub dead_man_s: u16,
}

impl Venue {
    pub(super) fn read(name: &str, section: &Section<'_>, mode: Option<Mode>) -> Option<Self> {
        let kind = kind(name, section);
        let preset = section.choice("preset", &Preset::NAMES);
        if preset.is_none() && !section.has("preset") {
            section
                .missing("preset", "add preset = \"mainnet\", \"testnet\", \"demo\" or \"local\"");
        }
        let stream = url(section, "stream_url", SOCKET, (mode, kind, Traffic::Market));
        let ws_api = url(section, "ws_api_url", SOCKET, (mode, kind, Traffic::Orders));
        let rest = url(section, "rest_url", HTTP, (mode, kind, Traffic::Orders));
        let entry = section.choice("entry", &[("ws", Entry::Ws), ("rest", Entry::Rest)]);
        let self_trade = section.choice(
            "self_trade",
            &[
                ("default", SelfTrade::Default),
                ("expire-taker", SelfTrade::ExpireTaker),
                ("expire-maker", SelfTrade::ExpireMaker),
                ("expire-both", SelfTrade::ExpireBoth),
            ],
        );
        let recv_window = section.whole("recv_window_ms", 100..=60_000, "ms").unwrap_or(5_000);
        let account = account(section, mode);
        let key = key(section);
        let preset = preset?;
        check_mode(section, mode, &preset);
        if key.is_none() && needs_key(mode, preset.value) && !section.has_any(KEYS) {
            let (upper, lower) = (name.to_uppercase().replace('-', "_"), name.to_lowercase());
            let help =
                format!("add key_env = \"PEREGRINE_{upper}\" or key_file = \"~/{lower}.json\"");
            section.missing("key_env", help);
        }
        let kind = kind?;
        let mut endpoints = kind.endpoints(preset.value);
        endpoints.stream = stream.unwrap_or(endpoints.stream);
        endpoints.ws_api = ws_api.unwrap_or(endpoints.ws_api);
        endpoints.rest = rest.unwrap_or(endpoints.rest);
        Some(Self {
            name: name.to_owned(),
            kind,
            preset: preset.value,
            endpoints,
            account: account?,
            entry: entry.map_or(Entry::Ws, |entry| entry.value),
            key,
            recv_window_ms: u32::try_from(recv_window).unwrap_or(5_000),
            self_trade: self_trade.map_or(SelfTrade::Default, |choice| choice.value),
            dead_man_s: dead_man_s(section, kind),
        })
    }
}

/// Schemes, the one with TLS first.
const SOCKET: [&str; 2] = ["wss://", "ws://"];
const HTTP: [&str; 2] = ["https://", "http://"];

/// The venue's dead-man's switch. Bybit's has to be switched on by the venue first, so that it is
/// not used unless asked for.
fn dead_man_s(section: &Section<'_>, kind: VenueKind) -> u16 {
    let (range, default) = match kind {
        VenueKind::BinanceSpot => (0..=0, 0),
        VenueKind::BinanceUsdm => (0..=3_600, 30),
        VenueKind::Bybit => (0..=300, 0),
        VenueKind::Okx => (0..=120, 30),
    };
    let least = match kind {
        VenueKind::Okx => 10,
        VenueKind::Bybit => 3,
        _ => 5,
    };
    let Some(seconds) = section.whole("dead_man_s", range, "s (0: not used)") else {
        return default;
    };
    if seconds > 0 && seconds < least {
        let message = format!("{seconds} is too short");
        section.problem(section.span(), "dead_man_s", message, format!("0, or {least} and more"));
    }
    u16::try_from(seconds).unwrap_or(default)
}

fn kind(name: &str, section: &Section<'_>) -> Option<VenueKind> {
    if let Some(given) = section.choice("kind", &VenueKind::NAMES) {
        return Some(given.value);
    }
    let found = VenueKind::by_section(name);
    if found.is_none() && !section.has("kind") {
        let names = VenueKind::NAMES.map(|(name, _)| name).join("\", \"");
        section.missing("kind", format!("add kind = one of \"{names}\""));
    }
    found
}

const KEYS: [&str; 2] = ["key_env", "key_file"];

fn needs_key(mode: Option<Mode>, preset: Preset) -> bool {
    matches!(mode, Some(Mode::Testnet | Mode::Live)) && preset != Preset::Local
}

fn check_mode(section: &Section<'_>, mode: Option<Mode>, preset: &At<Preset>) {
    let name = preset.value.name();
    let (fits, help) = match mode {
        Some(Mode::Live) => (preset.value == Preset::Mainnet, "mode = \"live\" needs mainnet"),
        Some(Mode::Testnet) => {
            (preset.value != Preset::Mainnet, "mode = \"testnet\" needs testnet, demo or local")
        }
        _ => (true, ""),
    };
    if !fits {
        let message = format!("`{name}` does not fit the mode");
        section.problem(preset.span.clone(), "preset", message, help);
    }
}

fn account(section: &Section<'_>, mode: Option<Mode>) -> Option<String> {
    let Some(At { value, span }) = section.text("account") else {
        if section.has("account") {
            return None;
        }
        if mode == Some(Mode::Live) {
            let help = "add account = \"main\": the name that `peregrine arm` has you type";
            section.missing("account", help);
            return None;
        }
        return Some(mode.unwrap_or(Mode::Paper).name().to_owned());
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    if (1..=32).contains(&value.len()) && value.bytes().all(plain) {
        return Some(value);
    }
    let message = format!("`{value}` cannot name an account");
    section.problem(span, "account", message, "1 to 32 of a-z, A-Z, 0-9, - _ . @");
    None
}

fn key(section: &Section<'_>) -> Option<KeySource> {
    let (env, file) = (section.text("key_env"), section.text("key_file"));
    if let (Some(_), Some(file)) = (&env, &file) {
        let help = "keep key_env or key_file, not both";
        section.problem(file.span.clone(), "key_file", "is the second source".into(), help);
    }
    if let Some(At { value, span }) = env {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if !value.is_empty() && value.bytes().all(plain) {
            return Some(KeySource::Environment(value));
        }
        // The value may be a key pasted by mistake, so the message does not repeat it.
        let help = "the prefix of variables, such as \"PEREGRINE_BINANCE\"; never the key itself";
        section.problem(span, "key_env", "is not a prefix of variables".into(), help);
        return None;
    }
    let At { value, span } = file?;
    if value.is_empty() {
        section.problem(span, "key_file", "is empty".into(), "name a file with mode 600");
        return None;
    }
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let path = match (value.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(value),
    };
    Some(KeySource::File(path))
}

/// An address that replaces the preset's. The preset itself is judged by [`check_mode`].
fn url(
    section: &Section<'_>,
    key: &'static str,
    schemes: [&str; 2],
    (mode, kind, traffic): (Option<Mode>, Option<VenueKind>, Traffic),
) -> Option<String> {
    let At { value, span } = section.text(key)?;
    let allowed = if mode == Some(Mode::Live) { &schemes[..1] } else { &schemes[..] };
    let rest = allowed.iter().find_map(|scheme| value.strip_prefix(scheme));
    let such = format!("such as {}host:port", allowed[0]);
    let (fault, help) = match (rest, rest.and_then(hosts::plain)) {
        (None, _) => (format!("must begin with {}", allowed.join(" or ")), such),
        (_, None) => ("has no plain host".to_owned(), such),
        (_, Some(host)) => match hosts::misfit(&host, (mode, kind?), traffic) {
            Some([fault, help]) => (fault.to_owned(), help.to_owned()),
            None => return Some(value.trim_end_matches('/').to_owned()),
        },
    };
    section.problem(span, key, format!("`{value}` {fault}"), help);
    None
}
