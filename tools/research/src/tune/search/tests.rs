//! Searches: the same for any number of jobs, resumed as if never cut off, cut short by rule.

use super::*;
use crate::tune::sampler::SamplerKind;
use crate::tune::study::{Head, StudyFile};
use std::sync::atomic::{AtomicUsize, Ordering};

const SPACE: &str = "[\"a\"]\nlow = 0.0\nhigh = 1.0\npoints = 9\n[\"b\"]\nlow = 1\nhigh = 9\n\
                     [\"c\"]\nchoice = [\"x\", \"y\"]";

/// A formula instead of a market: best at a = 0.3, b = 4, c = y. Some of it fails.
struct Formula {
    runs: AtomicUsize,
    slow: bool,
}

impl Formula {
    fn new(slow: bool) -> Self {
        Self { runs: AtomicUsize::new(0), slow }
    }
}

impl Ground for Formula {
    fn run(&self, values: &[Value], stretch: Stretch, _luck: Luck) -> Result<Outcome, String> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let [Value::Float(a), Value::Int(b), Value::Text(c)] = values else {
            return Err(format!("{values:?}"));
        };
        if self.slow {
            // Trials of very different length overtake each other.
            let spins = (a * 40_000.0) as u64 + *b as u64 * 1_000;
            std::hint::black_box((0..spins).fold(0_u64, |sum, one| sum ^ one));
            std::thread::yield_now();
        }
        if *a > 0.95 {
            return Err("too far".to_owned());
        }
        if *a > 0.94 {
            panic!("a fault");
        }
        let miss = (a - 0.3).powi(2) + (*b as f64 - 4.0).powi(2) / 50.0;
        let sharpe = 1.0 - miss - f64::from(u8::from(c == "x")) / 3.0;
        let returns = (0..4).map(|at| sharpe * f64::from(at) / 3.0 + stretch.from as f64).collect();
        let metrics = [("sharpe", sharpe + stretch.from as f64 * 1e-3), ("fills", 40.0)];
        let metrics = metrics.map(|(name, value)| (name.to_owned(), value)).into();
        Ok(Outcome { metrics, returns, trades: Vec::new() })
    }
}

fn search<'a>(space: &'a Space, ground: &'a Formula, trials: usize, jobs: usize) -> Search<'a> {
    Search {
        space,
        ground,
        objective: Objective::Sharpe,
        pruning: Pruning::Median,
        stretch: Stretch { from: 0, to: 40 },
        parts: 4,
        fills_min: 10,
        trials,
        jobs,
        fold: 0,
    }
}

fn head(space: &Space, kind: SamplerKind) -> Head {
    Head {
        peregrine_study: Head::VERSION,
        sampler: kind,
        seed: 5,
        objective: Objective::Sharpe,
        pruning: Pruning::Median,
        parts: 4,
        fills_min: 10,
        train: vec![Stretch { from: 0, to: 40 }],
        trials: None,
        config: "abc".to_owned(),
        tapes: vec!["tape".to_owned()],
        space: space.clone(),
    }
}

/// A folder of one test, gone after it.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tune-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("removed");
    }
}

/// Runs a search into a study file and gives its bytes, with how many trials were known.
fn study(path: &std::path::Path, kind: SamplerKind, trials: usize, jobs: usize) -> (String, usize) {
    let space = Space::parse(SPACE).expect("a space");
    let ground = Formula::new(jobs > 1);
    let (mut file, known) = StudyFile::open(path, &head(&space, kind)).expect("a study");
    let count = known.len();
    let sampler = kind.build(&space, 1, 5).expect("a sampler");
    let done = search(&space, &ground, trials, jobs)
        .run(sampler, known, &mut |trial| file.add(trial))
        .expect("a search");
    assert_eq!(done.len(), trials);
    (std::fs::read_to_string(path).expect("a study"), count)
}

#[test]
fn any_number_of_jobs_writes_the_same_study() {
    let folder = Folder::new("jobs");
    for (name, kind) in SamplerKind::NAMES {
        let one = study(&folder.0.join(format!("{name}.1")), kind, 60, 1).0;
        assert_eq!(one.lines().count(), 61, "{name}");
        for jobs in [2, 7] {
            let many = study(&folder.0.join(format!("{name}.{jobs}")), kind, 60, jobs).0;
            assert!(one == many, "{name}: {jobs} jobs differ");
        }
    }
}

#[test]
fn a_search_goes_on_as_if_never_cut_off() {
    let folder = Folder::new("resume");
    for (name, kind) in SamplerKind::NAMES {
        let whole = study(&folder.0.join(format!("{name}.whole")), kind, 60, 1).0;
        let path = folder.0.join(format!("{name}.cut"));
        study(&path, kind, 23, 2);
        // The last line is torn in the middle, as a killed process leaves it.
        let text = std::fs::read_to_string(&path).expect("a study");
        std::fs::write(&path, &text[..text.len() - 17]).expect("torn");
        let (again, known) = study(&path, kind, 60, 2);
        assert_eq!(known, 22, "{name}");
        assert!(again == whole, "{name}: differs");
        assert_eq!(study(&path, kind, 60, 1), (whole, 60), "{name}: nothing is left to do");
    }
}

