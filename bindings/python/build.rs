//! How the library is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Python closes the libraries that it opened when it ends, and threads of this one may still run.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
