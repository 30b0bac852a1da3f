//! Rate budgets: one token bucket for each group of calls that AWS counts together.
//!
//! A throttle halves a bucket's refill for a while and pauses the whole bucket, not only the call
//! that was refused; every admitted call lets the refill grow back.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Calls counted together, how many may go at once, and how many come back each second.
struct Budget {
    name: &'static str,
    capacity: f64,
    refill: f64,
}

const fn budget(name: &'static str, capacity: f64, refill: f64) -> Budget {
    Budget { name, capacity, refill }
}

/// The documented budgets an action draws from, narrowest first.
fn budgets(action: &str) -> Vec<Budget> {
    let (service, operation) = action.split_once(':').unwrap_or((action, ""));
    let mut drawn = Vec::new();
    match service {
        "ec2" => match operation {
            "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => {
                drawn.push(budget("ec2 endpoints", 4.0, 0.3));
            }
            "CreateTags" | "DeleteTags" => drawn.push(budget("ec2 tags", 100.0, 10.0)),
            _ if operation.starts_with("Describe") => {
                drawn.push(budget("ec2 describe", 100.0, 20.0));
            }
            _ => drawn.push(budget("ec2 change", 50.0, 5.0)),
        },
        "apigateway" => {
            match operation {
                "CreateRestApi" => drawn.push(budget("apigateway CreateRestApi", 1.0, 1.0 / 3.0)),
                "DeleteRestApi" => drawn.push(budget("apigateway DeleteRestApi", 1.0, 1.0 / 30.0)),
                "PutRestApi" => drawn.push(budget("apigateway PutRestApi", 1.0, 1.0)),
                "CreateDeployment" => {
                    drawn.push(budget("apigateway CreateDeployment", 1.0, 0.2));
                }
                "UpdateAccount" | "UpdateUsagePlan" => {
                    drawn.push(budget("apigateway slow updates", 1.0, 0.05));
                }
                "CreateResource" | "DeleteResource" | "CreateApiKey" | "DeleteApiKey" => {
                    drawn.push(budget("apigateway resources", 5.0, 5.0));
                }
                _ => {}
            }
            drawn.push(budget("apigateway", 40.0, 10.0));
        }
        "lambda" => match operation {
            "GetFunction" => drawn.push(budget("lambda GetFunction", 100.0, 100.0)),
            "GetPolicy" => drawn.push(budget("lambda GetPolicy", 15.0, 15.0)),
            _ => drawn.push(budget("lambda", 15.0, 15.0)),
        },
        "bedrock" => {
            let rate = match operation {
                "GetAgent" => 15.0,
                "GetAgentActionGroup" => 20.0,
                "CreateAgentActionGroup" => 12.0,
                "UpdateAgentActionGroup" | "CreateAgent" => 6.0,
                "UpdateAgent" => 4.0,
                "GetAgentAlias" => 10.0,
                _ if operation.starts_with("List") || operation.starts_with("Get") => 10.0,
                _ => 2.0,
            };
            drawn.push(budget("bedrock", rate, rate));
        }
        "iam" if operation.starts_with("Get") || operation.starts_with("List") => {
            drawn.push(budget("iam reads", 50.0, 10.0));
        }
        "iam" => drawn.push(budget("iam writes", 25.0, 5.0)),
        "logs" => drawn.push(budget("logs", 10.0, 5.0)),
        _ => {}
    }
    drawn
}

struct Bucket {
    tokens: f64,
    refill: f64,
    filled: Instant,
    closed_until: Instant,
}

/// The buckets of one run.
pub struct Pace {
    buckets: Mutex<HashMap<String, Bucket>>,
    scope: Scope,
    /// What pauses are spread by.
    spread: AtomicU32,
}

/// Whom the budgets bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A real account: AWS counts.
    Account,
    /// A local AWS, which counts nothing.
    Local,
}

impl Pace {
    pub fn new(scope: Scope) -> Self {
        let mut bytes = [0_u8; 4];
        // Without randomness the pauses of two runs are only less spread.
        let _ = getrandom::fill(&mut bytes);
        Self::spread_by(scope, u32::from_ne_bytes(bytes))
    }

    /// With pauses that are the same each time for the same number.
    pub fn spread_by(scope: Scope, number: u32) -> Self {
        Self { buckets: Mutex::default(), scope, spread: AtomicU32::new(number) }
    }

    /// Waits until every budget the action draws from has a token for it.
    #[expect(clippy::disallowed_methods, reason = "this is where calls are paced")]
    pub async fn admit(&self, action: &str) {
        if self.scope == Scope::Local {
            return;
        }
        for budget in budgets(action) {
            loop {
                let wait = self.take(action, &budget, Instant::now());
                if wait.is_zero() {
                    break;
                }
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// After a throttle: the bucket shrinks and stays shut for a moment, longer each time.
    #[expect(clippy::disallowed_methods, reason = "this is where calls are paced")]
    pub async fn hold_back(&self, action: &str, attempt: u32) {
        let pause = Duration::from_millis(250) * 2_u32.pow(attempt.min(5)) + self.jitter();
        let until = Instant::now() + pause;
        {
            let mut buckets = self.buckets.lock().expect("nothing panics while it holds this lock");
            for budget in budgets(action) {
                if let Some(bucket) = buckets.get_mut(&key(action, &budget)) {
                    bucket.refill = (bucket.refill / 2.0).max(budget.refill / 16.0);
                    bucket.closed_until = bucket.closed_until.max(until);
                    bucket.tokens = bucket.tokens.min(1.0);
                }
            }
        }
        tokio::time::sleep(pause).await;
    }

    /// Up to 100 ms, so that callers refused together do not come back together.
    fn jitter(&self) -> Duration {
        // The golden ratio: each number lies far from those just before it.
        let number = self.spread.fetch_add(0x9E37_79B9, Ordering::Relaxed);
        Duration::from_millis((u64::from(number) * 100) >> 32)
    }

    fn take(&self, action: &str, budget: &Budget, now: Instant) -> Duration {
        let mut buckets = self.buckets.lock().expect("nothing panics while it holds this lock");
        let bucket = buckets.entry(key(action, budget)).or_insert_with(|| Bucket {
            tokens: budget.capacity,
            refill: budget.refill,
            filled: now,
            closed_until: now,
        });
        let passed = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * bucket.refill).min(budget.capacity);
        bucket.filled = now;
        if now < bucket.closed_until {
            return bucket.closed_until - now;
        }
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            bucket.refill = (bucket.refill * 1.1).min(budget.refill);
            return Duration::ZERO;
        }
        Duration::from_secs_f64((1.0 - bucket.tokens) / bucket.refill)
    }
}

/// EC2 gives each changing call, and Bedrock each call, a bucket of its own.
fn key(action: &str, budget: &Budget) -> String {
    match budget.name {
        "ec2 change" | "bedrock" => action.to_owned(),
        name => name.to_owned(),
    }
}
