//! What the venue's codes mean for a request: a definite no, or an open outcome.

use crate::wire::{Hear, Heard, Refusal, Verdict};
use engine::event::Reason;

/// How long nothing is sent after a limit was passed, ms: they are counted over two seconds.
const PAUSE_MS: u64 = 2_000;

/// What a code other than 0 means for the request, and tells what it means for the session.
/// `status` is that of HTTP, 200 over WebSocket; `text` is the venue's own.
pub(super) fn verdict<H: Hear>(code: i32, (status, text): (u16, &str), sink: &mut H) -> Verdict {
    match (code, status) {
        (0, 429) => {
            sink.hear(Heard::Limited { until_ms: PAUSE_MS, banned: false });
            return refused(Reason::RateLimit, 429);
        }
        (0, _) => return Verdict::Unknown { code: i32::from(status) },
        // Of the address or the connection. A limit of orders alone leaves cancels free.
        (50011 | 50040 | 60014, _) => {
            sink.hear(Heard::Limited { until_ms: PAUSE_MS, banned: false });
        }
        (50102 | 50112 | 60004 | 60006, _) => sink.hear(Heard::ClockSkew),
        _ if is_auth(code) => sink.hear(Heard::AuthRefused { code }),
        _ => {}
    }
    if is_open(code, text) {
        return Verdict::Unknown { code };
    }
    refused(reason(code), code)
}

/// Whether key, passphrase, address or signature is refused.
pub(super) const fn is_auth(code: i32) -> bool {
    matches!(
        code,
        50101 | 50103
            ..=50105
                | 50110
                | 50111
                | 50113
                | 50114
                | 50119
                | 60005
                | 60007
                | 60009
                | 60024
                | 60032
    )
}

/// Whether the request may have been carried out all the same. A duplicate means that the first one
/// of this name lives: what became of it has to be asked. Some call that a bad parameter.
fn is_open(code: i32, text: &str) -> bool {
    let again = code == 51000 && text.contains("clOrdId");
    again
        || matches!(
            code,
            50001 | 50004 | 50005 | 50013 | 50026 | 51149 | 51412 | 63999 | 51016 | 51011
        )
}

/// Why it was refused, in our words.
const fn reason(code: i32) -> Reason {
    match code {
        50102 | 50112 | 60004 | 60006 => Reason::Timestamp,
        _ if is_auth(code) => Reason::Auth,
        // The last one: enough changes of the order are under way.
        50011 | 50040 | 60014 | 50061 | 51410 | 51512 | 51513 => Reason::RateLimit,
        51006
        | 51116
        | 51122
        | 51136..=51138
        | 51004
        | 51101
        | 51102
        | 51104..=51107
        | 51201..=51203
        | 54031
        | 51020
        | 51120
        | 51121
        | 51025
        | 51103
        | 54051 => Reason::Filter,
        51008 | 51127 | 51131 | 51502 => Reason::Balance,
        51400 | 51503 | 51509 | 51510 | 51603 | 51063 => Reason::UnknownOrder,
        51021 | 51024 | 51027 | 51028 | 51155 | 50027 | 59113 | 54094 | 54109 => Reason::Closed,
        51511 => Reason::WouldTake,
        _ => Reason::Other,
    }
}

const fn refused(reason: Reason, code: i32) -> Verdict {
    Verdict::Refused(Refusal { reason, code })
}

/// Why a change that was taken on was refused.
pub(super) const fn amend_reason(code: i32) -> Reason {
    reason(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: i32, expect: &str) {
        let mut heard = Vec::new();
        let verdict = verdict(code, (200, "words"), &mut |what| heard.push(what));
        let shown = match verdict {
            Verdict::Refused(refusal) => format!("{:?}", refusal.reason),
            other => format!("{other:?}"),
        };
        let heard: String = heard.iter().map(|what| format!(" {what:?}")).collect();
        assert_eq!(format!("{shown}{heard}"), expect, "{code}");
    }

    #[test]
    fn every_documented_code_has_its_meaning() {
        for code in [50001, 50004, 50005, 50013, 50026, 51149, 51412, 63999, 51016, 51011] {
            check(code, &format!("Unknown {{ code: {code} }}"));
        }
        for code in [50011, 50040, 60014] {
            check(code, "RateLimit Limited { until_ms: 2000, banned: false }");
        }
        check(50061, "RateLimit");
        for code in [50101, 50103, 50105, 50111, 50113, 50119, 60005, 60009, 60024, 60032] {
            check(code, &format!("Auth AuthRefused {{ code: {code} }}"));
        }
        for code in [50102, 50112, 60004, 60006] {
            check(code, "Timestamp ClockSkew");
        }
        for code in [51006, 51138, 51004, 51020, 51121, 51203, 51025, 51103] {
            check(code, "Filter");
        }
        for code in [51008, 51127, 51131, 51502] {
            check(code, "Balance");
        }
        for code in [51400, 51503, 51509, 51510, 51603, 51063] {
            check(code, "UnknownOrder");
        }
        for code in [51021, 51028, 50027, 54109] {
            check(code, "Closed");
        }
        check(51511, "WouldTake");
        check(51410, "RateLimit");
        check(51000, "Other");
        let again = verdict(51000, (200, "Parameter clOrdId error"), &mut |_| {});
        assert_eq!(again, Verdict::Unknown { code: 51000 });
    }
}
