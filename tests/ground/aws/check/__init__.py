"""Proves that the emulator is what it promises: `cargo xtask aws check` runs it, after `up`."""
