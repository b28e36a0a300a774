//! Recorded latencies of orders: when each was asked, when the venue had it, when we were told.
//!
//! Between two rows the latency is interpolated; before the first and after the last it is theirs.
//! A row without a time of the venue is a request that its gates refused: requests between it and a
//! neighbour are refused as well, and answers are read from the other rows only.

use super::latency::Trip;
use engine::time::Nanos;

/// One recorded request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderTimes {
    /// When we asked, ns.
    pub asked: i64,
    /// When the venue had it, ns; 0 and less when it refused it.
    pub taken: i64,
    /// When we had the answer, ns.
    pub told: i64,
}

/// What is wrong with recorded latencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimesError {
    /// None that the venue took.
    #[error("no recorded order was taken by the venue; record some that were")]
    Empty,
    /// Times that run backwards.
    #[error("row {row}: it was asked, taken or told before the one that must come first")]
    Backwards {
        /// Its place among the rows, from 1 on.
        row: usize,
    },
}

/// Rows in order, and of those that were taken the order in which they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// By `asked`.
    rows: Vec<OrderTimes>,
    /// Time of the venue and latency of the answer, by the former.
    answers: Vec<(i64, i64)>,
}

/// Where a reader of recorded rows is; time only goes forward.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor(usize);

impl Recorded {
    /// Rows in any order, as if the venue were `farther_ns` farther away, each way.
    pub fn new(rows: &[OrderTimes], farther_ns: i64) -> Result<Self, TimesError> {
        let mut rows = rows.to_vec();
        for (place, row) in rows.iter_mut().enumerate() {
            row.told = row.told.saturating_add(farther_ns.saturating_mul(2));
            if row.taken > 0 {
                row.taken = row.taken.saturating_add(farther_ns);
            }
            let is_straight = match row.taken > 0 {
                true => row.asked <= row.taken && row.taken <= row.told,
                false => row.asked <= row.told,
            };
            if !is_straight {
                return Err(TimesError::Backwards { row: place + 1 });
            }
        }
        rows.sort_by_key(|row| row.asked);
        let taken = rows.iter().filter(|row| row.taken > 0);
        let mut answers: Vec<_> = taken.map(|row| (row.taken, row.told - row.taken)).collect();
        answers.sort_unstable();
        if answers.is_empty() { Err(TimesError::Empty) } else { Ok(Self { rows, answers }) }
    }

    /// What becomes of a request of this time.
    pub fn entry(&self, at: Nanos, cursor: &mut Cursor) -> Trip {
        let at = i64::try_from(at.0).unwrap_or(i64::MAX);
        let (first, second) = around(&self.rows, at, cursor, |row| row.asked);
        let Some(second) = second else { return alone(first) };
        if first.taken <= 0 || second.taken <= 0 {
            let of = |row: &OrderTimes| (row.asked, row.told - row.asked);
            return Trip::Refused(between(at, of(first), of(second)));
        }
        let of = |row: &OrderTimes| (row.asked, row.taken - row.asked);
        Trip::Arrives(between(at, of(first), of(second)))
    }

    /// How long the answer to something of this time takes.
    pub fn response(&self, at: Nanos, cursor: &mut Cursor) -> Nanos {
        let at = i64::try_from(at.0).unwrap_or(i64::MAX);
        let (first, second) = around(&self.answers, at, cursor, |row| row.0);
        second.map_or(span(first.1), |second| between(at, *first, *second))
    }
}

/// The row at or before a time and the one after it; one alone outside of all rows.
fn around<'a, T>(
    rows: &'a [T],
    at: i64,
    cursor: &mut Cursor,
    time: impl Fn(&T) -> i64,
) -> (&'a T, Option<&'a T>) {
    if at < time(&rows[0]) {
        return (&rows[0], None);
    }
    while rows.get(cursor.0 + 1).is_some_and(|next| time(next) <= at) {
        cursor.0 += 1;
    }
    (&rows[cursor.0], rows.get(cursor.0 + 1))
}

fn alone(row: &OrderTimes) -> Trip {
    match row.taken > 0 {
        true => Trip::Arrives(span(row.taken - row.asked)),
        false => Trip::Refused(span(row.told - row.asked)),
    }
}

/// y1 + (y2 - y1) / (x2 - x1) (x - x1), the second part cut off.
fn between(x: i64, (x1, y1): (i64, i64), (x2, y2): (i64, i64)) -> Nanos {
    let part = (y2 - y1) as f64 / (x2 - x1) as f64 * (x - x1) as f64;
    span(y1 + part as i64)
}

fn span(ns: i64) -> Nanos {
    Nanos(ns.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(asked: i64, taken: i64, told: i64) -> OrderTimes {
        OrderTimes { asked, taken, told }
    }

    fn read(rows: &[OrderTimes], farther: i64, times: &[u64]) -> (Vec<Trip>, Vec<u64>) {
        let recorded = Recorded::new(rows, farther).unwrap();
        let (mut entry, mut response) = (Cursor::default(), Cursor::default());
        let trips = times.iter().map(|at| recorded.entry(Nanos(*at), &mut entry)).collect();
        let answers = times.iter().map(|at| recorded.response(Nanos(*at), &mut response).0);
        (trips, answers.collect())
    }

    #[test]
    fn latencies_lie_between_those_of_the_neighbours() {
        let rows = [row(1_000, 1_100, 1_300), row(2_000, 2_300, 2_700)];
        let (trips, answers) = read(&rows, 0, &[500, 1_000, 1_500, 1_700, 2_300, 9_000]);
        let arrives = [100, 100, 200, 240, 300, 300].map(|ns| Trip::Arrives(Nanos(ns)));
        assert_eq!(trips, arrives);
        assert_eq!(answers, [200, 200, 266, 300, 400, 400]);
        let (trips, answers) = read(&rows, 50, &[500, 9_000]);
        assert_eq!(trips, [150, 350].map(|ns| Trip::Arrives(Nanos(ns))));
        assert_eq!(answers, [250, 450]);
    }

    #[test]
    fn a_refused_row_refuses_its_neighbourhood_and_leaves_answers_alone() {
        let rows = [row(1_000, 1_100, 1_300), row(2_000, 0, 2_800), row(3_000, 3_100, 3_300)];
        // With the venue farther away, the refused row is still known as one.
        for farther in [0, 50] {
            let (trips, answers) = read(&rows, farther, &[1_500, 2_500, 3_000]);
            let far = farther.unsigned_abs();
            assert_eq!(trips[0], Trip::Refused(Nanos(550 + 2 * far)));
            assert_eq!(trips[1], Trip::Refused(Nanos(550 + 2 * far)));
            assert_eq!(trips[2], Trip::Arrives(Nanos(100 + far)));
            assert_eq!(answers, [200 + far; 3], "milliseconds, not seconds");
        }
    }

    #[test]
    fn rows_that_cannot_be_are_refused() {
        let new = |rows: &[OrderTimes]| Recorded::new(rows, 0).err();
        assert_eq!(new(&[]), Some(TimesError::Empty));
        assert_eq!(new(&[row(1, 0, 5)]), Some(TimesError::Empty));
        let backwards = [row(1, 2, 3), row(5, 4, 9)];
        assert_eq!(new(&backwards), Some(TimesError::Backwards { row: 2 }));
    }
}
