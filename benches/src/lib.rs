//! Benches: our stages and their rivals, side by side.
