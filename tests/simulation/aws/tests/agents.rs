//! The rules of Bedrock's agents.

use serde_json::{Value as Json, json};

use super::Story;
use crate::simulation::aws::account::{MINUTE, SECOND};

const TOKEN: &str = "a token of thirty-three letters and more";

impl Story {
    fn agent_request(&mut self, name: &str) -> Json {
        let role = self.role(&format!("role-of-{name}"), "bedrock");
        json!({
            "agentName": name, "agentResourceRoleArn": role, "foundationModel": "a.model",
            "instruction": "You keep a mountain hut, and you speak of the weather.",
        })
    }

    /// An agent that is made.
    fn agent(&mut self, name: &str) -> Json {
        let request = self.agent_request(name);
        let made = self.ok("bedrock:CreateAgent", request)["agent"]["agentId"].clone();
        self.wait(MINUTE);
        json!({"agentId": made, "agentVersion": "DRAFT"})
    }

    fn prepared(&mut self, name: &str) -> Json {
        let agent = self.agent(name);
        self.ok("bedrock:PrepareAgent", agent.clone());
        self.wait(MINUTE);
        agent
    }

    fn state(&mut self, agent: &Json) -> String {
        let told = self.ok("bedrock:GetAgent", agent.clone());
        told["agent"]["agentStatus"].as_str().expect("a text").to_owned()
    }

    fn alias(&mut self, agent: &Json, name: &str) -> Json {
        let mut request = agent.clone();
        request["agentAliasName"] = name.into();
        let made = self.ok("bedrock:CreateAgentAlias", request)["agentAlias"].clone();
        self.wait(MINUTE);
        made
    }
}

