//! Texts by which venues name the next page of an answer, for the few pages that are under way.

/// Most that are remembered; the oldest gives way.
const CURSORS_MAX: u64 = 64;

/// Cursors by the number that stands for them.
#[derive(Debug)]
pub(crate) struct Cursors {
    texts: Vec<String>,
    count: u64,
}

impl Cursors {
    pub fn new() -> Self {
        Self { texts: vec![String::new(); CURSORS_MAX as usize], count: 0 }
    }

    /// Remembers a cursor; its number is never 0.
    pub fn keep(&mut self, text: &str) -> u64 {
        self.count += 1;
        let place = (self.count % CURSORS_MAX) as usize;
        text.clone_into(&mut self.texts[place]);
        self.count
    }

    /// The cursor of a number, while it is remembered.
    pub fn find(&self, number: u64) -> Option<&str> {
        let known = number <= self.count && number + CURSORS_MAX > self.count;
        known.then(|| self.texts[(number % CURSORS_MAX) as usize].as_str())
    }
}
