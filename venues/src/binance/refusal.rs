//! What the venue's error numbers mean for an order: a definite no, or an open outcome.

use crate::json::{number, signed, text};
use crate::wire::{Hear, Heard, Refusal, Verdict};
use engine::event::Reason;
use simd_json::tape::Value;

/// An error as an answer holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault<'a> {
    /// Status of the answer, as of HTTP.
    pub status: u16,
    /// The venue's number; 0 when it gave none.
    pub code: i32,
    /// Its words.
    pub text: &'a str,
    /// When requests are taken again, ms since 1970; 0 when not said.
    pub retry_ms: u64,
}

impl<'i> Fault<'i> {
    /// From the error object of an answer.
    pub fn read(status: u16, error: Option<Value<'_, 'i>>, retry_ms: u64) -> Self {
        let mut fault = Self { status, code: 0, text: "", retry_ms };
        let Some(fields) = error.and_then(|error| error.as_object()) else { return fault };
        for (key, value) in fields.iter() {
            match key {
                "code" => {
                    fault.code = signed(value).and_then(|c| i32::try_from(c).ok()).unwrap_or(0);
                }
                "msg" => fault.text = text(value).unwrap_or(""),
                "data" => {
                    let retry = value.as_object().and_then(|data| data.get("retryAfter"));
                    fault.retry_ms = retry.and_then(number).unwrap_or(fault.retry_ms);
                }
                _ => {}
            }
        }
        fault
    }

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
            -1022 | -2014 | -2015 | -2017 | -1109 => {
                sink.hear(Heard::AuthRefused { code: self.code });
            }
            -1021 | -5028 => sink.hear(Heard::ClockSkew),
            _ => {}
        }
        self.refused(self.reason())
    }

    /// Whether the request may have been executed all the same. A duplicate means that an order
    /// of this name is at the venue: what became of it has to be asked.
    pub fn is_open(&self) -> bool {
        let duplicate = self.reason() == Reason::Duplicate;
        let says = |words: &str| self.text.contains(words);
        // In so many words, the venue did nothing.
        let shut = self.status == 503 && (says("Service Unavailable") || says("Internal error"));
        duplicate
            || matches!(self.code, -1000 | -1001 | -1006 | -1007)
            || self.status >= 500 && self.code != -1008 && !shut
            || self.code == 0 && !shut
    }

    /// Why it was refused, in our words.
    pub fn reason(&self) -> Reason {
        match self.code {
            -2010 | -2011 => self.reason_by_text(),
            -2013 | -2026 => Reason::UnknownOrder,
            -4116 => Reason::Duplicate,
            -1013
            | -1111
            | -4003..=-4001
            | -4005
            | -4004
            | -4013
            | -4014
            | -4016
            | -4023
            | -4024
            | -4131
            | -4164
            | -5029 => Reason::Filter,
            // The last one: a change of the order is under way already.
            -1003 | -1008 | -1015 | -5043 => Reason::RateLimit,
            -1021 | -5028 => Reason::Timestamp,
            -1022 | -2014 | -2015 | -2017 | -1109 => Reason::Auth,
            -2018 | -2019 | -2027 | -2028 => Reason::Balance,
            -5022 => Reason::WouldTake,
            -5021 => Reason::Expired,
            -1122
            | -4087
            | -4088
            | -4107..=-4105
            | -4140
            | -4141
            | -4189
            | -4192
            | -4400
            | -4401 => Reason::Closed,
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
        check(503, -1, "Service Unavailable.", "refused Other");
        check(503, 0, "Unknown error, please check your request or try again later.", "unknown");
    }

    #[test]
    fn numbers_of_usdm_have_theirs() {
        check(400, -4116, "ClientOrderId is duplicated.", "unknown");
        check(400, -5028, "", "refused Timestamp skew");
        check(400, -2017, "", "refused Auth auth");
        check(400, -5022, "", "refused WouldTake");
        check(400, -5021, "", "refused Expired");
        check(400, -5043, "", "refused RateLimit");
        for code in [-2018, -2019, -2027, -2028] {
            check(400, code, "", "refused Balance");
        }
        for code in [-4003, -4004, -4005, -4014, -4023, -4164, -5029] {
            check(400, code, "", "refused Filter");
        }
        for code in [-4140, -4141, -1122, -4106, -4192, -4400] {
            check(400, code, "", "refused Closed");
        }
        for code in [-2022, -4118, -4061, -5024, -5026, -5027] {
            check(400, code, "", "refused Other");
        }
    }
}
