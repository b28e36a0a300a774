//! The processes of Peregrine: the only threads, clocks, files and configuration.
//!
//! `cli` is the way in, one file per subcommand; `config` is what they read. Policy lives in the
//! configuration, decisions in the engine: here is only what joins them to the world.
#![forbid(unsafe_code)]

pub mod agents;
pub mod arm;
pub mod assemble;
pub mod audit;
pub mod backtest;
pub mod bar;
pub mod bench;
pub mod board;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod ctl;
pub mod demo;
pub mod doctor;
pub mod drill;
pub mod exchange;
pub mod exit;
pub mod hot;
pub mod housekeeping;
pub mod import;
pub mod journal;
pub mod latency;
pub mod latency_log;
pub mod live;
pub mod lock;
pub mod logging;
pub mod machine;
pub mod monitor;
pub mod outcome;
pub mod ports;
pub mod print;
pub mod publish;
pub mod record;
pub mod replay;
pub mod report;
pub mod session;
pub mod shadow;
pub mod threads;
pub mod tune;
pub mod unfinished;
pub mod version;
