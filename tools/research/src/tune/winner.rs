//! A configuration with other parameters: the given text with values replaced, comments and order
//! kept.
//!
//! A key is a place in the configuration such as `strategy.gamma`. One of several tables is named
//! by its `symbol` (with its venue, too, as `okx:BTC-USDT`), its `name`, or counted from 0:
//! `instrument.BTCUSDT.strategy.gamma`, `desk.0.parameters.profit_bps`. A value that is text in the
//! configuration, as money is, is written as text again.

use super::space::Value;
use toml_edit::{DocumentMut, Item, Key, TableLike};

/// The configuration with these parameters.
///
/// # Errors
///
/// What is wrong, and with which key: the text is no TOML, or a key names nothing that is there.
pub fn with<'a>(
    config: &str,
    params: impl IntoIterator<Item = (&'a str, &'a Value)>,
) -> Result<String, String> {
    let mut document: DocumentMut =
        config.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    for (key, value) in params {
        let path = Key::parse(key).map_err(|error| format!("{key}: {error}"))?;
        let Some((last, tables)) = path.split_last() else {
            return Err(format!("{key}: names nothing"));
        };
        let mut table: &mut dyn TableLike = document.as_table_mut();
        let mut names = tables.iter();
        while let Some(name) = names.next() {
            let found = table.get_mut(name.get()).ok_or_else(|| {
                format!("{key}: the configuration has no {}; add it there first", name.get())
            })?;
            table = match found {
                Item::ArrayOfTables(list) => {
                    let Some(which) = names.next() else {
                        return Err(format!("{key}: {} has several; say which", name.get()));
                    };
                    let which = which.get();
                    let of = list.iter().enumerate();
                    let place = of.filter(|(at, one)| is_named(one, which, *at)).map(|(at, _)| at);
                    let place = place.collect::<Vec<_>>();
                    let [place] = place[..] else {
                        let name = name.get();
                        let count = place.len();
                        return Err(format!("{key}: {count} {name} sections are named {which}"));
                    };
                    list.get_mut(place).ok_or_else(|| format!("{key}: names nothing"))?
                }
                found => found
                    .as_table_like_mut()
                    .ok_or_else(|| format!("{key}: {} is no section", name.get()))?,
            };
        }
        put(table, last, value);
    }
    Ok(document.to_string())
}

fn is_named(table: &toml_edit::Table, name: &str, at: usize) -> bool {
    let text = |key: &str| table.get(key).and_then(Item::as_str);
    let symbol = text("symbol");
    let full = text("venue").zip(symbol).map(|(venue, symbol)| format!("{venue}:{symbol}"));
    name.parse() == Ok(at)
        || symbol == Some(name)
        || text("name") == Some(name)
        || full.as_deref() == Some(name)
}

fn put(table: &mut dyn TableLike, key: &Key, value: &Value) {
    let is_text = table.get(key.get()).is_some_and(Item::is_str);
    let mut new = match value {
        Value::Text(text) => toml_edit::Value::from(text.as_str()),
        other if is_text => toml_edit::Value::from(other.to_string()),
        Value::Flag(flag) => toml_edit::Value::from(*flag),
        Value::Int(number) => toml_edit::Value::from(*number),
        Value::Float(number) => toml_edit::Value::from(*number),
    };
    match table.get_mut(key.get()).and_then(Item::as_value_mut) {
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => {
            table.insert(key.get(), Item::Value(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
# Mine.
mode = \"paper\"

[[instrument]]
venue = \"okx\"
symbol = \"BTC-USDT\"   # the wide one

[[instrument]]
venue = \"binance\"
symbol = \"BTCUSDT\"
[instrument.strategy]
gamma = 1

[strategy]
gamma = 0.01             # risk aversion
horizon = \"rolling\"

[risk]
collar_mid_bps = \"100\"   # farthest from mid
";

    fn check(key: &str, value: &Value, want: &str) {
        let got = with(CONFIG, [(key, value)]).unwrap_or_else(|error| error);
        assert!(got.contains(want), "{key}: {got}");
    }

    #[test]
    fn values_are_replaced_and_comments_kept() {
        check("strategy.gamma", &Value::Float(0.5), "gamma = 0.5             # risk aversion\n");
        check("strategy.horizon", &Value::Text("infinite".into()), "horizon = \"infinite\"\n");
        let money = "collar_mid_bps = \"42.5\"   # farthest from mid\n";
        check("risk.collar_mid_bps", &Value::Float(42.5), money);
        check("strategy.levels", &Value::Int(3), "horizon = \"rolling\"\nlevels = 3\n");
        check("strategy.on", &Value::Flag(true), "on = true\n");
        for which in ["1", "BTCUSDT", "'binance:BTCUSDT'"] {
            check(
                &format!("instrument.{which}.strategy.gamma"),
                &Value::Int(7),
                "[instrument.strategy]\ngamma = 7\n",
            );
        }
        assert_eq!(with(CONFIG, []), Ok(CONFIG.to_owned()));
    }

    #[test]
    fn a_key_that_names_nothing_is_refused() {
        let value = Value::Int(1);
        check("strateg.gamma", &value, "the configuration has no strateg");
        check("instrument.strategy", &value, "instrument has several; say which");
        let nobody = "0 instrument sections are named strategy";
        check("instrument.strategy.gamma", &value, nobody);
        check("instrument", &value, "instrument = 1");
        check("mode.x", &value, "mode is no section");
        check("instrument.9.symbol", &value, "0 instrument sections are named 9");
    }
}
