//! RFC 7643 as data: attributes, schemas, resource types, values, resources. No JSON, no I/O, no clock.
//!
//! Text and bytes from outside become [`Input`], then typed [`Value`]s bound to a [`TypeModel`], then stored bytes.
//! Whatever reads a resource reads a [`ResourceView`], decoded or stored alike.

mod alias;
pub mod any;
mod attribute;
pub mod bind;
mod builtin;
mod check;
mod constraint;
mod input;
mod meta;
mod operators;
mod path;
mod registry;
mod resource;
mod schema;
pub mod sealed;
pub mod stored;
mod text;
mod time;
mod type_model;
mod validate;
mod value;
mod view;

pub use attribute::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
pub use bind::{BindOptions, Bound};
pub use check::{MAX_ATTRIBUTES, MAX_LEVELS};
pub use constraint::{Constraint, Constraints, Known, TellFault};
pub use input::{Input, Object};
pub use meta::{EntityTag, VersionMatch};
pub use operators::Operators;
pub use path::{PathTarget, Target, UnknownPath, nearest};
pub use registry::{AttributeId, AttributeNumbers, Definition, Definitions, Registry, common};
pub use resource::Resource;
pub use schema::{ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA, ResourceType, Schema, SchemaExtension, USER_SCHEMA};
pub use text::{NORMALISER_VERSION, Preparation};
pub use time::Instant;
pub use type_model::{Extension, Membership, TypeModel};
pub use validate::validate;
pub use value::{Complex, DateTime, Value};
pub use view::{ComplexRef, MetaRef, MultiIter, MultiRef, ResourceView, ValueRef};
