//! Walk-forward: each fold is searched on one stretch, chosen on the next, and judged on the one
//! behind that, which nothing has seen. Folds roll by the length of what they are judged on, so
//! that the judged stretches lie end to end.
//!
//! ```text
//!  fold 0   |train···········|validate··|test··|
//!  fold 1          |train···········|validate··|test··|
//!  fold 2                 |train···········|validate··|test··|
//! ```
//!
//! R. Pardo, "The Evaluation and Optimization of Trading Strategies", 2nd edition, 2008, ch. 11.

use super::ground::Stretch;
use serde::Serialize;

/// Relative lengths of the three stretches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// What is searched.
    pub train: u32,
    /// What the best of the search are compared on; 0 for none.
    pub validate: u32,
    /// What the chosen one is judged on; 0 for none.
    pub test: u32,
}

/// One fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fold {
    /// What is searched.
    pub train: Stretch,
    /// What the best of the search are compared on; may be empty.
    pub validate: Stretch,
    /// What the chosen one is judged on; may be empty.
    pub test: Stretch,
}

impl Split {
    /// Reads `60/20/20`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shares: Vec<u32> = text.split('/').map_while(|one| one.parse().ok()).collect();
        match shares[..] {
            [train, validate, test]
                if text.split('/').count() == 3
                    && train > 0
                    && shares.iter().all(|&share| share <= 1_000) =>
            {
                Ok(Self { train, validate, test })
            }
            _ => Err("must be TRAIN/VALIDATE/TEST, such as 60/20/20 or 100/0/0".to_owned()),
        }
    }

    /// The folds of a stretch. Several need something to roll by.
    pub fn folds(self, all: Stretch, count: u32) -> Result<Vec<Fold>, String> {
        if count > 1 && self.test == 0 {
            return Err("several folds need a test stretch to roll by: --split 60/20/20".to_owned());
        }
        let [train, validate, test] = [self.train, self.validate, self.test].map(u64::from);
        let of = train + validate + u64::from(count) * test;
        let fold = |at: u64| {
            let start = at * test;
            Fold {
                train: all.part(start, start + train, of),
                validate: all.part(start + train, start + train + validate, of),
                test: all.part(start + train + validate, start + train + validate + test, of),
            }
        };
        Ok((0..u64::from(count)).map(fold).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_roll_by_what_they_are_judged_on() {
        let split = Split::parse("60/20/20").expect("a split");
        let all = Stretch { from: 1_000, to: 1_140 };
        let text = |fold: &Fold| {
            let [a, b, c] = [fold.train, fold.validate, fold.test];
            format!("{}-{} {}-{} {}-{}", a.from, a.to, b.from, b.to, c.from, c.to)
        };
        let folds = split.folds(all, 3).expect("folds");
        let texts: Vec<String> = folds.iter().map(text).collect();
        assert_eq!(
            texts,
            [
                "1000-1060 1060-1080 1080-1100",
                "1020-1080 1080-1100 1100-1120",
                "1040-1100 1100-1120 1120-1140"
            ]
        );
        let whole = Split::parse("100/0/0").expect("a split").folds(all, 1).expect("a fold");
        assert_eq!(text(&whole[0]), "1000-1140 1140-1140 1140-1140");
        assert!(whole[0].test.is_empty());
    }

    #[test]
    fn wrong_splits_are_refused() {
        for text in ["", "60", "60/20", "0/50/50", "60/20/x", "60/20/20/1", "60/-1/20", "9999/1/1"]
        {
            assert!(Split::parse(text).is_err(), "{text}");
        }
        let all = Stretch { from: 0, to: 100 };
        assert!(Split { train: 1, validate: 1, test: 0 }.folds(all, 2).is_err());
    }
}
