//! The worker as the engine meets it: a program at the end of two pipes.

mod acp;
mod bad_acp;
mod begin;
mod command;
mod ends;
mod flood;
mod practice;
mod probe;
mod sandbox;
mod shut;
mod talk;
mod yard;
