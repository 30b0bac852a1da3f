//! What time it is: by the bucket's clock, and by two of this machine that are not to be believed alone.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use tokio::time::Instant;

/// What the bucket's clock says as it answers: how old something is does not depend on ours.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    told: Arc<Mutex<Option<DateTime>>>,
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|text| DateTime::from_str(text, Format::HttpDate).ok());
        *self.told.lock().expect("nothing panics while it holds this lock") = date;
        Ok(())
    }
}

impl Clock {
    /// How long ago something was; no time at all where the bucket does not say what time it is.
    pub fn since(&self, then: &DateTime) -> Duration {
        let told = *self.told.lock().expect("nothing panics while it holds this lock");
        let seconds = told.map_or(0, |now| now.secs() - then.secs());
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }
}

/// A time by two clocks: one of them stands still while the machine sleeps, the other may be set.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    #[expect(clippy::disallowed_methods, reason = "the steady clock does not count sleep")]
    pub fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    pub fn elapsed(&self) -> Duration {
        self.until(Self::now())
    }

    /// The longer of the two: too long only makes the bucket be asked.
    fn until(&self, now: Self) -> Duration {
        let wall = now.wall.duration_since(self.wall).unwrap_or(Duration::MAX);
        (now.steady - self.steady).max(wall)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Moment};

    /// A lease is never believed to be younger than it is, whatever the clocks do.
    #[test]
    fn a_clock_that_is_set_makes_nothing_younger() {
        let then = Moment::now();
        let hour = Duration::from_hours(1);
        let second = Duration::from_secs(1);
        for (what, steady, wall, expected) in [
            ("nothing happens", second, then.wall + second, second),
            ("the clock is set forwards", second, then.wall + hour, hour),
            ("the clock is set back", second, then.wall - hour, Duration::MAX),
            ("the machine sleeps, and the steady clock with it", second, then.wall + hour, hour),
            ("the clock stands still", hour, then.wall, hour),
        ] {
            let now = Moment { steady: then.steady + steady, wall };
            assert_eq!(then.until(now), expected, "{what}");
        }
    }
}
