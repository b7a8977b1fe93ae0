//! What somebody who operates a stack asks about it. No function asks any of this, and none has the right to.

mod announcements;
mod room;
mod stack;

pub use announcements::{Announcements, announcements};
pub use room::{Trigger, concurrency, trigger};
pub use stack::{Resource, Stack, stack};
