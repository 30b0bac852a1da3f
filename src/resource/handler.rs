//! The engine's view of a type: the same operations over untyped values.

use std::collections::BTreeMap;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use serde_json::Value as Json;

use super::{
    Completion, Created, Deletion, Follows, Known, Live, Lock, Mark, Name, Progress, Removal,
    Repeat, Resource, Rule, Uniqueness, Verdict,
};
use crate::aws::{Aws, Fault, FaultKind};
use crate::schema;
use crate::value::PhysicalId;

/// A future behind a pointer: what a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// A resource the engine knows of.
pub type KnownJson<'a> = Known<'a, Json>;
/// A resource as AWS has it, properties in the schema's spelling.
pub type LiveJson = Live<Json>;

/// What the engine may ask of a type.
pub trait Handler: Send + Sync {
    fn type_name(&self) -> &'static str;
    fn read_batch(&self) -> usize;
    fn patience(&self) -> Duration;
    fn delete_patience(&self) -> Duration;
    fn rules(&self) -> &'static [(&'static str, Rule)];
    fn unsupported(&self) -> &'static [(&'static str, &'static str)];
    fn name(&self) -> Option<Name>;
    fn follows(&self) -> Option<Follows>;
    fn occupies(&self) -> &'static [&'static str];
    fn occupies_with(&self) -> Option<&'static str>;
    fn alone(&self) -> Option<&'static [&'static str]>;
    /// Its name, where no two may have it.
    fn name_key(&self) -> Option<&'static [&'static str]>;
    fn lingers_in(&self) -> &'static [&'static str];
    fn gone_with(&self) -> Option<&'static str>;
    fn lock(&self) -> Option<Lock>;
    fn removal(&self) -> Removal;
    fn repeat(&self) -> Repeat;
    fn completion(&self) -> Completion;
    fn reference(&self, id: &PhysicalId) -> String;
    fn identify(&self, text: &str, properties: &Json) -> PhysicalId;
    fn replaces(&self, path: &str, from: &Json, to: &Json) -> Verdict;
    fn classify(&self, code: &str, message: &str) -> Option<FaultKind>;
    /// Whether the properties fit the type, as its handler reads them.
    ///
    /// # Errors
    ///
    /// What does not fit, in serde's words.
    fn check(&self, properties: &Json) -> Result<(), String>;

    fn read<'a>(
        &'a self,
        aws: &'a Aws,
        known: &'a [KnownJson<'a>],
    ) -> BoxFuture<'a, Result<BTreeMap<PhysicalId, LiveJson>, Fault>>;
    fn create<'a>(
        &'a self,
        aws: &'a Aws,
        props: &'a Json,
        mark: &'a Mark,
    ) -> BoxFuture<'a, Result<Created, Fault>>;
    fn complete<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a PhysicalId,
        props: &'a Json,
        mark: &'a Mark,
    ) -> BoxFuture<'a, Result<Progress, Fault>>;
    fn update<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a PhysicalId,
        from: &'a Json,
        to: &'a Json,
    ) -> BoxFuture<'a, Result<Progress, Fault>>;
    fn roll<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a PhysicalId,
        from: &'a Json,
        to: &'a Json,
    ) -> BoxFuture<'a, Result<Progress, Fault>>;
    fn delete<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a PhysicalId,
        props: &'a Json,
    ) -> BoxFuture<'a, Result<Deletion, Fault>>;
    fn find<'a>(
        &'a self,
        aws: &'a Aws,
        props: &'a Json,
        mark: &'a Mark,
    ) -> BoxFuture<'a, Result<Vec<PhysicalId>, Fault>>;
    fn marks<'a>(
        &'a self,
        aws: &'a Aws,
        stack: &'a str,
        props: &'a Json,
    ) -> BoxFuture<'a, Result<Option<Vec<Mark>>, Fault>>;
}

/// The adaptor from a typed [`Resource`].
pub struct Typed<R>(PhantomData<R>);

