//! What the C programs cannot provoke: panics.
