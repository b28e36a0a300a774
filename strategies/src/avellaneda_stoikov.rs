//! Avellaneda–Stoikov.

pub mod formula;
pub mod parameters;
pub mod quoter;

pub use parameters::{Horizon, PARAMETERS, Parameter, ParameterError, Parameters};
