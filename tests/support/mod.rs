//! Shared by the tests: the corpus as data, how a face runs it, and a second opinion on what filters mean.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod corpus;
pub mod direct;
pub mod engine;
pub mod evaluator;
pub mod face;
pub mod index;
pub mod random;
pub mod second_parser;
pub mod second_schema;
