//! Takes pictures of the pages.
fn main() {}
