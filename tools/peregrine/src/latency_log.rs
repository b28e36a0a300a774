//! Latency in HdrHistogram's log format: one line a stage and interval, readable by its own tools.

use crate::exit::Failure;
use crate::latency::Stages;
use hdrhistogram::serialization::V2Serializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A log that grows by an interval at a time.
#[derive(Debug)]
pub struct LatencyLog {
    path: PathBuf,
    file: File,
    began: Instant,
    interval_at: Instant,
    every: Duration,
}

impl LatencyLog {
    /// Begins a new file with the format's header.
    pub fn begin(path: &Path, every: Duration) -> Result<Self, Failure> {
        let failed = |error| Failure::error(format!("cannot write {}: {error}", path.display()));
        let mut head = Vec::new();
        let mut serializer = V2Serializer::new();
        let now = SystemTime::now();
        IntervalLogWriterBuilder::new()
            .add_comment("Peregrine: latency by stage, ns")
            .with_start_time(now)
            .with_base_time(now)
            .begin_log_with(&mut head, &mut serializer)
            .map_err(failed)?;
        let mut file = File::create(path).map_err(failed)?;
        file.write_all(&head).map_err(failed)?;
        let began = Instant::now();
        Ok(Self { path: path.to_owned(), file, began, interval_at: began, every })
    }

    /// Whether an interval has passed.
    pub fn is_due(&self) -> bool {
        self.interval_at.elapsed() >= self.every
    }

    /// Writes what was recorded since the last interval; stages without a record are left out.
    pub fn write(&mut self, stages: &Stages) -> Result<(), Failure> {
        let path = self.path.display().to_string();
        let failed = |why: String| Failure::error(format!("cannot write {path}: {why}"));
        let start = self.interval_at - self.began;
        let span = self.interval_at.elapsed();
        self.interval_at = Instant::now();
        let mut lines = Vec::new();
        let mut serializer = V2Serializer::new();
        let mut writer = IntervalLogWriterBuilder::new()
            .begin_log_with(&mut lines, &mut serializer)
            .map_err(|error| failed(error.to_string()))?;
        for (name, histogram) in stages.named().filter(|(_, one)| !one.is_empty()) {
            writer
                .write_histogram(histogram, start, span, Tag::new(name))
                .map_err(|error| failed(error.to_string()))?;
        }
        drop(writer);
        self.file.write_all(&lines).map_err(|error| failed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::{Scale, pair};
    use engine::time::{Nanos, Stage, Trace as _};
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    #[test]
    fn what_is_logged_is_read_back_by_the_formats_own_reader() {
        let directory = std::env::temp_dir().join(format!("peregrine-log-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("latency.hlog");
        let scale = Scale { span_max: Nanos::from_s(60), digits: 3 };
        let (mut probe, mut tally) = pair(1, scale);
        let mut log = LatencyLog::begin(&path, Duration::ZERO).unwrap();
        for interval in 1..=2_u64 {
            probe.record(Stage::Encode, Nanos(interval * 1000));
            probe.rotate();
            tally.collect();
            let mut sum = Stages::new(scale);
            tally.drain(&mut sum);
            assert!(log.is_due());
            log.write(&sum).unwrap();
        }
        let text = std::fs::read(&path).unwrap();
        let mut maxima = Vec::new();
        for entry in IntervalLogIterator::new(&text) {
            let Ok(LogEntry::Interval(entry)) = entry else { continue };
            assert_eq!(entry.tag().unwrap().as_str(), "encode");
            let bytes = base64::Engine::decode(
                &base64::engine::general_purpose::STANDARD,
                entry.encoded_histogram(),
            );
            let histogram: hdrhistogram::Histogram<u64> =
                Deserializer::new().deserialize(&mut bytes.unwrap().as_slice()).unwrap();
            maxima.push(histogram.max());
        }
        assert_eq!(maxima, [1000, 2000]);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
