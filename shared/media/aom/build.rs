//! Compiles libaom's encoder from the source that `libaom-sys` carries, with a C compiler and the perl that every Debian
//! has. No cmake, and no nasm: on x86-64 the intrinsics (SSE2 to AVX2) are used, and the few functions which exist in
//! assembly alone fall back to C. On 64-bit Arm NEON is used, which all of them have; what only some have (dot products,
//! SVE) is left out. Other machines get plain C, which is right but slower.
//!
//! Left out: the decoder, ten and twelve bits, denoising, every experiment.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ON: &[&str] = &[
    "CONFIG_AV1_ENCODER",
    "CONFIG_GCC",
    "CONFIG_MULTITHREAD",
    "CONFIG_OS_SUPPORT",
    "CONFIG_PIC",
    "CONFIG_QUANT_MATRIX",
    "HAVE_FEXCEPT",
    "HAVE_PTHREAD_H",
    "HAVE_UNISTD_H",
];

/// What one kind of processor adds.
struct Processor {
    /// What `rtcd.pl` calls it.
    name: &'static str,
    on: &'static [&'static str],
    folders: &'static [&'static str],
    /// What not all of these processors have, so that the dispatch headers must not name it.
    without: &'static [&'static str],
}

const X86_64: Processor = Processor {
    name: "x86_64",
    on: &[
        "AOM_ARCH_X86_64",
        "CONFIG_RUNTIME_CPU_DETECT",
        "CONFIG_SVT_AV1",
        "HAVE_MMX",
        "HAVE_SSE",
        "HAVE_SSE2",
        "HAVE_SSE3",
        "HAVE_SSSE3",
        "HAVE_SSE4_1",
        "HAVE_SSE4_2",
        "HAVE_AVX",
        "HAVE_AVX2",
    ],
    folders: &[
        "aom_dsp/x86",
        "aom_dsp/flow_estimation/x86",
        "av1/common/x86",
        "av1/encoder/x86",
        "third_party/SVT-AV1",
    ],
    without: &[],
};
const ARM64: Processor = Processor {
    name: "arm64",
    on: &["AOM_ARCH_AARCH64", "HAVE_NEON"],
    folders: &["aom_dsp/arm", "aom_dsp/flow_estimation/arm", "aom_ports", "av1/common/arm", "av1/encoder/arm"],
    without: &["arm_crc32", "neon_dotprod", "neon_i8mm", "sve", "sve2"],
};
const OTHER: Processor = Processor { name: "generic", on: &[], folders: &[], without: &[] };

const FOLDERS: &[&str] = &[
    "aom/src",
    "aom_dsp",
    "aom_dsp/flow_estimation",
    "aom_mem",
    "aom_ports",
    "aom_scale",
    "aom_scale/generic",
    "aom_util",
    "av1",
    "av1/common",
    "av1/encoder",
    "third_party/fastfeat",
    "third_party/vector",
];
/// Parts of names of sources that this configuration has no use for.
const SKIP: &[&str] = &[
    "aarch32_cpudetect",
    "arm_crc32",
    "av1_dx_iface",
    "binary_codes_reader",
    "bitreader",
    "butteraugli",
    "cdef_block_ssse3",
    "denoise",
    "entdec",
    "fwht",
    "grain_synthesis",
    "neon_dotprod",
    "neon_i8mm",
    "noise_util",
    "ppc_cpudetect",
    "saliency",
    "sve",
    "tflite",
    "vmaf",
];

