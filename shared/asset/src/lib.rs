pub mod image;
pub mod refusal;
