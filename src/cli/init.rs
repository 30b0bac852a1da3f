//! `cairn init`: a place for the states of an environment.

use std::io::Write as _;
use std::path::Path;

use super::states::bucket_clients;
use super::{Code, Failure, terminal};
use crate::aws::{Assets, Aws};
use crate::config::{self, Environment, StateHome};
use crate::render::style::{BOLD, CHANGED, GOOD, paint};
use crate::state::store::{Premises, Standing, Survey, TAG};

/// Make a bucket ready for states, and say how to use it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A bucket that was made so is kept so: run again, this does what is missing. One that is empty and \
    has no tags is set up, too; any other is only looked at. Exits with 0 when the bucket is as it should be, with 2 when somebody else's lacks something, with \
    1 on an error.\n\nExample:\n  cairn init --state s3://my-states/cairn --env prod"
)]
pub struct Args {
    /// Where the states are to be: `s3://BUCKET/PREFIX`, with `?region=…` where it differs
    #[arg(long, value_name = "URL")]
    state: String,
    /// The environment: config/<ENV>.yaml over config/default.yaml
    #[arg(short, long, env = "CAIRN_ENV", default_value = config::DEFAULT)]
    env: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub async fn run(args: &Args) -> Result<Code, Failure> {
    let root = config::project_root(Path::new("."));
    let environment = Environment::load(root.as_deref(), &args.env)?;
    let home = StateHome::bucket(&args.state);
    let Some(home @ StateHome::Bucket { .. }) = &home else {
        return Err(Failure::text(format!("`{}` is no place for states", args.state))
            .hint("write it as `s3://BUCKET/PREFIX`; a directory needs no preparation"));
    };
    let StateHome::Bucket { bucket, endpoint, .. } = home else { return Ok(Code::Failed) };
    let mut aws = Aws::new(bucket_clients(&environment, home).await?, "", Assets::default());
    // What only speaks like S3 has no accounts of AWS.
    if let (Some(wanted), None) = (&environment.account, endpoint) {
        aws = aws.identified().await?;
        let account = aws.account();
        if account != wanted {
            return Err(Failure::text(format!(
                "these credentials are for account {account}, the environment `{}` is for {wanted}",
                environment.name
            ))
            .hint("use other credentials (`profile`, `role`, AWS_PROFILE), or another `--env`"));
        }
    }
    let premises = Premises::new(aws.clients().s3(), bucket);
    let survey = premises.survey().await?;
    let mut out = anstream::stdout();
    let code = match (survey.standing, survey.missing.as_slice()) {
        (Standing::Empty | Standing::Ours | Standing::Foreign, []) => {
            writeln!(out, "{}", paint(GOOD, &format!("the bucket `{bucket}` is as it should be")))?;
            Code::Success
        }
        (Standing::Foreign, missing) => {
            writeln!(
                out,
                "the bucket `{bucket}` was not made by Cairn, and stays as it is; it lacks:"
            )?;
            for setting in missing {
                writeln!(out, "  {} {setting}", paint(CHANGED, "!"))?;
            }
            writeln!(out, "tag it `{TAG}` with `true` to have Cairn set it up and keep it so")?;
            Code::Changes
        }
        (Standing::Absent | Standing::Empty | Standing::Ours, _) => {
            show(bucket, &premises, &survey)?;
            agreed(args.yes)?;
            premises.prepare(&survey).await?;
            let left = premises.survey().await?.missing;
            if !left.is_empty() {
                let left: Vec<String> = left.iter().map(ToString::to_string).collect();
                return Err(Failure::text(format!(
                    "the bucket `{bucket}` does not show what was set: {}",
                    left.join("; ")
                )));
            }
            writeln!(out, "{}", paint(GOOD, &format!("the bucket `{bucket}` is ready")))?;
            Code::Success
        }
    };
    say_line(args, &environment, home).map(|()| code)
}

fn show(bucket: &str, premises: &Premises, survey: &Survey) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    let head = match survey.standing {
        Standing::Absent => {
            format!("to be made: the bucket `{bucket}` in {}, with", premises.region())
        }
        Standing::Empty => {
            format!("to be set up: the bucket `{bucket}`, which is empty and has no tags, with")
        }
        _ => format!("to be set again on the bucket `{bucket}`:"),
    };
    writeln!(out, "{}", paint(BOLD, &head))?;
    for setting in &survey.missing {
        writeln!(out, "  {} {setting}", paint(GOOD, "+"))?;
    }
    Ok(())
}

fn agreed(yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !terminal::has_person() {
        return Err(Failure::text("nothing was made: there is no terminal to ask on")
            .hint("look at what is said above, then run this with `--yes`"));
    }
    match terminal::ask("Do this?")? {
        true => Ok(()),
        false => Err(Failure::text("nothing was made: it was declined")),
    }
}

/// The line for the environment's file, where it is not there yet.
fn say_line(args: &Args, environment: &Environment, home: &StateHome) -> Result<(), Failure> {
    if environment.state == *home {
        return Ok(());
    }
    let file = format!("config/{}.yaml", args.env);
    writeln!(
        anstream::stdout(),
        "\nto keep the states there, {file} needs the line\n\n  state: {}",
        args.state
    )?;
    Ok(())
}
