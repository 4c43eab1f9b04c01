//! Networks of a region: addresses, subnets, routes, and the zones they may be in.

use serde::Deserialize;

use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::plain::{Api, Items};
use crate::tools::CancelToken;

/// A network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkSeen {
    /// Its id.
    pub id: String,
    /// Its ranges of addresses.
    pub cidrs: Vec<String>,
    /// Which installation's it is, by its tag.
    pub installation: Option<String>,
}

/// A subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubnetSeen {
    /// Its id.
    #[serde(rename = "subnetId")]
    pub id: String,
    /// The network it is in.
    #[serde(rename = "vpcId")]
    pub network: String,
    /// Its zone.
    #[serde(rename = "availabilityZone")]
    pub zone: String,
    /// How many of its addresses are free.
    #[serde(rename = "availableIpAddressCount", default)]
    pub free: u64,
}

/// Where a table sends what goes to everywhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSeen {
    /// The subnets whose table it is; none for the network's main one.
    pub subnets: Vec<String>,
    /// Whether it is the table of subnets that have none of their own.
    pub is_main: bool,
    /// The gateway for everywhere else, such as `nat-1` or `igw-1`; none when nothing leaves the network.
    pub outward: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Networks {
    #[serde(default)]
    vpc_set: Items<Network>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Network {
    vpc_id: String,
    #[serde(default)]
    cidr_block: String,
    #[serde(default)]
    cidr_block_association_set: Items<Range>,
    #[serde(default)]
    tag_set: Items<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Range {
    cidr_block: String,
}

#[derive(Debug, Deserialize)]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subnets {
    #[serde(default)]
    subnet_set: Items<SubnetSeen>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attribute {
    #[serde(alias = "enableDnsHostnames")]
    enable_dns_support: Switch,
}

#[derive(Debug, Deserialize)]
struct Switch {
    value: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tables {
    #[serde(default)]
    route_table_set: Items<Table>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    #[serde(default)]
    route_set: Items<Route>,
    #[serde(default)]
    association_set: Items<Association>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    destination_cidr_block: Option<String>,
    #[serde(alias = "gatewayId", alias = "transitGatewayId", alias = "networkInterfaceId")]
    nat_gateway_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Association {
    subnet_id: Option<String>,
    #[serde(default)]
    main: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Zones {
    #[serde(default)]
    availability_zone_info: Items<Zone>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Zone {
    zone_name: String,
}

impl Aws {
    /// Lists the networks of the region.
    ///
    /// # Errors
    /// [`AwsError`] when EC2 cannot be asked, or may not be.
    pub async fn networks(&self, cancel: &CancelToken) -> Result<Vec<NetworkSeen>, AwsError> {
        let call = (Api::EC2, "DescribeVpcs");
        let found: Networks = self.query(("list networks", cancel), call, &[]).await?;
        let seen = |network: Network| {
            let more = network.cidr_block_association_set.items.into_iter();
            let mut cidrs: Vec<String> = [network.cidr_block]
                .into_iter()
                .chain(more.map(|range| range.cidr_block))
                .filter(|cidr| !cidr.is_empty())
                .collect();
            cidrs.sort_unstable();
            cidrs.dedup();
            let mut tags = network.tag_set.items.into_iter();
            NetworkSeen {
                id: network.vpc_id,
                cidrs,
                installation: tags.find(|tag| tag.key == "installation").map(|tag| tag.value),
            }
        };
        Ok(found.vpc_set.items.into_iter().map(seen).collect())
    }

    /// Says whether a network resolves names, and gives its machines some.
    ///
    /// # Errors
    /// As [`Aws::networks`].
    pub async fn network_names(&self, id: &str, cancel: &CancelToken) -> Result<(bool, bool), AwsError> {
        let ask = async |attribute: &'static str| {
            let doing = format!("look at network `{id}`");
            let which = [("VpcId", id), ("Attribute", attribute)];
            let call = (Api::EC2, "DescribeVpcAttribute");
            self.query::<Attribute>((doing, cancel), call, &which).await
        };
        let (support, hostnames) = tokio::try_join!(ask("enableDnsSupport"), ask("enableDnsHostnames"))?;
        Ok((
            support.enable_dns_support.value,
            hostnames.enable_dns_support.value,
        ))
    }

    /// Lists the subnets of the region.
    ///
    /// # Errors
    /// As [`Aws::networks`].
    pub async fn subnets(&self, cancel: &CancelToken) -> Result<Vec<SubnetSeen>, AwsError> {
        let call = (Api::EC2, "DescribeSubnets");
        let found: Subnets = self.query(("list subnets", cancel), call, &[]).await?;
        Ok(found.subnet_set.items)
    }

    /// Lists where the tables of a network send what goes to everywhere else.
    ///
    /// # Errors
    /// As [`Aws::networks`].
    pub async fn routes(&self, id: &str, cancel: &CancelToken) -> Result<Vec<RouteSeen>, AwsError> {
        let call = (Api::EC2, "DescribeRouteTables");
        let which = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", id)];
        let doing = format!("look at the routes of network `{id}`");
        let found: Tables = self.query((doing, cancel), call, &which).await?;
        let seen = |table: Table| {
            let mut routes = table.route_set.items.into_iter();
            let outward = routes.find(|it| it.destination_cidr_block.as_deref() == Some("0.0.0.0/0"));
            let associations = table.association_set.items;
            RouteSeen {
                is_main: associations.iter().any(|it| it.main),
                subnets: associations.into_iter().filter_map(|it| it.subnet_id).collect(),
                outward: outward.and_then(|route| route.nat_gateway_id),
            }
        };
        Ok(found.route_table_set.items.into_iter().map(seen).collect())
    }

    /// Lists the zones of the region.
    ///
    /// # Errors
    /// As [`Aws::networks`].
    pub async fn zones(&self, cancel: &CancelToken) -> Result<Vec<String>, AwsError> {
        let call = (Api::EC2, "DescribeAvailabilityZones");
        let found: Zones = self.query(("list the region's zones", cancel), call, &[]).await?;
        let zones = found.availability_zone_info.items.into_iter();
        Ok(zones.map(|zone| zone.zone_name).collect())
    }
}
