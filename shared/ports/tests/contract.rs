//! The memory twins pass the contract suite, and the suite catches adapters that lie.
