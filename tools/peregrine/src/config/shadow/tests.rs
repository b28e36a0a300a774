//! Shadows in the text, or the faults of it.

use crate::config::Config;
use crate::config::tests::{LIVE, check};

/// The small configuration with this before its limits.
fn with(text: &str) -> (&'static str, String) {
    ("[risk]", format!("{text}[risk]"))
}

fn faults(text: &str, expect: &[&str]) {
    let (from, to) = with(text);
    check(&[(from, &to)], expect);
}

#[test]
fn a_shadow_has_the_desks_parameters_but_for_those_that_it_changes() {
    let text = "gamma = 0.3\n[[shadow]]\nname = \"wide\"\n[shadow.parameters]\nlevels = 3\n";
    let (from, to) = with(text);
    let config = Config::parse("c.toml", &LIVE.replace(from, &to)).unwrap();
    let [shadow] = config.shadows.as_slice() else { panic!("{:?}", config.shadows) };
    let value = |key: &str| {
        let parameter = shadow.strategy.listed().parameter(key).unwrap();
        shadow.strategy.get(parameter.id).unwrap()
    };
    assert_eq!((shadow.name.as_str(), shadow.desk), ("wide", 0));
    assert_eq!((value("gamma"), value("levels")), (0.3, 3.0));
}

#[test]
fn faults_of_shadows_are_told_with_their_place() {
    faults(
        "[[shadow]]\nname = \"a\"\n[shadow.parameters]\ngama = 1\nlevels = 99\n\
         [[shadow]]\nname = \"a\"\ndesk = \"BTCUSD\"\nlimits = 1\n\
         [[shadow]]\nname = \"live\"\n\
         [[shadow]]\n",
        &[
            "14:1 shadow[0].parameters.gama: is not a known key | did you mean `gamma`?",
            "15:10 shadow[0].parameters.levels: 99 is out of range | from 1 to 8 count, a whole \
             number. Levels on each side.",
            "17:8 shadow[1].name: a is there twice | choose another",
            "18:8 shadow[1].desk: there is no desk BTCUSD | known here: BTCUSDT",
            "19:1 shadow[1].limits: is not a known key | known here: desk, name, parameters",
            "21:8 shadow[2].name: live is there twice | choose another",
            "22:1 shadow[3].name: is missing | add name = \"main\", or any other",
        ],
    );
    faults(
        "[[shadow]]\nname = \"large\"\n[shadow.parameters]\norder_qty = 0.02\n",
        &["13:1 shadow[0].parameters.order_qty: quotes of 0.02 BTCUSDT are larger than \
           risk.order_qty_max = 0.01: all would be refused | lower order_qty or raise \
           order_qty_max"],
    );
}

#[test]
fn several_desks_are_told_apart_by_name() {
    let second = "[[instrument]]\nsymbol = \"ETHUSDT\"\n[strategy]";
    let shadows = "[[shadow]]\nname = \"a\"\n[[shadow]]\nname = \"b\"\ndesk = \"ETHUSDT\"\n[risk]";
    check(
        &[("[strategy]", second), ("[risk]", shadows)],
        &["13:1 shadow[0].desk: is missing | there are several: BTCUSDT, ETHUSDT"],
    );
}

#[test]
fn sixteen_shadows_are_taken_and_no_more() {
    let shadows = |count: usize| -> String {
        (0..count).map(|place| format!("[[shadow]]\nname = \"s{place}\"\n")).collect()
    };
    faults(&shadows(16), &[]);
    faults(
        &shadows(17),
        &["43:1 shadow[16]: there are 17, 16 at most can run | take the others out"],
    );
}
