//! The library of the Python wheel. It has nothing of its own: to link scimdb is to export its C functions.

extern crate scimdb as _;
