//! How a sensor that watches an interface is doing.

use crate::Sizes;

/// Declares what is counted: one row each, from which names are made.
macro_rules! health {
    ($($field:ident $meaning:literal;)*) => {
        /// What was captured and what was lost, since the sensor was started, and how full its tables are now.
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
        pub struct Health {
            /// Seconds since the sensor was started.
            pub uptime_seconds: u64,
            $(#[doc = $meaning] pub $field: u64,)*
            /// How full its tables are.
            pub sizes: Sizes,
        }

        impl Health {
            /// Name, meaning and value of everything that is counted, in the order of their declaration.
            pub fn rows(&self) -> Vec<(&'static str, &'static str, u64)> {
                vec![$((stringify!($field), $meaning, self.$field),)*]
            }
        }
    };
}

health! {
    kernel_packets "Frames that the kernel has taken from the interfaces.";
    kernel_drops "Frames that the kernel dropped because the sensor did not fetch them in time.";
    kernel_ifdrops "Frames that interfaces or their drivers dropped.";
    packets_shed "Packets dropped because the thread that was to take them did not keep up.";
    batches_shed "Batches of events dropped because they were not written in time.";
    pieces_shed "Pieces of carved sessions dropped because they were not written in time.";
    lines_written "Lines that were written to outputs.";
    lines_shed "Lines dropped because an output was full, gone or too slow.";
    output_errors "Errors of outputs.";
    rules_loaded "Rules that run.";
    reloads "Times that rules were loaded again.";
    reloads_failed "Times that this failed, and the rules stayed as they were.";
}
