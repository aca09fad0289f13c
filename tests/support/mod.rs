//! Shared by the tests: the corpus as data, and a second opinion on what filters mean. It must not know any face.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod corpus;
pub mod evaluator;
pub mod second_parser;
pub mod second_schema;
