//! The engine against scripted sources, in memory: what it asks for, what it hands on, and what it reports.

mod counts;
mod failures;
mod keys;
mod pages;
mod parts;
mod random;
mod resuming;
mod running;
mod support;