/// (file name contains, compiler flags), the first match counts.
const FLAGS: &[(&str, &[&str])] = &[
    ("avx2", &["-mavx2", "-mfma"]),
    ("avx", &["-mavx"]),
    ("sse42", &["-msse4.2"]),
    ("sse4_2", &["-msse4.2"]),
    ("sse4", &["-msse4.1"]),
    ("ssse3", &["-mssse3"]),
    ("sse3", &["-msse3"]),
];

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let source = source()?;
    let processor = match env::var("CARGO_CFG_TARGET_ARCH")?.as_str() {
        _ if env::var("CARGO_CFG_TARGET_ENV")? == "msvc" => OTHER,
        "x86_64" => X86_64,
        "aarch64" => ARM64,
        _ => OTHER,
    };
    let x86 = processor.name == X86_64.name;
    configure(&source, &out, &processor)?;

    let mut groups: Vec<(&[&str], Vec<PathBuf>)> = FLAGS.iter().map(|(_, flags)| (*flags, Vec::new())).collect();
    let mut plain = vec![out.join("config/aom_config.c"), source.join("common/args_helper.c")];
    let folders = FOLDERS.iter().chain(processor.folders);
    for folder in folders {
        let Ok(entries) = fs::read_dir(source.join(folder)) else { continue };
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        // In one order, so that the archive is the same every time.
        files.sort();
        for file in files {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            // Two of the files for deep samples also hold the eight-bit transforms.
            let deep = name.contains("highbd") && !name.contains("txfm");
            if !name.ends_with(".c") || deep || SKIP.iter().any(|skip| name.contains(skip)) {
                continue;
            }
            match FLAGS.iter().position(|(part, _)| name.contains(part)) {
                Some(index) if x86 => groups[index].1.push(file),
                _ => plain.push(file),
            }
        }
    }
    groups.push((&[], plain));

    let build = || {
        let mut build = cc::Build::new();
        build.opt_level(2).warnings(false).pic(true).define("NDEBUG", None);
        build.include(&source).include(&out).flag_if_supported("-w");
        build
    };
    let mut library = build();
    for (flags, files) in groups {
        let mut group = build();
        flags.iter().for_each(|flag| _ = group.flag(flag));
        library.objects(group.files(files).compile_intermediates());
    }
    library.compile("aom_still");
    Ok(())
}

/// The package whose source this script knows: another version may want another configuration.
const PACKAGE: &str = "libaom-sys-0.17.2+libaom.3.11.0";

/// Returns the folder of libaom's source: where cargo unpacks packages, else wherever cargo says (a vendored tree).
fn source() -> Result<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    if let Some(registries) = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok()) {
        for registry in registries.filter_map(|entry| entry.ok()) {
            let vendor = registry.path().join(PACKAGE).join("vendor");
            if vendor.is_dir() {
                return Ok(vendor);
            }
        }
    }
    let manifest = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml");
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(manifest);
    let output = cargo.output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let json = String::from_utf8(output.stdout)?;
    let paths = json.split("\"manifest_path\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut folders = paths.map(Path::new).filter_map(Path::parent);
    let package =
        folders.find(|path| path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("libaom-sys")));
    Ok(package.ok_or("`libaom-sys` is not among the packages")?.join("vendor"))
}

