//! Associations, a subject a file: conversations go in, calls, binds and anomalies come out.

mod announced;
mod answers;
mod arguments;
mod bounds;
mod calls;
mod contexts;
mod fragments;
mod identity;
mod security;
mod wire;
