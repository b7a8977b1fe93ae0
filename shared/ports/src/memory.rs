//! Memory twins of every port. They pass the contract suite, so a test on them means something.
