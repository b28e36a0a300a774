//! Whole tunings on a made-up market: the optimum is found, noise is called noise, pages are whole.

use super::*;
use crate::tune::page::page;
use crate::tune::walk::Split;

const SPACE: &str = "[\"strategy.a\"]\nlow = 0.0\nhigh = 1.0\n[\"strategy.b\"]\nlow = 1\n\
                     high = 9\n[\"strategy.c\"]\nchoice = [\"x\", \"y\"]";

/// Days of returns whose mean follows from the parameters, with noise that follows from them, the
/// day and the luck.
struct Days {
    edge: f64,
}

fn noise(seed: u64) -> f64 {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

impl Ground for Days {
    fn run(&self, values: &[Value], stretch: Stretch, luck: Luck) -> Result<Outcome, String> {
        let (a, b, is_y) = match values {
            [Value::Float(a), Value::Int(b), Value::Text(c)] => (*a, *b as f64, c == "y"),
            [] => (0.9, 9.0, false),
            _ => return Err(format!("{values:?}")),
        };
        let miss = (a - 0.3).powi(2) + ((b - 4.0) / 8.0).powi(2) + f64::from(u8::from(!is_y)) / 4.0;
        let mean = self.edge * (1.0 - 3.0 * miss) / luck.latency;
        let key = (a * 1e6) as u64 ^ (b as u64) << 32 ^ u64::from(is_y) << 40;
        let day = |day: u64| mean + noise(key ^ day << 44 ^ luck.seed.unwrap_or(0)) * 0.01;
        let returns: Vec<f64> = (stretch.from..stretch.to).map(day).collect();
        let ratio = sharpe(&returns).ok_or("no days")?;
        let total = returns.iter().sum::<f64>();
        let fall = monte::drawdown(returns.iter().copied());
        let metrics = [("sharpe", ratio), ("pnl", total), ("max_drawdown", fall), ("fills", 99.0)];
        let metrics = metrics.map(|(name, value)| (name.to_owned(), value)).into();
        Ok(Outcome { metrics, trades: returns.clone(), returns })
    }
}

fn plan(objective: Objective, sampler: SamplerKind, folds: u32) -> Plan {
    let split = Split { train: 60, validate: 20, test: 20 };
    let folds = split.folds(Stretch { from: 0, to: 400 }, folds).expect("folds");
    Plan {
        space: Space::parse(SPACE).expect("a space"),
        sampler,
        seed: 3,
        objective,
        pruning: Pruning::None,
        parts: 1,
        fills_min: 10,
        trials: 80,
        jobs: 2,
        folds,
        runs: 200,
        noise: 12,
        config: "abc".to_owned(),
        tapes: vec!["days".to_owned()],
    }
}

fn tuned(plan: &Plan, edge: f64, name: &str) -> (Tuned, Vec<Trial>) {
    let path = std::env::temp_dir().join(format!("tune-{name}-{}", std::process::id()));
    let mut last = None;
    let result = plan.run(&Days { edge }, &path, &mut |progress| last = Some(progress));
    std::fs::remove_file(&path).expect("removed");
    let last = last.expect("watched");
    assert_eq!((last.stage, last.done, last.of), ("noise", 12, 12));
    result.expect("tuned")
}

#[test]
fn an_edge_is_found_and_kept_outside_of_training() {
    let plan = plan(Objective::Sharpe, SamplerKind::Tpe, 3);
    let (tuned, trials) = tuned(&plan, 0.01, "edge");
    assert_eq!((tuned.folds.len(), trials.len()), (3, 80));
    for found in &tuned.folds {
        let [Value::Float(a), Value::Int(b), Value::Text(c)] = &found.values[..] else {
            panic!("{found:?}");
        };
        assert!((a - 0.3).abs() < 0.3 && (b - 4).abs() <= 2 && c == "y", "{found:?}");
        let (test, given) = (found.test.as_ref().expect("tested"), found.given.as_ref());
        assert!(test[0] > 0.5 && given.expect("given")[0] < 0.0, "{found:?}");
    }
    assert!(tuned.efficiency.expect("tested") > 0.6, "{:?}", tuned.efficiency);
    // Parameters that lose much spread the ratios, and with them what chance is granted.
    assert!(tuned.sharpe_by_chance > tuned.sharpe_of_period, "{:?}", tuned.sharpe_by_chance);
    assert!(tuned.deflated_sharpe.expect("ratios") < 0.5, "{:?}", tuned.deflated_sharpe);
    assert!(tuned.overfitting.as_ref().expect("returns").probability < 0.3);
    let luck = &tuned.monte_carlo;
    let noise = luck.noise.as_ref().expect("noise");
    assert_eq!((noise.runs, noise.scored), (12, 12));
    assert!(noise.score.expect("scores").p5 > 0.3, "{:?}", noise.score);
    assert!(noise.total.p5 < noise.total.p95, "{:?}", noise.total);
    assert_eq!(noise.path.last(), Some(&noise.total));
    let resampled = luck.resampled.as_ref().expect("returns");
    assert!(resampled.loss_probability < 0.05 && resampled.total.p5 > 0.0, "{resampled:?}");
    let by_name = tuned.params.iter().zip(&tuned.importance).collect::<Vec<_>>();
    assert!(tuned.importance.iter().all(|share| (0.0..=1.0).contains(share)), "{by_name:?}");
}

#[test]
fn noise_is_called_noise() {
    let mut plan = plan(Objective::Sharpe, SamplerKind::Random, 1);
    let (mut deflated, mut overfitted) = (0.0, 0.0);
    for seed in 1..=5 {
        plan.seed = seed;
        let (tuned, _) = tuned(&plan, 0.0, "noise");
        deflated += tuned.deflated_sharpe.expect("ratios") / 5.0;
        overfitted += tuned.overfitting.expect("returns").probability / 5.0;
    }
    assert!(deflated < 0.8, "deflated Sharpe {deflated}");
    assert!((0.25..0.75).contains(&overfitted), "overfitting {overfitted}");
}

#[test]
fn several_objectives_give_a_front() {
    let plan = plan(Objective::Multi, SamplerKind::Nsga2, 1);
    let (tuned, trials) = tuned(&plan, 0.01, "front");
    assert_eq!(tuned.scores, ["pnl", "-max_drawdown"]);
    assert!(!tuned.front.is_empty());
    for &at in &tuned.front {
        let beaten = trials.iter().any(|trial| {
            trial.scores.iter().zip(&trials[at].scores).all(|(theirs, own)| theirs > own)
        });
        assert!(!beaten, "{at}");
    }
    assert!(tuned.front.contains(&tuned.folds[0].trial) || tuned.folds[0].validate.is_some());
}

#[test]
fn any_number_of_jobs_comes_to_the_same() {
    let mut plan = plan(Objective::Sharpe, SamplerKind::CmaEs, 2);
    let one = tuned(&plan, 0.01, "jobs");
    plan.jobs = 5;
    assert!(tuned(&plan, 0.01, "jobs") == one);
}

#[test]
fn nothing_to_judge_is_an_error_that_says_why() {
    let mut plan = plan(Objective::Sharpe, SamplerKind::Random, 1);
    plan.fills_min = 100;
    let path = std::env::temp_dir().join(format!("tune-nothing-{}", std::process::id()));
    let said = plan.run(&Days { edge: 0.0 }, &path, &mut |_| ()).err();
    std::fs::remove_file(&path).expect("removed");
    let said = said.expect("an error").to_string();
    assert!(said.contains("none of 80 trials") && said.contains("99 fills; 100"), "{said}");
}

#[test]
fn the_page_is_whole_and_refers_to_nothing_outside() {
    for (objective, sampler) in
        [(Objective::Sharpe, SamplerKind::Tpe), (Objective::Multi, SamplerKind::Nsga2)]
    {
        let plan = plan(objective, sampler, 2);
        let (tuned, trials) = tuned(&plan, 0.01, "page");
        let text = page(&tuned, &plan.space, &trials, ("A <tuning> & more", 0)).expect("drawn");
        let document = text.strip_prefix("<!DOCTYPE html>\n").expect("its type");
        let document = roxmltree::Document::parse(document).expect("well-formed");
        let count = |tag: &str| document.descendants().filter(|one| one.has_tag_name(tag)).count();
        let name = |tag: &'static str| ("http://www.w3.org/2000/svg", tag);
        let pictures = document.descendants().filter(|one| one.has_tag_name(name("svg"))).count();
        assert!(count("script") == 0 && count("link") == 0 && count("img") == 0);
        assert!(pictures >= 6 || count("svg") >= 6, "{pictures} pictures");
        let outside = document.descendants().flat_map(|one| one.attributes());
        let outside = outside.filter(|one| matches!(one.name(), "src" | "href"));
        assert_eq!(outside.count(), 0);
        assert!(text.contains("A &lt;tuning&gt; &amp; more"));
        if let Some(folder) = std::env::var_os("TUNE_PAGE") {
            let path = std::path::Path::new(&folder).join(format!("{}.html", objective.name()));
            std::fs::write(path, &text).expect("written");
        }
    }
}
