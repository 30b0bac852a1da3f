//! `Fn::Cidr`: the first blocks of a size within a block.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The first `count` blocks with `host_bits` host bits in `block`.
///
/// # Errors
///
/// Why they cannot be had.
pub fn split(block: &str, count: u32, host_bits: u32) -> Result<Vec<String>, String> {
    let network: IpNet = block.parse().map_err(|_| format!("`{block}` is not a CIDR block"))?;
    let network = network.trunc();
    let width = u32::from(network.max_prefix_len());
    if !(1..=256).contains(&count) {
        return Err(format!("{count} blocks were asked for: 1 to 256 can be"));
    }
    if host_bits > width {
        return Err(format!("{host_bits} host bits do not fit an address of {width}"));
    }
    let prefix = width - host_bits;
    let own = u32::from(network.prefix_len());
    if prefix < own {
        return Err(format!("a /{prefix} is larger than the block `{block}` itself"));
    }
    let available = prefix - own;
    if available < 32 && u64::from(count) > 1_u64 << available {
        return Err(format!(
            "`{block}` holds {} blocks of /{prefix}, {count} were asked for",
            1_u64 << available
        ));
    }
    Ok((0..u128::from(count)).map(|index| nth(&network, index, host_bits, prefix)).collect())
}

fn nth(network: &IpNet, index: u128, host_bits: u32, prefix: u32) -> String {
    let offset = index.checked_shl(host_bits).unwrap_or_default();
    match network {
        IpNet::V4(v4) => {
            let start = u128::from(u32::from(v4.network())) + offset;
            let address = u32::try_from(start).map_or(v4.network(), Ipv4Addr::from);
            format!("{address}/{prefix}")
        }
        IpNet::V6(v6) => {
            let address = Ipv6Addr::from(u128::from(v6.network()) + offset);
            format!("{address}/{prefix}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn splits_as_the_user_guide_shows() {
        let blocks = split("192.168.0.0/24", 6, 5).expect("six /27 fit a /24");
        assert_eq!(blocks[1], "192.168.0.32/27");
        assert_eq!(blocks[5], "192.168.0.160/27");
    }

    #[test]
    fn splits_ipv6() {
        let blocks = split("2001:db8::/56", 2, 64).expect("two /64 fit a /56");
        assert_eq!(blocks, ["2001:db8::/64", "2001:db8:0:1::/64"]);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert!(split("10.0.0.0/24", 3, 7).is_err());
        assert!(split("10.0.0.0/24", 1, 9).is_err());
        assert!(split("10.0.0.0/24", 0, 4).is_err());
        assert!(split("no block", 1, 4).is_err());
    }
}
