//! The sample product.
fn main() {}
