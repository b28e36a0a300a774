//! Requests of the form that several venues share: an operation, its arguments, and an id that the
//! answer repeats.

use crate::protocol::Request;

/// Writes `{"ID_KEY":"7","op":"subscribe","args":[…]}`, or the same with `unsubscribe`.
pub fn op_request(id_key: &str, request: &Request<'_>, out: &mut Vec<u8>) {
    let op = if request.leaves { "unsubscribe" } else { "subscribe" };
    let mut digits = [0; 10];
    let mut first = digits.len();
    let mut rest = request.id;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    let head: [&[u8]; 6] =
        [b"{\"", id_key.as_bytes(), b"\":\"", &digits[first..], b"\",\"op\":\"", op.as_bytes()];
    head.iter().for_each(|part| out.extend_from_slice(part));
    out.extend_from_slice(b"\",\"args\":[");
    for (place, topic) in request.topics.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(topic.arg.as_bytes());
    }
    out.extend_from_slice(b"]}");
}
