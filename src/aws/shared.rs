//! Reads that several resources need, made once.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;

use super::Fault;

type Answer = Result<Arc<dyn Any + Send + Sync>, Fault>;

#[derive(Default)]
pub struct Shared {
    answers: Mutex<HashMap<String, Arc<OnceCell<Answer>>>>,
    /// How many of each type are read.
    of_types: BTreeMap<String, usize>,
}

impl Shared {
    /// For reads of so many of each type.
    pub fn of(of_types: BTreeMap<String, usize>) -> Self {
        Self { of_types, ..Self::default() }
    }

    pub fn count(&self, type_name: &str) -> usize {
        self.of_types.get(type_name).copied().unwrap_or_default()
    }

    pub async fn get<T, F>(&self, key: String, read: impl FnOnce() -> F) -> Result<Arc<T>, Fault>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, Fault>> + Send,
    {
        let cell = {
            let mut answers = self.answers.lock().expect("nothing panics while it holds this lock");
            Arc::clone(answers.entry(key.clone()).or_default())
        };
        let answer = cell
            .get_or_init(|| async {
                read().await.map(|answer| Arc::new(answer) as Arc<dyn Any + Send + Sync>)
            })
            .await;
        match answer {
            Ok(answer) => Arc::clone(answer)
                .downcast::<T>()
                .map_err(|_| Fault::invalid(&key, "one key was used for two kinds of read")),
            Err(fault) => Err(fault.clone()),
        }
    }
}
