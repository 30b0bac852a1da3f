//! Where the emulators lie: what each does otherwise than AWS, and which part of the contract that
//! spoils. An entry that nothing needs any more fails the tests.
//!
//! What `MiniStack` does not tell of a property that it took is in the product's own table,
//! `cairn::local::blind_spots`, since every plan against it has to overlook the same.

use std::collections::BTreeSet;
use std::sync::Mutex;

use cairn::local::blind_spots::BLIND_SPOTS;
use cairn::plan::{Action, Plan};
use cairn::refresh::{Observation, Observed};
use cairn::state::State;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    MiniStack,
    Moto,
}

pub struct Lie {
    pub target: Target,
    pub type_name: &'static str,
    pub spoils: Spoils<'static>,
    /// What AWS does.
    pub aws: &'static str,
}

/// What a lie spoils.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoils<'a> {
    /// All of it: the emulator does not have the type.
    Type,
    /// A property reads otherwise than it was set.
    Telling(&'a str),
    /// The update that is about this property.
    Update(&'a str),
    /// An update of what is not there does not say so.
    UpdateOfAbsent,
    /// A delete of what is not there says something else than that.
    DeleteOfAbsent,
}

/// Both emulators keep what a patch says as the text it says it with, and the SDK refuses a text
/// where a number, a truth or a list belongs.
const TYPED_PATCHES: &str = "a patch is text, what it changes keeps its type";
/// One keeps the path's last part as it is written, the other nothing of it.
const MEDIA_TYPES: &str = "the path of the patch names the type, with `~1` for a slash";

pub const LIES: &[Lie] = &[
    Lie {
        target: Target::MiniStack,
        type_name: "AWS::Bedrock::Agent",
        spoils: Spoils::Update("TestAliasTags"),
        aws: "every agent has an alias TSTALIASID, which takes tags",
    },
    Lie {
        target: Target::MiniStack,
        type_name: "AWS::EC2::Route",
        spoils: Spoils::UpdateOfAbsent,
        aws: "ReplaceRoute says InvalidParameterValue: There is no route defined",
    },
    Lie {
        target: Target::MiniStack,
        type_name: "AWS::EC2::RouteTable",
        spoils: Spoils::UpdateOfAbsent,
        aws: "CreateTags says InvalidRouteTableID.NotFound",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::ApiKey",
        spoils: Spoils::Update("StageKeys"),
        aws: "UpdateApiKey adds and removes /stages, one by one",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::ApiKey",
        spoils: Spoils::Update("Tags"),
        aws: "TagResource takes the ARNs of all that have tags",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::RestApi",
        spoils: Spoils::Update("Tags"),
        aws: "TagResource takes the ARNs of all that have tags",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::UsagePlan",
        spoils: Spoils::Update("Tags"),
        aws: "TagResource takes the ARNs of all that have tags",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::Deployment",
        spoils: Spoils::Update("Description"),
        aws: "UpdateDeployment changes the description",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::Deployment",
        spoils: Spoils::UpdateOfAbsent,
        aws: "UpdateDeployment says NotFoundException",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::Method",
        spoils: Spoils::Update("ApiKeyRequired"),
        aws: "UpdateMethod changes it",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::Method",
        spoils: Spoils::Update("AuthorizationType"),
        aws: "UpdateMethod changes it",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::Method",
        spoils: Spoils::Update("OperationName"),
        aws: "UpdateMethod changes it",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::Method",
        spoils: Spoils::Update("RequestParameters"),
        aws: "UpdateMethod changes it",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::Method",
        spoils: Spoils::UpdateOfAbsent,
        aws: "UpdateMethod says NotFoundException",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::Resource",
        spoils: Spoils::DeleteOfAbsent,
        aws: "the answer is NotFoundException",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::RestApi",
        spoils: Spoils::DeleteOfAbsent,
        aws: "the answer is NotFoundException",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::UsagePlan",
        spoils: Spoils::DeleteOfAbsent,
        aws: "the answer is NotFoundException",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::UsagePlanKey",
        spoils: Spoils::DeleteOfAbsent,
        aws: "the answer is NotFoundException",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::RestApi",
        spoils: Spoils::Update("BinaryMediaTypes"),
        aws: MEDIA_TYPES,
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::RestApi",
        spoils: Spoils::Update("MinimumCompressionSize"),
        aws: "UpdateRestApi sets it",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::UsagePlan",
        spoils: Spoils::Update("ApiStages"),
        aws: TYPED_PATCHES,
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::UsagePlan",
        spoils: Spoils::Update("Quota"),
        aws: TYPED_PATCHES,
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::ApiGateway::UsagePlan",
        spoils: Spoils::Update("Throttle"),
        aws: TYPED_PATCHES,
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::Bedrock::Agent",
        spoils: Spoils::Type,
        aws: "it has agents",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::Bedrock::AgentAlias",
        spoils: Spoils::Type,
        aws: "it has agents",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::EC2::Route",
        spoils: Spoils::Update("VpcEndpointId"),
        aws: "ReplaceRoute takes an endpoint as CreateRoute does",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::EC2::Subnet",
        spoils: Spoils::Telling("PrivateDnsNameOptionsOnLaunch"),
        aws: "ModifySubnetAttribute sets them",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::EC2::VPCEndpoint",
        spoils: Spoils::Telling("IpAddressType"),
        aws: "DescribeVpcEndpoints tells it",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::EC2::VPCEndpoint",
        spoils: Spoils::Telling("PrivateDnsEnabled"),
        aws: "ModifyVpcEndpoint sets it",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::EC2::VPCEndpoint",
        spoils: Spoils::UpdateOfAbsent,
        aws: "ModifyVpcEndpoint says InvalidVpcEndpointId.NotFound",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::Lambda::Function",
        spoils: Spoils::Update("Architectures"),
        aws: "it can be changed",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::Lambda::Function",
        spoils: Spoils::Update("DeadLetterConfig"),
        aws: "it can be changed",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::Lambda::Function",
        spoils: Spoils::Update("EphemeralStorage"),
        aws: "it can be changed",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::Lambda::Function",
        spoils: Spoils::Update("LoggingConfig"),
        aws: "it can be changed",
    },
    Lie {
        target: Target::Moto,
        type_name: "AWS::Lambda::Function",
        spoils: Spoils::Update("TracingConfig"),
        aws: "it can be changed",
    },
];

/// The lies about one emulator, and which of them were met.
pub struct Excuses {
    target: Target,
    met: Mutex<BTreeSet<Met>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    Lie(usize),
    BlindSpot(usize),
}

impl Excuses {
    pub fn of(target: Target) -> Self {
        Self { target, met: Mutex::default() }
    }

    fn note(&self, met: Met) {
        self.met.lock().expect("nothing panics while it holds this lock").insert(met);
    }

    fn position(&self, type_name: &str, spoils: Spoils<'_>) -> Option<usize> {
        LIES.iter().position(|lie| {
            lie.target == self.target && lie.type_name == type_name && lie.spoils == spoils
        })
    }

    /// Whether the table says that this fails; asked only when it has failed.
    pub fn excuse(&self, type_name: &str, spoils: Spoils<'_>) -> bool {
        let position = self.position(type_name, spoils);
        if let Some(position) = position {
            self.note(Met::Lie(position));
        }
        position.is_some()
    }

    /// Whether the table says that this fails; asked before it is tried.
    pub fn lists(&self, type_name: &str, spoils: Spoils<'_>) -> bool {
        self.position(type_name, spoils).is_some()
    }

    /// The properties whose reading the tables call a lie.
    fn untold(&self) -> Vec<(Met, &'static str, &'static str)> {
        let lies = LIES.iter().enumerate().filter(|(_, lie)| lie.target == self.target);
        let mut untold: Vec<_> = lies
            .filter_map(|(position, lie)| match lie.spoils {
                Spoils::Telling(property) => Some((Met::Lie(position), lie.type_name, property)),
                _ => None,
            })
            .collect();
        if self.target == Target::MiniStack {
            untold.extend(
                BLIND_SPOTS.iter().enumerate().map(|(position, spot)| {
                    (Met::BlindSpot(position), spot.type_name, spot.property)
                }),
            );
        }
        untold
    }

    /// Takes what the emulator does not tell as it was applied.
    pub fn overlook(&self, state: &State, observed: &mut Observed) {
        if self.target == Target::MiniStack {
            cairn::local::blind_spots::overlook(state, observed);
        }
        let lies = self.untold().into_iter().filter(|(met, ..)| matches!(met, Met::Lie(_)));
        for (_, type_name, property) in lies {
            for (id, observation) in &mut observed.resources {
                let (Observation::Live(live), Some(current)) = (observation, state.current(id))
                else {
                    continue;
                };
                let Some(live) = live.properties.as_object_mut() else { continue };
                if current.type_name.as_str() == type_name {
                    live.remove(property);
                    let applied = current.properties.get(property).cloned();
                    live.extend(applied.map(|value| (property.to_owned(), value)));
                }
            }
        }
    }

    /// Notes which entries a plan needed: without overlooking it would change what it keeps.
    pub fn note_needed(&self, without: &Plan, with: &Plan) {
        for (met, type_name, property) in self.untold() {
            let changes = |plan: &Plan| {
                let steps = plan.steps.iter().filter(|step| step.action != Action::Create);
                steps
                    .filter(|step| step.type_name.as_str() == type_name)
                    .flat_map(|step| &step.changes)
                    .any(|change| top(&change.path) == property)
            };
            if changes(without) && !changes(with) {
                self.note(met);
            }
        }
    }

    /// The entries about these types that nothing needed.
    pub fn unneeded(&self, types: &[&str]) -> Vec<String> {
        let met = self.met.lock().expect("nothing panics while it holds this lock");
        let mut unneeded = Vec::new();
        for (position, lie) in LIES.iter().enumerate() {
            let is_asked = lie.target == self.target && types.contains(&lie.type_name);
            if is_asked && !met.contains(&Met::Lie(position)) {
                let Lie { target, type_name, spoils, aws } = lie;
                unneeded.push(format!("{target:?} {type_name} {spoils:?} ({aws}): not needed"));
            }
        }
        for (position, spot) in BLIND_SPOTS.iter().enumerate() {
            let is_asked = self.target == Target::MiniStack && types.contains(&spot.type_name);
            if is_asked && !met.contains(&Met::BlindSpot(position)) {
                let (type_name, property) = (spot.type_name, spot.property);
                unneeded.push(format!("blind spot {type_name} {property}: not needed"));
            }
        }
        unneeded
    }
}

/// The first key of a path.
pub fn top(path: &str) -> &str {
    path.split(['.', '[', '{']).next().unwrap_or(path)
}