impl<R> Typed<R> {
    pub const NEW: Self = Self(PhantomData);
}

fn typed<R: Resource>(operation: &str, properties: &Json) -> Result<R::Props, Fault> {
    let fitting = R::Props::deserialize_from(properties).or_else(|error| {
        let Some(facts) = schema::facts(R::TYPE) else { return Err(error) };
        R::Props::deserialize_from(&schema::without_stand_ins(facts, properties)).map_err(|_| error)
    });
    fitting.map_err(|error| {
        Fault::invalid(
            &format!("{operation} of {}", R::TYPE),
            format!("its properties do not fit: {error}"),
        )
    })
}

/// `serde_json::from_value` without giving the value away.
trait FromJson: Sized {
    fn deserialize_from(json: &Json) -> Result<Self, serde_json::Error>;
}

impl<T: serde::de::DeserializeOwned> FromJson for T {
    fn deserialize_from(json: &Json) -> Result<Self, serde_json::Error> {
        T::deserialize(json)
    }
}

/// Absent is absent: `None` fields are not there.
fn without_nulls(json: Json) -> Json {
    match json {
        Json::Object(entries) => Json::Object(
            entries
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key, without_nulls(value)))
                .collect(),
        ),
        Json::Array(items) => Json::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

fn classified<R: Resource, T>(result: Result<T, Fault>) -> Result<T, Fault> {
    result.map_err(|mut fault| {
        if let Some(kind) = R::classify(&fault.code, &fault.message) {
            fault.kind = kind;
        }
        fault
    })
}