#[test]
fn a_study_of_something_else_is_refused() {
    let folder = Folder::new("other");
    let path = folder.0.join("study");
    study(&path, SamplerKind::Random, 5, 1);
    let space = Space::parse(SPACE).expect("a space");
    let refused = |head: &Head| {
        StudyFile::open(&path, head).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(refused(&head(&space, SamplerKind::Random)), "");
    let said = refused(&head(&space, SamplerKind::Tpe));
    assert!(said.contains("another sampler (\"random\", now \"tpe\")"), "{said}");
    let other = Space::parse("[\"a\"]\nlow = 0.0\nhigh = 2.0").expect("a space");
    assert!(refused(&head(&other, SamplerKind::Random)).contains("another space"));
    let mut seeded = head(&space, SamplerKind::Random);
    seeded.seed = 6;
    assert!(refused(&seeded).contains("another seed (5, now 6)"));
    std::fs::write(&path, "{}\n").expect("written");
    assert!(refused(&head(&space, SamplerKind::Random)).contains("another"));
    std::fs::write(&path, "no study\n").expect("written");
    assert!(refused(&head(&space, SamplerKind::Random)).contains("line 1: not the head"));
}

#[test]
fn a_study_that_was_edited_is_refused() {
    let folder = Folder::new("edited");
    let path = folder.0.join("study");
    let text = study(&path, SamplerKind::Random, 5, 1).0;
    std::fs::write(&path, text.replace("\"trial\":3", "\"trial\":4")).expect("written");
    let space = Space::parse(SPACE).expect("a space");
    let (_, known) = StudyFile::open(&path, &head(&space, SamplerKind::Random)).expect("a study");
    let ground = Formula::new(false);
    let sampler = SamplerKind::Random.build(&space, 1, 5).expect("a sampler");
    let ran = search(&space, &ground, 9, 1).run(sampler, known, &mut |_| Ok(()));
    assert!(matches!(ran, Err(Stop::Foreign(3))), "{ran:?}");
}

#[test]
fn pruning_saves_runs_and_keeps_the_best() {
    let space = Space::parse(SPACE).expect("a space");
    let best = |pruning| {
        let ground = Formula::new(false);
        let sampler = SamplerKind::Random.build(&space, 1, 5).expect("a sampler");
        let mut search = search(&space, &ground, 120, 2);
        search.pruning = pruning;
        let done = search.run(sampler, Vec::new(), &mut |_| Ok(())).expect("a search");
        let whole = done.iter().filter_map(|trial| Some((trial.told()?[0], trial.trial)));
        let best = whole.max_by(|a, b| a.0.total_cmp(&b.0)).expect("one whole");
        (best, ground.runs.load(Ordering::Relaxed))
    };
    let (want, all) = best(Pruning::None);
    for (pruning, most) in [(Pruning::Median, 7), (Pruning::Halving, 6)] {
        let (found, runs) = best(pruning);
        assert_eq!(found, want, "{pruning:?}");
        assert!(runs * 10 < all * most, "{pruning:?}: {runs} runs, {all} without");
    }
}

#[test]
fn faults_and_too_few_fills_fail_a_trial() {
    let space = Space::parse(SPACE).expect("a space");
    let ground = Formula::new(false);
    let done = |fills_min| {
        let sampler = SamplerKind::Random.build(&space, 1, 5).expect("a sampler");
        let mut search = search(&space, &ground, 200, 3);
        search.fills_min = fills_min;
        search.run(sampler, Vec::new(), &mut |_| Ok(())).expect("a search")
    };
    let errors: std::collections::BTreeSet<String> =
        done(10).into_iter().filter_map(|trial| trial.error).collect();
    let want = ["the run ended in a fault of Peregrine", "too far"];
    assert_eq!(errors.iter().map(String::as_str).collect::<Vec<_>>(), want);
    assert!(done(41).iter().all(|trial| trial.ended == Ended::Failed));
}

#[test]
fn whoever_is_told_can_stop_the_search() {
    let space = Space::parse(SPACE).expect("a space");
    let ground = Formula::new(true);
    let sampler = SamplerKind::Random.build(&space, 1, 5).expect("a sampler");
    let mut count = 0;
    let ran = search(&space, &ground, 1_000, 2).run(sampler, Vec::new(), &mut |_| {
        count += 1;
        let error = std::io::Error::other("full");
        if count < 9 { Ok(()) } else { Err(StudyError::Io { path: "study".into(), error }) }
    });
    assert!(matches!(ran, Err(Stop::Told(_))));
    assert_eq!(count, 9);
}
