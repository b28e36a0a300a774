//! What the venue's error numbers mean for an order: a definite no, or an open outcome.

use crate::wire::{Hear, Heard, Refusal, Verdict};
use engine::event::Reason;

/// An error as an answer holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault<'a> {
    /// Status of the answer, as of HTTP.
    pub status: u16,
    /// The venue's number; 0 when it gave none.
    pub code: i32,
    /// Its words.
    pub text: &'a str,
    /// When requests are taken again, ms since 1970; 0 when not said.
    pub retry_ms: u64,
}

impl Fault<'_> {
    /// What it means for the request, and tells what it means for the session.
    pub fn verdict<H: Hear>(&self, sink: &mut H) -> Verdict {
        if matches!(self.status, 418 | 429 | 403) || self.code == -1003 {
            let banned = self.status == 418;
            sink.hear(Heard::Limited { until_ms: self.retry_ms, banned });
            return self.refused(Reason::RateLimit);
        }
        if self.is_open() {
            return Verdict::Unknown { code: self.code };
        }
        match self.code {
            // The venue tells that the connection or its key is no good, which is not this
            // request's affair alone.
            -1022 | -2014 | -2015 => sink.hear(Heard::AuthRefused { code: self.code }),
            -1021 => sink.hear(Heard::ClockSkew),
            _ => {}
        }
        self.refused(self.reason())
    }

    /// Whether the request may have been executed all the same. A duplicate means that an order
    /// of this name is at the venue: what became of it has to be asked.
    pub fn is_open(&self) -> bool {
        let duplicate = self.code == -2010 && self.reason() == Reason::Duplicate;
        duplicate
            || matches!(self.code, -1000 | -1001 | -1006 | -1007)
            || self.status >= 500 && self.code != -1008
            || self.code == 0
    }

    /// Why it was refused, in our words.
    pub fn reason(&self) -> Reason {
        match self.code {
            -2010 | -2011 => self.reason_by_text(),
            -2013 | -2026 => Reason::UnknownOrder,
            -1013 | -1111 => Reason::Filter,
            -1003 | -1008 | -1015 => Reason::RateLimit,
            -1021 => Reason::Timestamp,
            -1022 | -2014 | -2015 => Reason::Auth,
            -2021 | -2022 => Reason::Other,
            _ => Reason::Other,
        }
    }

    fn reason_by_text(&self) -> Reason {
        let says = |words: &str| self.text.contains(words);
        if says("immediately match") {
            Reason::WouldTake
        } else if says("insufficient balance") {
            Reason::Balance
        } else if says("Duplicate order") {
            Reason::Duplicate
        } else if says("Unknown order") {
            Reason::UnknownOrder
        } else if says("Market is closed") || says("market is closed") {
            Reason::Closed
        } else if says("Filter failure") {
            Reason::Filter
        } else {
            Reason::Other
        }
    }

    fn refused(&self, reason: Reason) -> Verdict {
        Verdict::Refused(Refusal { reason, code: self.code })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, code: i32, text: &str, expect: &str) {
        let mut heard = Vec::new();
        let fault = Fault { status, code, text, retry_ms: 7 };
        let verdict = fault.verdict(&mut |what| heard.push(what));
        let shown = match verdict {
            Verdict::Refused(refusal) => format!("refused {:?}", refusal.reason),
            Verdict::Unknown { .. } => "unknown".to_owned(),
            other => format!("{other:?}"),
        };
        let heard: String = heard
            .iter()
            .map(|what| match what {
                Heard::Limited { until_ms, banned } => format!(" limited {until_ms} {banned}"),
                Heard::ClockSkew => " skew".to_owned(),
                Heard::AuthRefused { .. } => " auth".to_owned(),
                other => format!(" {other:?}"),
            })
            .collect();
        assert_eq!(format!("{shown}{heard}"), expect, "{status} {code} {text}");
    }

    #[test]
    fn every_documented_number_has_its_meaning() {
        for code in [-1000, -1001, -1006, -1007] {
            check(400, code, "", "unknown");
        }
        check(500, -1, "", "unknown");
        check(503, -1008, "busy", "refused RateLimit");
        check(400, 0, "no number", "unknown");
        check(429, -1003, "", "refused RateLimit limited 7 false");
        check(418, -1003, "", "refused RateLimit limited 7 true");
        check(403, 0, "", "refused RateLimit limited 7 false");
        check(400, -1015, "", "refused RateLimit");
        check(400, -1021, "", "refused Timestamp skew");
        check(401, -1022, "", "refused Auth auth");
        check(401, -2014, "", "refused Auth auth");
        check(401, -2015, "", "refused Auth auth");
        check(400, -1013, "Filter failure: LOT_SIZE", "refused Filter");
        check(400, -1111, "", "refused Filter");
        for code in [-1102, -1106, -1116, -1117, -1121, -1130] {
            check(400, code, "", "refused Other");
        }
        let take = "Order would immediately match and take.";
        check(400, -2010, take, "refused WouldTake");
        let poor = "Account has insufficient balance for requested action.";
        check(400, -2010, poor, "refused Balance");
        check(400, -2010, "Duplicate order sent.", "unknown");
        check(400, -2010, "Market is closed.", "refused Closed");
        check(400, -2011, "Unknown order sent.", "refused UnknownOrder");
        let held = "Order was not canceled due to cancel restrictions.";
        check(400, -2011, held, "refused Other");
        check(400, -2013, "Order does not exist.", "refused UnknownOrder");
        check(400, -2026, "archived", "refused UnknownOrder");
    }
}
