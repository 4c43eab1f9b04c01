//! Quotas, and how much of what they bound there is.

use serde::Deserialize;
use serde_json::json;

use crate::aws::access::Aws;
use crate::aws::error::{AwsError, strange};
use crate::aws::plain::{Api, Items};
use crate::aws::refusal::ask;
use crate::tools::CancelToken;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QuotaAnswer {
    quota: Quota,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Quota {
    value: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Addresses {
    #[serde(default)]
    addresses_set: Items<Empty>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gateways {
    #[serde(default)]
    internet_gateway_set: Items<Empty>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NatGateways {
    #[serde(default)]
    nat_gateway_set: Items<NatGateway>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NatGateway {
    subnet_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Balancers {
    describe_load_balancers_result: BalancerList,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BalancerList {
    #[serde(default)]
    load_balancers: Items<Balancer>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Balancer {
    #[serde(rename = "Type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Caches {
    describe_cache_clusters_result: CacheList,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CacheList {
    #[serde(default)]
    cache_clusters: CacheItems,
}

#[derive(Debug, Default, Deserialize)]
struct CacheItems {
    #[serde(default, rename = "CacheCluster")]
    items: Vec<Cache>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Cache {
    #[serde(default)]
    num_cache_nodes: u64,
}

/// Something of which only that it is there counts.
#[derive(Debug, Deserialize)]
struct Empty {}

impl Aws {
    /// Reads a quota as it is in this account and region; none when there is no such quota.
    ///
    /// # Errors
    /// [`AwsError`] when Service Quotas cannot be asked, or may not be.
    pub async fn quota(
        &self,
        (service, code): (&str, &str),
        cancel: &CancelToken,
    ) -> Result<Option<f64>, AwsError> {
        let doing = format!("read the quota {code} of {service}");
        let which = json!({ "ServiceCode": service, "QuotaCode": code });
        // A quota that nobody ever raised may be known by its default alone.
        for action in ["GetServiceQuota", "GetAWSDefaultServiceQuota"] {
            match self
                .json::<QuotaAnswer>((&doing, cancel), (Api::QUOTAS, action), &which)
                .await
            {
                Ok(answer) => return Ok(answer.quota.value),
                Err(error) if error.is("NoSuchResourceException") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Counts the elastic addresses of the region.
    ///
    /// # Errors
    /// [`AwsError`] when EC2 cannot be asked, or may not be.
    pub async fn count_addresses(&self, cancel: &CancelToken) -> Result<u64, AwsError> {
        let call = (Api::EC2, "DescribeAddresses");
        let found: Addresses = self.query(("count elastic addresses", cancel), call, &[]).await?;
        Ok(found.addresses_set.items.len() as u64)
    }

    /// Counts the internet gateways of the region.
    ///
    /// # Errors
    /// As [`Aws::count_addresses`].
    pub async fn count_internet_gateways(&self, cancel: &CancelToken) -> Result<u64, AwsError> {
        let call = (Api::EC2, "DescribeInternetGateways");
        let found: Gateways = self.query(("count internet gateways", cancel), call, &[]).await?;
        Ok(found.internet_gateway_set.items.len() as u64)
    }

    /// Lists the subnets that NAT gateways stand in, once for each.
    ///
    /// # Errors
    /// As [`Aws::count_addresses`].
    pub async fn nat_subnets(&self, cancel: &CancelToken) -> Result<Vec<String>, AwsError> {
        let call = (Api::EC2, "DescribeNatGateways");
        let states = [
            ("Filter.1.Name", "state"),
            ("Filter.1.Value.1", "pending"),
            ("Filter.1.Value.2", "available"),
        ];
        let found: NatGateways = self.query(("count NAT gateways", cancel), call, &states).await?;
        let subnets = found.nat_gateway_set.items.into_iter();
        Ok(subnets.map(|gateway| gateway.subnet_id).collect())
    }

    /// Counts the load balancers for HTTP.
    ///
    /// # Errors
    /// [`AwsError`] when load balancing cannot be asked, or may not be.
    pub async fn count_balancers(&self, cancel: &CancelToken) -> Result<u64, AwsError> {
        let call = (Api::LOAD_BALANCING, "DescribeLoadBalancers");
        let found: Balancers = self.query(("count load balancers", cancel), call, &[]).await?;
        let balancers = found.describe_load_balancers_result.load_balancers.items;
        Ok(balancers.iter().filter(|one| one.kind == "application").count() as u64)
    }

    /// Counts the nodes of caches.
    ///
    /// # Errors
    /// [`AwsError`] when `ElastiCache` cannot be asked, or may not be.
    pub async fn count_cache_nodes(&self, cancel: &CancelToken) -> Result<u64, AwsError> {
        let call = (Api::CACHE, "DescribeCacheClusters");
        let found: Caches = self.query(("count nodes of caches", cancel), call, &[]).await?;
        let caches = found.describe_cache_clusters_result.cache_clusters.items;
        Ok(caches.iter().map(|cache| cache.num_cache_nodes).sum())
    }

    /// Counts what RDS counts itself, such as `DBClusters`; none when it does not tell.
    ///
    /// # Errors
    /// [`AwsError`] when RDS cannot be asked, or may not be.
    pub async fn count_in_rds(&self, name: &str, cancel: &CancelToken) -> Result<u64, AwsError> {
        let doing = format!("count {name} of RDS");
        let answer = ask(&doing, cancel, self.rds.describe_account_attributes().send()).await?;
        let quotas = answer.account_quotas.unwrap_or_default();
        let quota = quotas
            .into_iter()
            .find(|quota| quota.account_quota_name() == Some(name));
        let used = quota
            .and_then(|quota| quota.used)
            .and_then(|used| u64::try_from(used).ok());
        used.ok_or_else(strange(&doing, "such number"))
    }
}
