//! Spaces: what is read, what is refused, and that the unit cube covers every value evenly.

use super::*;

const TEXT: &str = r#"
["strategy.gamma"]
low = 0.001
high = 1.0
log = true

["strategy.levels"]
low = 1
high = 3

["strategy.horizon"]
choice = ["rolling", "infinite"]

["quotes.life_min_ms"]
low = 50
high = 250
step = 50
"#;

#[test]
fn a_space_reads_every_kind() {
    let space = Space::parse(TEXT).expect("a space");
    let keys: Vec<&str> = space.params().iter().map(|param| param.key.as_str()).collect();
    let sorted = ["quotes.life_min_ms", "strategy.gamma", "strategy.horizon", "strategy.levels"];
    assert_eq!(keys, sorted);
    let text = |unit: [f64; 4]| {
        let values = space.values(&unit);
        values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(text([0.0; 4]), "50 0.001 rolling 1");
    assert_eq!(text([1.0; 4]), "250 1 infinite 3");
    assert_eq!(text([0.5; 4]), "150 0.0316228 infinite 2");
    assert_eq!(text([-3.0, 9.0, 0.49, 0.33]), "50 1 rolling 1");
    assert_eq!(space.grid_len(), Some(5 * 5 * 2 * 3));
}

#[test]
fn counted_values_share_the_cube_evenly() {
    let space =
        Space::parse("[\"a\"]\nlow = 0\nhigh = 9\n[\"b\"]\nlow = 0.0\nhigh = 0.3\nstep = 0.1")
            .expect("a space");
    let mut ints = BTreeMap::new();
    let mut floats = BTreeMap::new();
    for at in 0..4_000 {
        let at = (f64::from(at) + 0.5) / 4_000.0;
        let values = space.values(&[at, at]);
        *ints.entry(values[0].to_string()).or_insert(0) += 1;
        *floats.entry(values[1].to_string()).or_insert(0) += 1;
    }
    assert_eq!(ints.len(), 10);
    assert!(ints.values().all(|&count| count == 400), "{ints:?}");
    assert_eq!(floats.keys().map(String::as_str).collect::<Vec<_>>(), ["0", "0.1", "0.2", "0.3"]);
    assert!(floats.values().all(|&count| count == 1_000), "{floats:?}");
}

#[test]
fn a_wrong_space_says_what_is_wrong() {
    let check = |text: &str, want: &str| {
        let said = Space::parse(text).expect_err(text).to_string();
        assert!(said.contains(want), "{text}: {said}");
    };
    check("", "has no parameter");
    check("[\"a.b\"]\nlow = 1", "parameter a.b: needs low and high");
    check("[\"a.b\"]\nlow = 2\nhigh = 1", "low 2 must not be above high 1");
    check("[\"a.b\"]\nlow = 0.0\nhigh = 1.0\nlog = true", "log needs low above 0");
    check("[\"a.b\"]\nlow = 0\nhigh = 1\nstep = 7", "step 7 must be above 0");
    check("[\"a.b\"]\nlow = \"x\"\nhigh = 1", "for names and flags use choice");
    check("[\"a.b\"]\nchoice = []", "choice needs 1 to");
    check("[\"a.b\"]\nchoice = [1]\nlow = 0", "choice stands alone");
    check("[\"a.b\"]\nlow = 0\nhigh = 1\nlgo = true", "lgo");
    check("[\"a.b\"]\nlow = ", "line 2");
    check("[\"a..b\"]\nlow = 0\nhigh = 1", "no place in a configuration");
}
