//! What a stack of a thousand resources costs: its deploy, and the plan that finds nothing to do.

use cairn::local::{Host, MINISTACK, start_private};

use crate::sandbox::Sandbox;
use crate::{calls_of, measure, middle, row, thousand, usage};

const STACK: &str = "stacks/thousand";

/// Against a MiniStack of its own.
pub async fn run() {
    let host = Host::from_environment(|name| std::env::var_os(name)).unwrap();
    let server = start_private(&host, &MINISTACK, &[], &|_| ()).await.unwrap();
    let sandbox = Sandbox::at(&server.url);
    sandbox.write("stacks/thousand/stack.json", &thousand::template().to_string());
    println!("\n{} network and IAM resources:", thousand::RESOURCES);
    let deploy = sandbox.command(["deploy", STACK, "--yes", "--stats"]);
    let (deploy, said) = measure(&deploy);
    row("AWS calls of the deploy", &calls_of(&said), "", "3382");
    row("CPU of the deploy, s", &format!("{:.1}", deploy.cpu), "", "43");
    row("peak memory of the deploy, MB", &format!("{:.0}", deploy.megabytes), "", "");
    let (_, said) = measure(&sandbox.command(["plan", STACK, "--detailed-exitcode", "--stats"]));
    row("AWS calls of a no-op plan", &calls_of(&said), "60", "1241");
    let plan = middle(|| usage(&sandbox, &["plan", STACK]));
    row("CPU of a no-op plan, s", &format!("{:.2}", plan.cpu), "1.00", "12.7");
    row("peak memory of a no-op plan, MB", &format!("{:.0}", plan.megabytes), "150", "794");
}
