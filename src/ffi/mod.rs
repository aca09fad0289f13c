//! The C ABI: include/scimdb.h, which is made from these files. The only place with `unsafe`: what it does is to read what
//! the caller points to, and to write where the caller wants it.
//!
//! Every function of the header stands in the file of its subject, and has three parts: it reads its arguments (`text`),
//! does the work in safe code (`verbs`, on the text of JSON), and gives the answer (`buf`) or an error (`error`). `guard`
//! is around them all.
#![allow(unsafe_code, reason = "the C ABI; everything below it is without")]
#![allow(non_camel_case_types, reason = "types have their names of C")]
#![allow(clippy::missing_safety_doc, reason = "the conventions on top of the header hold for every function")]

mod answers;
mod buf;
mod bulk;
mod callback;
#[cfg(test)]
mod callback_tests;
mod changes;
mod code;
mod endpoint;
mod error;
mod following;
mod forget;
mod fork;
mod gate;
mod guard;
mod handles;
mod hooks;
mod import;
mod inherited;
mod iter;
mod jobs;
mod life;
mod log;
mod operator;
mod options;
mod profiles;
mod query;
mod queue;
mod repositories;
mod resources;
mod schemas;
mod serve;
mod sessions;
mod share;
mod tenants;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod value_keys;
mod verbs;
