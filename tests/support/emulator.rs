//! The real emulators, each started for one caller and ended when the caller lets go of it.
//!
//! Their virtual environments are the user's own: `CAIRN_CACHE_DIR`, or the usual cache folder.

use std::path::PathBuf;

use cairn::local::{
    Emulator, Host, LocalError, MINISTACK, PrivateServer, Requirements, install, start_private,
};

/// The strict one for EC2; it has no Bedrock agents and runs no functions. It is in MiniStack's
/// account, and knows AWS's own managed policies.
const MOTO: Emulator = Emulator {
    requirements: Requirements { package: "moto", text: include_str!("moto-requirements.txt") },
    module: "moto.server",
    arguments: &["-H", "127.0.0.1", "-p", "{port}"],
    variables: &[("MOTO_ACCOUNT_ID", "000000000000"), ("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")],
    health: "/moto-api/data.json",
    answer: "",
    companion: None,
    mends: None,
};

pub async fn ministack() -> PrivateServer {
    start(&MINISTACK).await
}

/// MiniStack with signatures and IAM enforced; `test` stays its root.
pub async fn guarded_ministack() -> PrivateServer {
    start_with(&MINISTACK, &[("AUTH", "true")]).await
}

pub async fn moto() -> PrivateServer {
    start(&MOTO).await
}

/// A Python that has botocore, which moto needs.
pub async fn botocore() -> PathBuf {
    let host =
        Host::from_environment(|name| std::env::var_os(name)).expect("this system is supported");
    let environment = install(&host, &MOTO.requirements, &|_| ()).await;
    environment.expect("PyPI can be reached").join("bin").join("python")
}

pub async fn start(emulator: &Emulator) -> PrivateServer {
    start_with(emulator, &[]).await
}

async fn start_with(emulator: &Emulator, extra: &[(&str, &str)]) -> PrivateServer {
    let server = async {
        let host = Host::from_environment(|name| std::env::var_os(name))?;
        start_private(&host, emulator, extra, &|_| ()).await
    };
    server.await.unwrap_or_else(|error: LocalError| {
        let hints = error.hints().join("\n");
        panic!("{:#}\n{hints}", anyhow::Error::from(error))
    })
}