/// Writes what cmake would: `config/aom_config.h`, the version, and the three dispatch headers.
fn configure(source: &Path, out: &Path, processor: &Processor) -> Result<()> {
    let config = out.join("config");
    fs::create_dir_all(&config)?;
    let defaults = fs::read_to_string(source.join("build/cmake/aom_config_defaults.cmake"))?;
    let mut header = String::from("#define INLINE inline\n");
    for opening in ["set_aom_detect_var(", "set_aom_config_var("] {
        for rest in defaults.split(opening).skip(1) {
            let name: String =
                rest.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            // Only the names in capitals are variables; the rest are the macros' own definitions.
            if !name.starts_with(|c: char| c.is_ascii_uppercase()) || name == "AOM_RTCD_FLAGS" {
                continue;
            }
            let on = ON.contains(&name.as_str()) || processor.on.contains(&name.as_str());
            header.push_str(&format!("#define {name} {}\n", u8::from(on)));
        }
    }
    fs::write(config.join("aom_config.h"), header)?;
    fs::write(config.join("aom_config.c"), "const char *aom_codec_build_config(void) { return \"\"; }\n")?;
    let version = "#define VERSION_MAJOR 3\n#define VERSION_MINOR 11\n#define VERSION_PATCH 0\n#define VERSION_EXTRA \"\"\n\
                   #define VERSION_PACKED 0x30b00\n#define VERSION_STRING_NOSP \"3.11.0\"\n#define VERSION_STRING \" 3.11.0\"\n";
    fs::write(config.join("aom_version.h"), version)?;
    for (symbol, rules) in [
        ("aom_dsp_rtcd", "aom_dsp/aom_dsp_rtcd_defs.pl"),
        ("aom_scale_rtcd", "aom_scale/aom_scale_rtcd.pl"),
        ("av1_rtcd", "av1/common/av1_rtcd_defs.pl"),
    ] {
        let output = Command::new("perl")
            .arg(source.join("build/cmake/rtcd.pl"))
            .args([format!("--arch={}", processor.name), format!("--sym={symbol}")])
            .args(processor.without.iter().map(|extension| format!("--disable-{extension}")))
            .arg(format!("--config={}", config.join("aom_config.h").display()))
            .arg(source.join(rules))
            .output()?;
        if !output.status.success() {
            return Err(format!("{symbol}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let header = String::from_utf8(output.stdout)?;
        let header = if processor.name == X86_64.name { without_assembly(&header) } else { header };
        fs::write(config.join(format!("{symbol}.h")), header)?;
    }
    if processor.name == X86_64.name {
        fs::write(config.join("aom_config.c"), stubs())?;
    }
    Ok(())
}

/// Puts the C function in place of each that only nasm could assemble.
fn without_assembly(header: &str) -> String {
    let mut out = String::with_capacity(header.len());
    let mut word = String::new();
    for c in header.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        match word.rsplit_once('_') {
            Some((name, "sse2" | "ssse3")) if is_assembly(name, &word) => {
                out.push_str(name);
                out.push_str("_c");
            }
            _ => out.push_str(&word),
        }
        word.clear();
        out.push(c);
    }
    out
}

fn is_assembly(name: &str, word: &str) -> bool {
    let small_predictor =
        ["4x4", "8x8", "16x16", "32x32"].iter().any(|size| name.ends_with(&format!("predictor_{size}")));
    let simple = ["aom_dc_", "aom_h_", "aom_v_"].iter().any(|start| name.starts_with(start));
    (small_predictor && simple && word.ends_with("sse2"))
        || (name.starts_with("aom_sad") && word.ends_with("sse2"))
        || (name.starts_with("aom_sub_pixel_") && word.ends_with("ssse3"))
        || (name.starts_with("aom_quantize_b") && word.ends_with("ssse3"))
        || matches!(
            word,
            "aom_subtract_block_sse2"
                | "av1_block_error_sse2"
                | "aom_convolve8_horiz_ssse3"
                | "aom_convolve8_vert_ssse3"
        )
}

/// Sources with intrinsics still name a few inner loops in assembly. With the headers above nothing calls their callers.
fn stubs() -> String {
    let mut out = String::from(
        "#include <stddef.h>\n#include <stdint.h>\nconst char *aom_codec_build_config(void) { return \"\"; }\n",
    );
    // The one that is called by name, for the narrow blocks.
    let parameters = "int rows, int cols, int16_t *diff, ptrdiff_t diff_stride, const uint8_t *src, ptrdiff_t src_stride, \
                      const uint8_t *pred, ptrdiff_t pred_stride";
    out.push_str(&format!("void aom_subtract_block_c({parameters});\nvoid aom_subtract_block_sse2({parameters}) {{\n"));
    out.push_str("  aom_subtract_block_c(rows, cols, diff, diff_stride, src, src_stride, pred, pred_stride);\n}\n");
    let mut stub = |name: String| out.push_str(&format!("void {name}(void) {{ __builtin_trap(); }}\n"));
    for size in [4, 8, 16] {
        for tap in ["h2", "h8", "v2", "v8"] {
            stub(format!("aom_filter_block1d{size}_{tap}_ssse3"));
        }
        stub(format!("aom_sub_pixel_variance{size}xh_ssse3"));
        stub(format!("aom_sub_pixel_avg_variance{size}xh_ssse3"));
    }
    out
}
