//! Ports that nobody else in this run of the tests gets.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which the kernel gives ports to connections.
const FIRST: u16 = 21_000;
const COUNT: u16 = 11_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// Returns a port that is free now and that no other test of this process is given.
pub fn free_port() -> u16 {
    // Two runs of the tests at the same time start at different places.
    let offset = u16::try_from(std::process::id() % 1000).expect("it is below 1000") * 11;
    for _ in 0..COUNT {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (offset + number) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}
