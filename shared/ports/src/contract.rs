//! The contract suite: what every adapter promises, checked the same way on memory, on files and SQLite, and on AWS.
