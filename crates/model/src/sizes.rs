//! How full the tables are.

/// Declares the sizes: one row each, from which names and sums are made.
macro_rules! sizes {
    ($($field:ident $meaning:literal;)*) => {
        /// What is remembered at one moment. In contrast to counters, sizes fall again.
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
        pub struct Sizes { $(#[doc = $meaning] pub $field: u64,)* }

        impl Sizes {
            /// Adds the sizes of another part.
            pub fn add(&mut self, other: &Self) {
                $(self.$field = self.$field.saturating_add(other.$field);)*
            }

            /// Name, meaning and value of every size, in the order of their declaration.
            pub fn rows(&self) -> Vec<(&'static str, &'static str, u64)> {
                vec![$((stringify!($field), $meaning, self.$field),)*]
            }
        }
    };
}

sizes! {
    flows "TCP connections that are remembered.";
    reassembly_bytes "Bytes that TCP reassembly holds back and remembers.";
    smb_sessions "SMB sessions that are followed.";
    pipes "Named pipes that are followed.";
    activities "Connectionless activities that are followed.";
    open_calls "Calls that wait for their reply.";
    held_bytes "Bytes of PDUs, stubs, arguments and names that wait for something.";
    objects "Interface pointers of DCOM objects that are remembered.";
    exporters "Exporters of DCOM objects that are remembered.";
}
