//! How the program is linked.

#[expect(clippy::disallowed_methods, reason = "a build script is told by the environment")]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu") {
        // Half a megabyte of relocations less to read and to keep: a desktop has one agent for each
        // person. glibc 2.36 and later read this form.
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
