//! How Peregrine quotes: strategies, and the signals that they read.
//!
//! **Invariant.** This crate must not know clocks, threads, files, sockets, venue names, order ids
//! or venue errors: a strategy says what should stand and never talks to a venue. Floats live here
//! and go through `libm`, so that every machine computes the same bits; where they cross to prices,
//! the crossing names its rounding.
//!
//! [`any`] lists the strategies: the closed enum that configuration picks from. One file or folder
//! each, whose page gives formula, source, edge and how it fails. What they share: [`parameter`]
//! what can be set, [`tactic`] what each offers beside its rules, [`leg`] one instrument as it is
//! dealt with, [`sheet`] quotes before they are a plan, [`takes`] takes toward a position,
//! [`signal`] what is estimated from the market.
//!
//! Strategies hedge by position and by takes in flight, never by reports of fills, so that what
//! arrives late, twice or while something is cancelled changes nothing. Nothing is allocated once
//! they are built.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod any;
pub mod arbitrage;
pub mod avellaneda_stoikov;
pub mod basis;
pub mod cross_market;
pub mod execution;
pub mod gueant_lehalle;
pub mod leg;
pub mod market_making;
pub mod optimal;
pub mod pairs;
pub mod paper;
pub mod parameter;
pub mod random;
pub mod scale;
pub mod sheet;
pub mod signal;
pub mod tactic;
pub mod takes;
pub mod triangular;

#[cfg(test)]
mod scene;
