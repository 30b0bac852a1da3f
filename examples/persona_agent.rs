//! The persona agent of `stacks/persona-agent`, in Rust.
//!
//! ```sh
//! cargo run --example persona_agent > huts.json       # a template: cairn deploy huts.json
//! cargo run --example persona_agent -- cdk.out        # a cloud assembly: cdk diff --app cdk.out
//! cairn plan --app 'cargo run --example persona_agent -- $CDK_OUTDIR'
//! ```

use std::error::Error;
use std::io::Write as _;

use cairn::construct::bedrock::{ActionGroup, Takes, Tool};
use cairn::construct::lambda::Code;
use cairn::construct::{App, PrivateAgentApi, Stack};

const PERSONA: &str = include_str!("../stacks/persona-agent/persona.md");
const NIGHT: &str = "The date of the evening, as YYYY-MM-DD";

/// The app, and its stack.
pub fn persona_agent() -> (App, Stack) {
    let app = App::new();
    let stack = Stack::new(&app, "huts");
    let tools = [
        Tool::new("read_forecast", "Reads the mountain forecast for a place, some hours ahead.")
            .required("place", Takes::Text, "A summit, pass, hut or valley")
            .optional("hours", Takes::Integer, "How many hours ahead, 24 if not given"),
        Tool::new("free_bunks", "Tells how many bunks of the hut are free in a night.").required(
            "night",
            Takes::Text,
            NIGHT,
        ),
        Tool::new("book_bunks", "Books bunks in the hut for one night.")
            .confirmed()
            .required("night", Takes::Text, NIGHT)
            .required("guests", Takes::Integer, "How many people sleep in the hut")
            .required("name", Takes::Text, "In whose name"),
    ];
    let desk = ActionGroup::return_control("hut-desk", tools);
    let code = Code::directory("stacks/persona-agent/lambda");
    PrivateAgentApi::builder(PERSONA, code)
        .action_group(desk)
        .build(&stack, "Huts")
        .add_outputs(&stack);
    (app, stack)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (app, stack) = persona_agent();
    match std::env::args().nth(1) {
        Some(out) => app.synth()?.write(out)?,
        None => writeln!(std::io::stdout(), "{:#}", stack.template()?)?,
    }
    Ok(())
}
