//! The wizard as people meet it, with a script in a person's place.

mod any;
mod gates;
mod modes;
mod ranking;
mod script;
mod steps;

use landfall::product::{Catalog, Entry};

fn entry(name: &str) -> Entry {
    Catalog::default().open(name).unwrap()
}
