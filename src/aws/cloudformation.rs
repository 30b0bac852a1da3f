//! What CloudFormation tells of its own stacks. Nothing of it is changed.

use super::{Aws, Fault};

/// A resource of one of CloudFormation's stacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackResource {
    pub logical_id: String,
    pub physical_id: String,
    pub type_name: String,
}

impl Aws {
    /// What a stack of CloudFormation's has.
    ///
    /// # Errors
    ///
    /// When there is no such stack, or CloudFormation does not tell.
    pub async fn cloudformation_resources(&self, stack: &str) -> Result<Vec<StackResource>, Fault> {
        const ACTION: &str = "cloudformation:ListStackResources";
        let client = self.clients().cloudformation();
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            // DescribeStackResources tells the same, and of a hundred at most.
            let page = self
                .call(ACTION, || {
                    client
                        .list_stack_resources()
                        .stack_name(stack)
                        .set_next_token(next.clone())
                        .send()
                })
                .await?;
            for one in page.stack_resource_summaries.unwrap_or_default() {
                let status = one.resource_status.map(|status| status.as_str().to_owned());
                if status.is_some_and(|status| status == "DELETE_COMPLETE") {
                    continue;
                }
                let (Some(logical_id), Some(physical_id), Some(type_name)) =
                    (one.logical_resource_id, one.physical_resource_id, one.resource_type)
                else {
                    continue;
                };
                found.push(StackResource { logical_id, physical_id, type_name });
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// The template of one of CloudFormation's stacks, as it was given.
    ///
    /// # Errors
    ///
    /// When CloudFormation does not tell.
    pub async fn cloudformation_template(&self, stack: &str) -> Result<String, Fault> {
        const ACTION: &str = "cloudformation:GetTemplate";
        let client = self.clients().cloudformation();
        let answer = self.call(ACTION, || client.get_template().stack_name(stack).send()).await?;
        Ok(answer.template_body.unwrap_or_default())
    }
}
