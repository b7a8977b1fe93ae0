//! What was done, and what went wrong: the denominators.

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counts {
            pub fn add(&mut self, other: &Counts) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counts! {
    uploads,
    deletes,
    calls,
    events,
    invocations,
    duplicated,
    dropped,
    delayed,
    crashed,
    zombies,
    throttled,
    lost_acks,
    poisoned,
    corrupt,
    dead_letters,
    rejected,
    reconciled,
    sweeps,
    computed,
    conflicts,
    /// Creations that met an object and changed nothing.
    prevented,
    /// Objects written again for a life that was over and cleaned up.
    late_writes,
}

impl Counts {
    /// Everything that went wrong on purpose.
    pub fn faults(&self) -> u64 {
        self.duplicated
            + self.dropped
            + self.delayed
            + self.crashed
            + self.zombies
            + self.throttled
            + self.lost_acks
            + self.poisoned
            + self.corrupt
    }
}