impl<R: Resource> Handler for Typed<R> {
    fn type_name(&self) -> &'static str {
        R::TYPE
    }

    fn read_batch(&self) -> usize {
        R::READ_BATCH
    }

    fn patience(&self) -> Duration {
        R::PATIENCE
    }

    fn delete_patience(&self) -> Duration {
        R::DELETE_PATIENCE
    }

    fn rules(&self) -> &'static [(&'static str, Rule)] {
        R::RULES
    }

    fn unsupported(&self) -> &'static [(&'static str, &'static str)] {
        R::UNSUPPORTED
    }

    fn name(&self) -> Option<Name> {
        R::NAME
    }

    fn follows(&self) -> Option<Follows> {
        R::FOLLOWS
    }

    fn occupies(&self) -> &'static [&'static str] {
        R::OCCUPIES
    }

    fn occupies_with(&self) -> Option<&'static str> {
        R::OCCUPIES_WITH
    }

    fn alone(&self) -> Option<&'static [&'static str]> {
        R::ALONE
    }

    fn name_key(&self) -> Option<&'static [&'static str]> {
        match &R::NAME {
            Some(Name { property, unique: Uniqueness::Unique, .. }) => {
                Some(std::slice::from_ref(property))
            }
            _ => None,
        }
    }

    fn lingers_in(&self) -> &'static [&'static str] {
        R::LINGERS_IN
    }

    fn gone_with(&self) -> Option<&'static str> {
        R::GONE_WITH
    }

    fn lock(&self) -> Option<Lock> {
        R::LOCK
    }

    fn completion(&self) -> Completion {
        R::COMPLETION
    }

    fn removal(&self) -> Removal {
        R::REMOVAL
    }

    fn repeat(&self) -> Repeat {
        R::REPEAT
    }

    fn reference(&self, id: &PhysicalId) -> String {
        R::reference(id)
    }

    fn identify(&self, text: &str, properties: &Json) -> PhysicalId {
        match typed::<R>("identify", properties) {
            Ok(props) => R::identify(text, &props),
            Err(_) => PhysicalId::new(text),
        }
    }

    fn replaces(&self, path: &str, from: &Json, to: &Json) -> Verdict {
        R::replaces(path, from, to)
    }

    fn classify(&self, code: &str, message: &str) -> Option<FaultKind> {
        R::classify(code, message)
    }

    fn check(&self, properties: &Json) -> Result<(), String> {
        R::Props::deserialize_from(properties).map(|_| ()).map_err(|error| error.to_string())
    }

    fn read<'a>(
        &'a self,
        aws: &'a Aws,
        known: &'a [KnownJson<'a>],
    ) -> BoxFuture<'a, Result<BTreeMap<PhysicalId, LiveJson>, Fault>> {
        Box::pin(async move {
            let props = known
                .iter()
                .map(|one| typed::<R>("read", one.properties))
                .collect::<Result<Vec<_>, _>>()?;
            let typed_known: Vec<_> = known
                .iter()
                .zip(&props)
                .map(|(one, properties)| Known { id: one.id, properties })
                .collect();
            let live = classified::<R, _>(R::default().read(aws, &typed_known).await)?;
            live.into_iter()
                .map(|(id, one)| {
                    let properties = serde_json::to_value(one.properties).map_err(|error| {
                        Fault::invalid(&format!("read of {}", R::TYPE), error.to_string())
                    })?;
                    let properties = without_nulls(properties);
                    Ok((id, Live { properties, attributes: one.attributes, status: one.status }))
                })
                .collect()
        })
    }

    fn create<'a>(
        &'a self,
        aws: &'a Aws,
        props: &'a Json,
        mark: &'a Mark,
    ) -> BoxFuture<'a, Result<Created, Fault>> {
        Box::pin(async move {
            let props = typed::<R>("create", props)?;
            classified::<R, _>(R::default().create(aws, &props, mark).await)
        })
    }

    fn complete<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a PhysicalId,
        props: &'a Json,
        mark: &'a Mark,
    ) -> BoxFuture<'a, Result<Progress, Fault>> {
        Box::pin(async move {
            let props = typed::<R>("create", props)?;
            classified::<R, _>(R::default().complete(aws, id, &props, mark).await)
        })
    }

    fn update<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a PhysicalId,
        from: &'a Json,
        to: &'a Json,
    ) -> BoxFuture<'a, Result<Progress, Fault>> {
        Box::pin(async move {
            let from = typed::<R>("update", from)?;
            let to = typed::<R>("update", to)?;
            classified::<R, _>(R::default().update(aws, id, &from, &to).await)
        })
    }

    fn roll<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a PhysicalId,
        from: &'a Json,
        to: &'a Json,
    ) -> BoxFuture<'a, Result<Progress, Fault>> {
        Box::pin(async move {
            let from = typed::<R>("update", from)?;
            let to = typed::<R>("update", to)?;
            classified::<R, _>(R::default().roll(aws, id, &from, &to).await)
        })
    }

    fn delete<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a PhysicalId,
        props: &'a Json,
    ) -> BoxFuture<'a, Result<Deletion, Fault>> {
        Box::pin(async move {
            let props = typed::<R>("delete", props)?;
            match classified::<R, _>(R::default().delete(aws, id, &props).await) {
                Err(fault) if fault.is(FaultKind::NotFound) => Ok(Deletion::NotFound),
                outcome => outcome.map(|()| Deletion::Accepted),
            }
        })
    }

    fn find<'a>(
        &'a self,
        aws: &'a Aws,
        props: &'a Json,
        mark: &'a Mark,
    ) -> BoxFuture<'a, Result<Vec<PhysicalId>, Fault>> {
        Box::pin(async move {
            let props = typed::<R>("find", props)?;
            classified::<R, _>(R::default().find(aws, &props, mark).await)
        })
    }

    fn marks<'a>(
        &'a self,
        aws: &'a Aws,
        stack: &'a str,
        props: &'a Json,
    ) -> BoxFuture<'a, Result<Option<Vec<Mark>>, Fault>> {
        Box::pin(async move {
            let props = typed::<R>("find", props)?;
            classified::<R, _>(R::default().marks(aws, stack, &props).await)
        })
    }
}
