//! Avellaneda–Stoikov.

pub mod formula;
