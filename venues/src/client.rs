//! Our client order ids where a venue takes only letters and digits, at most 32 of them.
//!
//! The usual form (see [`ClientId`]) has 35 characters with dashes. The compact one leaves the
//! dashes out: `pgEEEEEEEECCCCCCCCUUUUUUUUUUUUUU`.

use engine::id::{CAUSE_MAX, ClientId, OrderId, hex};

/// Length of the compact form.
pub(crate) const COMPACT_LEN: usize = 32;

/// Writes the compact form.
#[inline]
pub(crate) fn write_compact(client: ClientId, out: &mut [u8; COMPACT_LEN]) {
    let (order, cause) = (hex(client.order.0), hex(client.cause & CAUSE_MAX));
    out[..2].copy_from_slice(b"pg");
    out[2..18].copy_from_slice(&order);
    out[18..].copy_from_slice(&cause[2..]);
}

/// Reads it back; `None` when the text is not of this form.
pub(crate) fn parse_compact(text: &[u8]) -> Option<ClientId> {
    let text = text.strip_prefix(b"pg").filter(|rest| rest.len() == COMPACT_LEN - 2)?;
    let (order, cause) = text.split_at(16);
    Some(ClientId { order: OrderId(hex_value(order)?), cause: hex_value(cause)? })
}

/// The value of lower-case hexadecimal digits, at most 16.
#[inline]
pub(crate) fn hex_value(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0_u64, |value, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compact_id_reads_back_and_nothing_else_does() {
        let id = ClientId { order: OrderId::new(0x6a1f_3b20, 15), cause: 50_093_239_219 };
        let mut text = [0; COMPACT_LEN];
        write_compact(id, &mut text);
        assert_eq!(&text, b"pg6a1f3b200000000f00000ba9ca2bb3");
        assert_eq!(parse_compact(&text), Some(id));
        assert_eq!(parse_compact(b"pg6a1f3b200000000f00000ba9ca2bb"), None);
        assert_eq!(parse_compact(b"web6a1f3b200000000f0000ba9ca2bb3"), None);
        text[4] = b'G';
        assert_eq!(parse_compact(&text), None);
    }
}
