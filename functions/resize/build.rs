//! Links `hypotf.c` into the Lambda program: see there.

fn main() {
    println!("cargo::rerun-if-changed=src/hypotf.c");
    if std::env::var_os("CARGO_FEATURE_LAMBDA").is_none() {
        return;
    }
    // Without builtins, or the compiler may take the function for itself and call it.
    let objects = cc::Build::new().file("src/hypotf.c").flag("-fno-builtin-hypotf").compile_intermediates();
    for object in objects {
        println!("cargo::rustc-link-arg-bins={}", object.display());
    }
}
