//! The network interfaces Lambda leaves behind: they stay in a function's subnets and groups for 20
//! to 45 minutes after the function is gone, and hold both.
//!
//! One that Lambda has detached is `available`, and nothing needs it any more: it is deleted here
//! rather than waited for. One that is still attached is Lambda's to detach.

use aws_sdk_ec2::types::{NetworkInterface, NetworkInterfaceStatus};

use super::ec2_tags;
use crate::aws::{Aws, Fault, FaultKind};

/// How Lambda describes its interfaces. Nothing else tells them from others: even their type
/// changes to `interface` once they are detached.
const LAMBDA: &str = "AWS Lambda VPC ENI";

/// What to answer when a subnet or group could not be deleted: where something still uses it, the
/// same fault, with the interfaces that remain after a sweep named in it.
pub async fn explain(aws: &Aws, fault: Fault, filter_name: &str, id: &str) -> Fault {
    if !fault.is(FaultKind::InUse) {
        return fault;
    }
    let why = match sweep(aws, filter_name, id).await {
        Ok(remaining) if remaining.is_empty() => return fault,
        Ok(remaining) => format!("it is still used by {}", remaining.join(", ")),
        Err(unknown) => format!("its network interfaces could not be swept: {unknown}"),
    };
    Fault { message: format!("{}; {why}", fault.message), ..fault }
}

/// Deletes the interfaces Lambda has left behind in a subnet (`subnet-id`) or group (`group-id`)
/// and says which interfaces remain, and whose they are.
pub async fn sweep(aws: &Aws, filter_name: &str, id: &str) -> Result<Vec<String>, Fault> {
    let mut remaining = Vec::new();
    for interface in interfaces(aws, filter_name, id).await? {
        if !(is_abandoned(&interface) && delete(aws, &interface).await?) {
            remaining.push(describe(&interface));
        }
    }
    Ok(remaining)
}

/// The interfaces of a subnet or group, checked again here since not every endpoint filters.
async fn interfaces(
    aws: &Aws,
    filter_name: &str,
    id: &str,
) -> Result<Vec<NetworkInterface>, Fault> {
    let mut interfaces = ec2_tags::pages(|next| async move {
        let page = aws
            .call("ec2:DescribeNetworkInterfaces", || {
                aws.ec2()
                    .describe_network_interfaces()
                    .filters(ec2_tags::filter(filter_name, [id.to_owned()]))
                    .set_next_token(next.clone())
                    .send()
            })
            .await?;
        Ok((page.network_interfaces, page.next_token))
    })
    .await?;
    interfaces.retain(|interface| {
        interface.subnet_id() == Some(id)
            || interface.groups().iter().any(|group| group.group_id() == Some(id))
    });
    Ok(interfaces)
}

fn is_abandoned(interface: &NetworkInterface) -> bool {
    interface.status() == Some(&NetworkInterfaceStatus::Available)
        && interface.description().is_some_and(|text| text.starts_with(LAMBDA))
}

/// Whether it is gone now. Lambda may take it up again, or remove it, at the same moment.
async fn delete(aws: &Aws, interface: &NetworkInterface) -> Result<bool, Fault> {
    let deleted = aws
        .call("ec2:DeleteNetworkInterface", || {
            aws.ec2()
                .delete_network_interface()
                .set_network_interface_id(interface.network_interface_id.clone())
                .send()
        })
        .await;
    match deleted {
        Ok(_) => Ok(true),
        Err(fault) if fault.is(FaultKind::NotFound) => Ok(true),
        Err(fault) if fault.is(FaultKind::InUse) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// An interface and who owns it, as far as AWS tells.
fn describe(interface: &NetworkInterface) -> String {
    let attachment = interface.attachment();
    let owner = [
        interface.description(),
        attachment.and_then(|attachment| attachment.instance_id()),
        attachment.and_then(|attachment| attachment.instance_owner_id()),
        interface.requester_id(),
    ]
    .into_iter()
    .flatten()
    .find(|text| !text.is_empty());
    let id = interface.network_interface_id().unwrap_or("unnamed");
    let status = interface.status().map_or("state unknown", NetworkInterfaceStatus::as_str);
    match interface.description().and_then(function) {
        Some(function) => format!("network interface `{id}` of function `{function}` ({status})"),
        None => {
            let owner = owner.unwrap_or("owner unknown");
            format!("network interface `{id}` ({owner}, {status})")
        }
    }
}

/// The function an interface is for: `AWS Lambda VPC ENI-my-function-` and a UUID.
fn function(description: &str) -> Option<&str> {
    const UUID_LENGTH: usize = 36;
    let rest = description.strip_prefix(LAMBDA)?.strip_prefix('-')?;
    let name = rest.get(..rest.len().checked_sub(UUID_LENGTH + 1)?)?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_tells_its_function() {
        let named =
            "AWS Lambda VPC ENI-persona-agent-Function-4f2a-1b4e28ba-2fa1-11d2-883f-0016d3cca427";
        assert_eq!(function(named), Some("persona-agent-Function-4f2a"));
        for other in ["AWS Lambda VPC ENI", "AWS Lambda VPC ENI-short", "Interface for NAT Gateway"]
        {
            assert_eq!(function(other), None, "{other}");
        }
    }
}
