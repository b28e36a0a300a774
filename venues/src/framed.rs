//! Requests about orders whose REST twin has the same object for a body: laid out for both ways.

use crate::template::{Pieces, Template, Values};
use engine::instrument::Instrument;

/// One request about an order.
#[derive(Debug)]
pub(crate) struct Framed {
    frame: Template,
    body: Template,
    /// Path of the REST twin.
    pub path: &'static str,
}

impl Framed {
    /// From the forms of both, in which `<Name>` stands for a field.
    pub fn new(frame: &str, body: &str, path: &'static str, instrument: &Instrument) -> Self {
        let template = |form: &str| {
            let mut pieces = Pieces::default();
            pieces.form(form);
            Template::new(&pieces.0, instrument.tick, instrument.size)
        };
        Self { frame: template(frame), body: template(body), path }
    }

    /// The WebSocket message with these values; allocates nothing.
    #[inline]
    pub fn frame(&mut self, values: &Values<'_>) -> &[u8] {
        self.frame.fill(values)
    }

    /// The body of the REST request.
    pub fn body(&mut self, values: &Values<'_>) -> String {
        String::from_utf8_lossy(self.body.fill(values)).into_owned()
    }
}
