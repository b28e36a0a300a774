//! The demo's scenarios: a world of the simulated exchange, and the configuration of the strategy
//! that lives on what happens in it.

/// The demo without a scenario: Avellaneda–Stoikov on one spot venue.
pub const PLAIN: (&str, &str) =
    ("config/demo.toml (built in)", include_str!("../../../../config/demo.toml"));

/// Names of worlds, each with the file that `config/` has for it.
pub const SCENARIOS: [(&str, &str, &str); 6] = [
    (
        "mm",
        "config/market-making.toml (built in)",
        include_str!("../../../../config/market-making.toml"),
    ),
    (
        "xemm",
        "config/cross-market.toml (built in)",
        include_str!("../../../../config/cross-market.toml"),
    ),
    ("arb", "config/arbitrage.toml (built in)", include_str!("../../../../config/arbitrage.toml")),
    (
        "triangular",
        "config/triangular.toml (built in)",
        include_str!("../../../../config/triangular.toml"),
    ),
    ("basis", "config/basis.toml (built in)", include_str!("../../../../config/basis.toml")),
    ("pairs", "config/pairs.toml (built in)", include_str!("../../../../config/pairs.toml")),
];

/// The name and text of a scenario's configuration; the plain demo's where there is none.
pub fn config(scenario: Option<&str>) -> (&'static str, &'static str) {
    let found = SCENARIOS.iter().find(|(name, ..)| Some(*name) == scenario);
    found.map_or(PLAIN, |(_, file, text)| (file, text))
}
