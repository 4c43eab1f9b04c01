//! Rebuilds when a folder that is built into the program gains or loses a file.

fn main() {
    for folder in ["products", "templates", "terraform"] {
        watch(std::path::Path::new(folder));
    }
}

fn watch(folder: &std::path::Path) {
    // Cargo's output protocol is standard output; Clippy knows, and lets build scripts print.
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            watch(&entry.path());
        }
    }
}