#[test]
fn an_agent_needs_a_role_that_is_seen_and_takes_one_token_once() {
    let mut story = Story::new();
    let trust = json!({"RoleName": "r", "AssumeRolePolicyDocument":
        r#"{"Statement": [{"Principal": {"Service": "bedrock.amazonaws.com"}}]}"#});
    let role = story.ok("iam:CreateRole", trust)["Role"]["Arn"].clone();
    let request = json!({
        "agentName": "keeper", "agentResourceRoleArn": role, "clientToken": TOKEN,
    });
    let early = story.call("bedrock:CreateAgent", request.clone()).expect_err("a young role");
    assert!(early.code == "ValidationException" && early.message.contains("unable to assume"));
    story.wait(10 * SECOND);
    let made = story.ok("bedrock:CreateAgent", request.clone());
    assert_eq!(made["agent"]["agentStatus"], "CREATING");
    assert_eq!(story.ok("bedrock:CreateAgent", request.clone()), made, "a token makes one");
    let mut other = request.clone();
    other["agentName"] = "other".into();
    assert_eq!(story.refused("bedrock:CreateAgent", other.clone()), "ConflictException");
    other["clientToken"] = "short".into();
    assert_eq!(story.refused("bedrock:CreateAgent", other), "ValidationException");
    // That the name is taken is told later.
    let mut again = request;
    again["clientToken"] = format!("{TOKEN}, another").into();
    let failed = story.ok("bedrock:CreateAgent", again)["agent"]["agentId"].clone();
    story.wait(MINUTE);
    let told = story.ok("bedrock:GetAgent", json!({"agentId": failed}))["agent"].clone();
    assert_eq!(told["agentStatus"], "FAILED");
    assert!(told["failureReasons"].to_string().contains("same name already exists"));
}

/// Whatever AWS does with an agent, it takes no change of it meanwhile.
#[test]
fn an_agent_at_work_takes_no_changes() {
    let mut story = Story::new();
    let request = story.agent_request("keeper");
    let made = story.ok("bedrock:CreateAgent", request.clone())["agent"]["agentId"].clone();
    let agent = json!({"agentId": made, "agentVersion": "DRAFT"});
    let mut update = request;
    update["agentId"] = made;
    let begin: [(&str, Json, &str, &str); 4] = [
        ("CREATING", json!(null), "", "NOT_PREPARED"),
        ("UPDATING", update.clone(), "bedrock:UpdateAgent", "NOT_PREPARED"),
        ("PREPARING", agent.clone(), "bedrock:PrepareAgent", "PREPARED"),
        (
            "VERSIONING",
            json!({"agentId": agent["agentId"], "agentAliasName": "live"}),
            "bedrock:CreateAgentAlias",
            "PREPARED",
        ),
    ];
    for (at_work, request, action, at_rest) in begin {
        if !action.is_empty() {
            story.ok(action, request);
        }
        assert_eq!(story.state(&agent), at_work);
        let mut group = agent.clone();
        group["actionGroupName"] = "desk".into();
        group["agentAliasName"] = "other".into();
        for action in [
            "PrepareAgent",
            "UpdateAgent",
            "CreateAgentActionGroup",
            "CreateAgentAlias",
            "DeleteAgent",
        ] {
            let mut members = update.clone();
            members
                .as_object_mut()
                .expect("an object")
                .extend(group.as_object().cloned().expect("an object"));
            let no = story.call(&format!("bedrock:{action}"), members).expect_err(at_work);
            assert_eq!(no.code, "ValidationException", "{action} while {at_work}");
            assert!(no.message.contains("Retry the request when the agent is in a valid state"));
        }
        story.wait(MINUTE);
        assert_eq!(story.state(&agent), at_rest, "after {at_work}");
    }
}

#[test]
fn every_part_unprepares_the_draft() {
    let mut story = Story::new();
    let base = json!({"knowledgeBaseId": "KB12345678"});
    let base = crate::simulation::aws::account::record(base);
    story.account.table("knowledge-base").insert("KB12345678".to_owned(), base);
    let agent = story.prepared("keeper");
    let with = |members: Json| {
        let mut all = agent.clone();
        all.as_object_mut().expect("an object").extend(members.as_object().cloned().expect("one"));
        all
    };
    let group = with(
        json!({"actionGroupName": "desk", "actionGroupExecutor": {"customControl": "RETURN_CONTROL"}}),
    );
    let made = story.ok("bedrock:CreateAgentActionGroup", group.clone());
    let own = with(json!({"actionGroupId": made["agentActionGroup"]["actionGroupId"]}));
    let no = story.call("bedrock:DeleteAgentActionGroup", own.clone()).expect_err("it is enabled");
    assert!(no.code == "ValidationException" && no.message.contains("when it is Enabled"));
    story.all_refused(&[
        ("bedrock:CreateAgentActionGroup", group, "ConflictException"),
        (
            "bedrock:CreateAgentActionGroup",
            with(json!({"actionGroupName": "q", "parentActionGroupSignature": "AMAZON.UserInput", "description": "x"})),
            "ValidationException",
        ),
        ("bedrock:AssociateAgentKnowledgeBase", with(json!({"knowledgeBaseId": "NONE"})), "ResourceNotFoundException"),
        ("bedrock:CreateAgentActionGroup", json!({"agentId": agent["agentId"], "agentVersion": "1", "actionGroupName": "x"}), "ValidationException"),
    ]);
    let mut skipping = own;
    skipping["skipResourceInUseCheck"] = json!(["true"]);
    let base = with(json!({"knowledgeBaseId": "KB12345678", "description": "x"}));
    for (action, members) in [
        ("AssociateAgentKnowledgeBase", base.clone()),
        ("UpdateAgentKnowledgeBase", base.clone()),
        ("DisassociateAgentKnowledgeBase", base),
        ("DeleteAgentActionGroup", skipping),
    ] {
        story.ok("bedrock:PrepareAgent", agent.clone());
        story.wait(MINUTE);
        story.ok(&format!("bedrock:{action}"), members);
        assert_eq!(story.state(&agent), "NOT_PREPARED", "{action}");
    }
}

#[test]
fn an_alias_cuts_a_version_of_what_was_prepared() {
    let mut story = Story::new();
    let agent = story.agent("keeper");
    let named = json!({"agentId": agent["agentId"], "agentAliasName": "live"});
    assert_eq!(story.refused("bedrock:CreateAgentAlias", named.clone()), "ValidationException");
    story.ok("bedrock:PrepareAgent", agent.clone());
    story.wait(MINUTE);
    let alias = story.alias(&agent, "live");
    let at = json!({"agentId": agent["agentId"], "agentAliasId": alias["agentAliasId"], "agentAliasName": "live"});
    let routes = |story: &mut Story| {
        let live = story.ok("bedrock:GetAgentAlias", at.clone())["agentAlias"].clone();
        assert_eq!(live["agentAliasStatus"], "PREPARED");
        live["routingConfiguration"][0]["agentVersion"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(routes(&mut story), "1");
    story.ok("bedrock:UpdateAgentAlias", at.clone());
    assert_eq!(
        story.refused("bedrock:UpdateAgentAlias", at.clone()),
        "ValidationException",
        "versioning"
    );
    story.wait(MINUTE);
    assert_eq!(routes(&mut story), "2", "each update without a routing cuts one");
    let mut routed = at.clone();
    for (version, outcome) in
        [("DRAFT", "ValidationException"), ("7", "ResourceNotFoundException"), ("1", "")]
    {
        routed["routingConfiguration"] = json!([{"agentVersion": version}]);
        let told = story.call("bedrock:UpdateAgentAlias", routed.clone());
        assert_eq!(told.map_or_else(|no| no.code, |_| String::new()), outcome, "{version}");
    }
    story.wait(MINUTE);
    assert_eq!(routes(&mut story), "1");
    story.all_refused(&[
        ("bedrock:CreateAgentAlias", named, "ConflictException"),
        ("bedrock:DeleteAgent", agent.clone(), "ConflictException"),
    ]);
    story.ok("bedrock:DeleteAgentAlias", at.clone());
    assert_eq!(
        story.refused("bedrock:DeleteAgentAlias", at),
        "ValidationException",
        "on its way out"
    );
    story.wait(MINUTE);
    story.ok("bedrock:DeleteAgent", agent.clone());
    assert_eq!(story.state(&agent), "DELETING");
    story.wait(MINUTE);
    assert_eq!(story.refused("bedrock:GetAgent", agent), "ResourceNotFoundException");
    for table in ["agent-alias", "agent-version", "action-group"] {
        assert_eq!(story.account.records(table).count(), 0, "{table} went with it");
    }
}

#[test]
fn a_supervisor_has_collaborators_and_they_stay_while_it_has() {
    let mut story = Story::new();
    let worker = story.prepared("worker");
    let alias = story.alias(&worker, "live");
    let mut request = story.agent_request("leader");
    request["agentCollaboration"] = "SUPERVISOR".into();
    let leader = story.ok("bedrock:CreateAgent", request.clone())["agent"]["agentId"].clone();
    story.wait(MINUTE);
    let leader = json!({"agentId": leader, "agentVersion": "DRAFT"});
    let no = story.call("bedrock:PrepareAgent", leader.clone()).expect_err("nobody works for it");
    assert!(no.message.contains("no agent collaborators are added"));
    let mut link = leader.clone();
    link["collaboratorName"] = "worker".into();
    link["agentDescriptor"] = json!({"aliasArn": alias["agentAliasArn"]});
    let made = story.ok("bedrock:AssociateAgentCollaborator", link.clone());
    let at = json!({"agentId": worker["agentId"], "agentAliasId": alias["agentAliasId"]});
    request["agentId"] = leader["agentId"].clone();
    request["agentCollaboration"] = "DISABLED".into();
    story.all_refused(&[
        ("bedrock:AssociateAgentCollaborator", link, "ConflictException"),
        ("bedrock:DeleteAgentAlias", at.clone(), "ValidationException"),
        ("bedrock:UpdateAgent", request.clone(), "ConflictException"),
    ]);
    story.ok("bedrock:PrepareAgent", leader.clone());
    story.wait(MINUTE);
    let mut gone = leader;
    gone["collaboratorId"] = made["agentCollaborator"]["collaboratorId"].clone();
    story.ok("bedrock:DisassociateAgentCollaborator", gone);
    story.ok("bedrock:UpdateAgent", request);
    story.ok("bedrock:DeleteAgentAlias", at);
}
