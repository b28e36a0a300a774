//! Many bytes at once: what the readers of messages need of the machine's wide instructions, behind
//! an interface that cannot be misused. Together with shm this is the only place of `unsafe`.
//!
//! ```text
//!  Text    bytes with readable spare behind them: windows of fixed size, one comparison each
//!  Shape   how a number stands in 16 bytes: what each byte has to be, which digits count
//!  Avx2    a proof that the machine has AVX2, and what can be done then
//!  Avx512  the same with AVX-512 VBMI2
//!  Level   what this machine has, found out once; runs a task compiled for it
//! ```
//!
//! Only for x86-64. On other machines, and on those without AVX2, frames are read in the plain way.
#![allow(unsafe_code)]

pub mod avx2;
pub mod avx512;
pub mod block;
pub mod level;
pub mod levels;
pub mod shape;
pub mod text;
