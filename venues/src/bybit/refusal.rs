//! What the venue's return codes mean for a request: a definite no, or an open outcome.

use crate::wire::{Hear, Heard, Refusal, Verdict};
use engine::event::Reason;

/// How long nothing is sent after a limit of the address or the session, ms.
const PAUSE_MS: u64 = 1_000;
/// How long an address is shut out after too many requests over HTTP, ms.
const SHUT_OUT_MS: u64 = 600_000;

/// What a code other than 0 means for the request, and tells what it means for the session.
/// `status` is that of HTTP, 200 over WebSocket.
pub(super) fn verdict<H: Hear>(code: i32, status: u16, sink: &mut H) -> Verdict {
    match (code, status) {
        (_, 403) => {
            sink.hear(Heard::Limited { until_ms: SHUT_OUT_MS, banned: true });
            return refused(Reason::RateLimit, code);
        }
        (0, _) => return Verdict::Unknown { code: i32::from(status) },
        // The address or the session; a limit of its own kind is told beside the answer.
        (10403 | 20003, _) => sink.hear(Heard::Limited { until_ms: PAUSE_MS, banned: false }),
        (10019, _) => sink.hear(Heard::Closing),
        (10002, _) => sink.hear(Heard::ClockSkew),
        (10003 | 10004 | 10005 | 10007 | 10010 | 33004 | -2015, _) => {
            sink.hear(Heard::AuthRefused { code });
        }
        _ => {}
    }
    if is_open(code) {
        return Verdict::Unknown { code };
    }
    refused(reason(code), code)
}

/// Whether the request may have been carried out all the same. A duplicate means that the first one
/// of this name lives: what became of it has to be asked.
const fn is_open(code: i32) -> bool {
    matches!(
        code,
        10000 | 10016 | 10019 | 10429 | 170001 | 170007 | 170032 | 170146 | 170147 | 20006
    ) || matches!(reason(code), Reason::Duplicate)
}

/// Why it was refused, in our words.
const fn reason(code: i32) -> Reason {
    match code {
        10002 => Reason::Timestamp,
        10003 | 10004 | 10005 | 10007 | 10010 | 33004 | -2015 => Reason::Auth,
        10006 | 20003 | 10403 | 170005 | 170222 => Reason::RateLimit,
        // The last two: it is being worked on, and may be changed in a moment.
        110079 | 40004 => Reason::RateLimit,
        10014 | 110072 | 170141 => Reason::Duplicate,
        110001 | 170213 | 170143 | 110008 | 110010 | 170139 | 170142 | 170190 | 110064 | 170313 => {
            Reason::UnknownOrder
        }
        110003
        | 110120
        | 110121
        | 30208
        | 30209
        | 170132
        | 170133
        | 170192..=170194
        | 170371
        | 170372
        | 110094
        | 170134
        | 170136
        | 170137
        | 170140
        | 170381
        | 170382
        | 110020
        | 170810
        | 110009 => Reason::Filter,
        110004 | 110006 | 110007 | 110012 | 110044 | 110045 | 110052 | 170033 | 170131 => {
            Reason::Balance
        }
        110021 | 110023 | 110042 | 110063 | 110066 | 110074 | 170151 | 30228 => Reason::Closed,
        110103 | 170217 | 170218 => Reason::WouldTake,
        // Reduce-only among them.
        _ => Reason::Other,
    }
}

const fn refused(reason: Reason, code: i32) -> Verdict {
    Verdict::Refused(Refusal { reason, code })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: i32, expect: &str) {
        let mut heard = Vec::new();
        let verdict = verdict(code, 200, &mut |what| heard.push(what));
        let shown = match verdict {
            Verdict::Refused(refusal) => format!("{:?}", refusal.reason),
            other => format!("{other:?}"),
        };
        let heard: String = heard.iter().map(|what| format!(" {what:?}")).collect();
        assert_eq!(format!("{shown}{heard}"), expect, "{code}");
    }

    #[test]
    fn every_documented_code_has_its_meaning() {
        for code in [10000, 10016, 10429, 170001, 170007, 170032, 170146, 170147, 20006] {
            check(code, &format!("Unknown {{ code: {code} }}"));
        }
        check(10019, "Unknown { code: 10019 } Closing");
        for code in [10014, 110072, 170141] {
            check(code, &format!("Unknown {{ code: {code} }}"));
        }
        check(10002, "Timestamp ClockSkew");
        for code in [10003, 10004, 10005, 10007, 10010, 33004] {
            check(code, &format!("Auth AuthRefused {{ code: {code} }}"));
        }
        for code in [10006, 170005, 170222, 110079] {
            check(code, "RateLimit");
        }
        check(20003, "RateLimit Limited { until_ms: 1000, banned: false }");
        for code in [110001, 170213, 170143, 110008, 110010, 170139, 170142, 170190] {
            check(code, "UnknownOrder");
        }
        for code in [110003, 170193, 170140, 110094, 110020, 170810] {
            check(code, "Filter");
        }
        for code in [110004, 110007, 110012, 170033, 170131] {
            check(code, "Balance");
        }
        check(110103, "WouldTake");
        check(30228, "Closed");
        check(10001, "Other");
        check(0, "Unknown { code: 200 }");
    }
}
