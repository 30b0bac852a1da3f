//! Where the schemas and what CloudFormation does part: a short list, because a change here is a
//! claim about AWS that no file backs.

use super::facts::{CUSTOM_RESOURCE, Kind, Shape, TypeFacts};

/// What is different at a path.
enum Amendment {
    /// It is of this type, whatever the schema says.
    Is(Kind),
    /// It also has properties that Cairn itself puts there.
    Has(&'static [&'static str]),
    /// A list whose order matters, although the schema calls its items unique.
    Ordered,
    /// It takes properties and offers attributes that no schema can know.
    Open,
    /// `Fn::GetAtt` offers this too, or what is in it.
    Offers,
}

const AMENDMENTS: &[(&str, &str, Amendment)] = &[
    // A template may write `true`, the API wants a boolean, and "true" is how CloudFormation takes
    // it from a parameter.
    ("AWS::ApiGateway::Method", "MethodResponses[].ResponseParameters{}", Is(Kind::Boolean)),
    ("AWS::ApiGateway::Method", "RequestParameters{}", Is(Kind::Boolean)),
    // What its function takes and answers.
    (CUSTOM_RESOURCE, "", Open),
    // The outputs of its template.
    ("AWS::CloudFormation::Stack", "Outputs", Offers),
    ("AWS::EC2::DHCPOptions", "DomainNameServers", Ordered),
    ("AWS::EC2::DHCPOptions", "NetbiosNameServers", Ordered),
    ("AWS::Lambda::Function", "Code", Has(&ASSET)),
    // Whatever a template writes, a process sees text.
    ("AWS::Lambda::Function", "Environment.Variables{}", Is(Kind::String)),
    ("AWS::Lambda::Function", "ImageConfig.Command", Ordered),
    ("AWS::Lambda::Function", "ImageConfig.EntryPoint", Ordered),
    // A later layer covers the files of an earlier one.
    ("AWS::Lambda::Function", "Layers", Ordered),
];

use Amendment::{Has, Is, Offers, Open, Ordered};

/// Code that Cairn packs from a local path.
const ASSET: [&str; 2] = ["AssetPath", "AssetSha256"];

/// Properties to which AWS adds values faster than schemas are published: a value that is not
/// known is worth a warning, not a refusal.
const GROWING: &[&str] = &[
    "CompatibleRuntimes",
    "EmbeddingModelArn",
    "FoundationModel",
    "ModelArn",
    "ModelId",
    "ParentActionGroupSignature",
    "PromptType",
    "Runtime",
];

/// Whether AWS keeps adding values to the property of this name.
pub(super) fn is_growing(name: &str) -> bool {
    GROWING.contains(&name)
}

/// Whether the property is Cairn's own and not to be suggested to anyone.
pub(super) fn is_own(name: &str) -> bool {
    ASSET.contains(&name)
}

pub(super) fn amend(facts: &mut TypeFacts) {
    for (_, path, amendment) in AMENDMENTS.iter().filter(|(name, ..)| *name == facts.type_name) {
        if matches!(amendment, Offers) {
            facts.attributes.push((*path).to_owned());
        }
        let Some(shape) = facts.properties.at_mut(path) else { continue };
        match amendment {
            Offers => {}
            Open => {
                facts.open = true;
                shape.values = Some(Box::new(Shape { kinds: vec![Kind::Any], ..Shape::default() }));
            }
            Is(kind) => shape.kinds = vec![*kind],
            Has(names) => shape.properties.extend(names.iter().map(|name| {
                ((*name).to_owned(), Shape { kinds: vec![Kind::String], ..Shape::default() })
            })),
            Ordered => shape.unordered = false,
        }
    }
}

/// Every amended path, for the test that it is there to amend.
#[cfg(test)]
pub(super) fn amended() -> impl Iterator<Item = (&'static str, &'static str)> {
    let shapes = AMENDMENTS.iter().filter(|(.., amendment)| !matches!(amendment, Offers));
    shapes.map(|(type_name, path, _)| (*type_name, *path))
}
