//! What the types of IAM need. A role, user or group that is named from elsewhere may have a path.

use super::need::{CREATE, DELETE, Kind, READ, UPDATE, WRITE, need};

const ROLE: &[&str] = &["role{Path}{RoleName}"];
const POLICY: &[&str] = &["policy{Path}{ManagedPolicyName}"];
const ROLES: &[&str] = &["role/{Roles}", "role/*/{Roles}"];
const USERS: &[&str] = &["user/{Users}", "user/*/{Users}"];
const GROUPS: &[&str] = &["group/{Groups}", "group/*/{Groups}"];
/// A change of the policy is written to all who have it; without any, there is no resource.
const ROLES_OR_CONTENT: &[&str] = &["Roles", "PolicyDocument", "PolicyName"];
const USERS_OR_CONTENT: &[&str] = &["Users", "PolicyDocument", "PolicyName"];
const GROUPS_OR_CONTENT: &[&str] = &["Groups", "PolicyDocument", "PolicyName"];

pub const KINDS: &[Kind] = &[
    Kind {
        type_name: "AWS::IAM::Role",
        arn: "role{Path}{RoleName}",
        needs: &[
            need(READ, "iam:GetRole", ROLE),
            need(READ, "iam:GetRolePolicy", ROLE).with(&["Policies"]),
            need(READ, "iam:ListAttachedRolePolicies", ROLE).with(&["ManagedPolicyArns"]),
            need(CREATE, "iam:CreateRole", ROLE),
            need(CREATE, "iam:TagRole", ROLE),
            need(WRITE, "iam:PutRolePolicy", ROLE).with(&["Policies"]),
            need(WRITE, "iam:AttachRolePolicy", ROLE).with(&["ManagedPolicyArns"]),
            need(UPDATE | DELETE, "iam:DeleteRolePolicy", ROLE).with(&["Policies"]),
            need(UPDATE | DELETE, "iam:DetachRolePolicy", ROLE).with(&["ManagedPolicyArns"]),
            need(UPDATE, "iam:UpdateAssumeRolePolicy", ROLE).with(&["AssumeRolePolicyDocument"]),
            need(UPDATE, "iam:UpdateRole", ROLE).with(&["Description", "MaxSessionDuration"]),
            need(WRITE, "iam:PutRolePermissionsBoundary", ROLE).with(&["PermissionsBoundary"]),
            need(UPDATE, "iam:DeleteRolePermissionsBoundary", ROLE).with(&["PermissionsBoundary"]),
            need(UPDATE, "iam:TagRole", ROLE).with(&["Tags"]),
            need(UPDATE, "iam:UntagRole", ROLE).with(&["Tags"]),
            need(DELETE, "iam:DeleteRole", ROLE),
            // What keeps a role from going.
            need(DELETE, "iam:ListAttachedRolePolicies", ROLE),
            need(DELETE, "iam:ListRolePolicies", ROLE),
            need(DELETE, "iam:ListInstanceProfilesForRole", ROLE),
            need(DELETE, "iam:RemoveRoleFromInstanceProfile", &["instance-profile/*"]),
        ],
    },
    Kind {
        type_name: "AWS::IAM::Policy",
        arn: "role/{Roles}",
        needs: &[
            need(READ, "iam:GetRolePolicy", ROLES).with(&["Roles"]),
            need(READ, "iam:GetUserPolicy", USERS).with(&["Users"]),
            need(READ, "iam:GetGroupPolicy", GROUPS).with(&["Groups"]),
            need(WRITE, "iam:PutRolePolicy", ROLES).with(ROLES_OR_CONTENT),
            need(WRITE, "iam:PutUserPolicy", USERS).with(USERS_OR_CONTENT),
            need(WRITE, "iam:PutGroupPolicy", GROUPS).with(GROUPS_OR_CONTENT),
            need(UPDATE | DELETE, "iam:DeleteRolePolicy", ROLES).with(&["Roles", "PolicyName"]),
            need(UPDATE | DELETE, "iam:DeleteUserPolicy", USERS).with(&["Users", "PolicyName"]),
            need(UPDATE | DELETE, "iam:DeleteGroupPolicy", GROUPS).with(&["Groups", "PolicyName"]),
        ],
    },
    Kind {
        type_name: "AWS::IAM::ManagedPolicy",
        arn: "policy{Path}{ManagedPolicyName}",
        needs: &[
            need(READ, "iam:GetPolicy", POLICY),
            need(READ, "iam:GetPolicyVersion", POLICY),
            need(READ, "iam:ListEntitiesForPolicy", POLICY),
            need(CREATE, "iam:CreatePolicy", POLICY),
            need(CREATE, "iam:TagPolicy", POLICY),
            need(WRITE, "iam:AttachRolePolicy", ROLES).with(&["Roles"]),
            need(WRITE, "iam:AttachUserPolicy", USERS).with(&["Users"]),
            need(WRITE, "iam:AttachGroupPolicy", GROUPS).with(&["Groups"]),
            need(UPDATE, "iam:CreatePolicyVersion", POLICY).with(&["PolicyDocument"]),
            need(UPDATE | DELETE, "iam:ListPolicyVersions", POLICY),
            need(UPDATE | DELETE, "iam:DeletePolicyVersion", POLICY),
            // Whoever has it has to let it go first.
            need(UPDATE | DELETE, "iam:DetachRolePolicy", &["role/*"]).with(&["Roles"]),
            need(UPDATE | DELETE, "iam:DetachUserPolicy", &["user/*"]).with(&["Users"]),
            need(UPDATE | DELETE, "iam:DetachGroupPolicy", &["group/*"]).with(&["Groups"]),
            need(DELETE, "iam:DeletePolicy", POLICY),
        ],
    },
];
