//! What calls mean, proved on captures: which words of a command appear in which argument, and who is said to call.

mod identities;
mod lines;
mod oracle;
mod words;
