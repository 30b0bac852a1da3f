//! What a type's calls need: one row for each permission.

/// What a handler does when the call is made. Several are added up.
pub const READ: u8 = 1;
pub const CREATE: u8 = 2;
pub const UPDATE: u8 = 4;
pub const DELETE: u8 = 8;
/// Cairn's own tags are put on what is there.
pub const MARK: u8 = 16;
pub const WRITE: u8 = CREATE | UPDATE;

/// All that the handler of one type may need.
#[derive(Debug)]
pub struct Kind {
    pub type_name: &'static str,
    /// Its ARN, in the form of [`Need::resources`].
    pub arn: &'static str,
    pub needs: &'static [Need],
}

/// One permission, and when it is needed.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    pub on: u8,
    /// As IAM calls it, which for API Gateway is the HTTP method.
    pub action: &'static str,
    /// What follows account and region in an ARN of the action's service; `*` for everything.
    /// `{id}` is the physical id and `{id.1}` a part of it, `{Name}` a property; what is not known
    /// is `*`. `@Name` is a property that is an ARN, or names what has one.
    pub resources: &'static [&'static str],
    /// Only where one of these properties is given, or for an update has changed.
    pub with: &'static [&'static str],
    pub condition: Condition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    None,
    /// Who may be given the role.
    PassedTo(&'static str),
    /// Tags, only while this call makes what they are for.
    OnCreate(&'static str),
    /// Where no id is known yet: only what carries the stack's mark.
    Marked,
}

pub const fn need(on: u8, action: &'static str, resources: &'static [&'static str]) -> Need {
    Need { on, action, resources, with: &[], condition: Condition::None }
}

/// `iam:PassRole` for the role that a property names.
pub const fn pass(
    property: &'static [&'static str],
    resources: &'static [&'static str],
    service: &'static str,
) -> Need {
    need(WRITE, "iam:PassRole", resources).with(property).under(Condition::PassedTo(service))
}

/// The tags of what a call of EC2 makes.
pub const fn tagged(call: &'static str, resources: &'static [&'static str]) -> Need {
    need(CREATE, "ec2:CreateTags", resources).under(Condition::OnCreate(call))
}

impl Need {
    pub const fn with(self, properties: &'static [&'static str]) -> Self {
        Self { with: properties, ..self }
    }

    pub const fn marked(self) -> Self {
        self.under(Condition::Marked)
    }

    /// Whether it is for putting tags on what is there.
    pub fn tags(&self) -> bool {
        let is_put = self.resources.iter().all(|one| one.starts_with("/tags/"));
        self.on & WRITE != 0
            && !matches!(self.condition, Condition::OnCreate(_))
            && (self.action.contains(":Tag") || self.action == "ec2:CreateTags" || is_put)
    }

    const fn under(self, condition: Condition) -> Self {
        Self { condition, ..self }
    }
}

/// What IAM asks for when a call is made, by the call's name in Cairn. API Gateway knows methods of
/// HTTP, not operations.
pub fn action_of(call: &str) -> String {
    let Some(operation) = call.strip_prefix("apigateway:") else { return call.to_owned() };
    let method = match operation {
        "TagResource" => "PUT",
        "UntagResource" => "DELETE",
        _ => {
            let verbs = [
                ("Get", "GET"),
                ("Create", "POST"),
                ("Put", "PUT"),
                ("Update", "PATCH"),
                ("Delete", "DELETE"),
            ];
            verbs.iter().find(|(verb, _)| operation.starts_with(verb)).map_or("GET", |one| one.1)
        }
    };
    format!("apigateway:{method}")
}
