//! Links `hypotf.c` of `shared/media` into the Lambda program: see there.

const SOURCE: &str = "../../shared/media/hypotf.c";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    if std::env::var_os("CARGO_FEATURE_LAMBDA").is_none() {
        return;
    }
    // Without builtins, or the compiler may take the function for itself and call it.
    let objects = cc::Build::new().file(SOURCE).flag("-fno-builtin-hypotf").compile_intermediates();
    for object in objects {
        println!("cargo::rustc-link-arg-bins={}", object.display());
    }
}
