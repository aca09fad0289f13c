//! Compiles the protos, for the feature `server` only. In Rust alone: no protoc is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "server")]
    grpc::compile()?;
    Ok(())
}

#[cfg(feature = "server")]
mod grpc {
    use std::error::Error;
    use std::path::{Path, PathBuf};
    use std::{env, fs};

    use prost::Message;

    /// Writes the generated code, and the descriptors that server reflection tells.
    pub fn compile() -> Result<(), Box<dyn Error>> {
        let root = Path::new("proto");
        println!("cargo::rerun-if-changed=proto");
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(root.join("scimdb/v1"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "proto") {
                // The code generator does not tell cargo which files it read.
                println!("cargo::rerun-if-changed={}", path.display());
                files.push(path);
            }
        }
        // The order of a directory is the file system's; builds are to be the same everywhere.
        files.sort();
        let descriptors = protox::compile(&files, [root])?;
        let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
        fs::write(out.join("scimdb.v1.bin"), descriptors.encode_to_vec())?;
        tonic_prost_build::configure().compile_fds(descriptors)?;
        Ok(())
    }
}
