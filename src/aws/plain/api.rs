//! Which services are asked, where they are, and how they speak.

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// A form with this version, answered in XML.
    Query(&'static str),
    /// JSON for this target, answered in JSON.
    Json(&'static str),
    /// Paths, answered in XML.
    Paths,
}

/// A service of AWS that has no client here.
#[derive(Debug, Clone, Copy)]
pub(in crate::aws) struct Api {
    /// What AWS's settings call it: `Service Quotas` has its endpoint in `AWS_ENDPOINT_URL_SERVICE_QUOTAS`.
    pub(super) id: &'static str,
    /// What calls are signed for.
    pub(super) signed: &'static str,
    /// What its host's name begins with.
    host: &'static str,
    pub(super) protocol: Protocol,
    /// Whether there is one for all regions.
    is_global: bool,
}

/// Where a service is, and the region that calls are signed for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) url: String,
    pub(super) region: String,
}

impl Api {
    pub(in crate::aws) const ACM: Self = Self::json("ACM", "acm", "CertificateManager");
    pub(in crate::aws) const CACHE: Self = Self::query("ElastiCache", "elasticache", "2015-02-02");
    pub(in crate::aws) const EC2: Self = Self::query("EC2", "ec2", "2016-11-15");
    pub(in crate::aws) const ECR: Self = Self {
        host: "api.ecr",
        ..Self::json("ECR", "ecr", "AmazonEC2ContainerRegistry_V20150921")
    };
    pub(in crate::aws) const IAM: Self = Self {
        is_global: true,
        ..Self::query("IAM", "iam", "2010-05-08")
    };
    pub(in crate::aws) const LOAD_BALANCING: Self =
        Self::query("Elastic Load Balancing v2", "elasticloadbalancing", "2015-12-01");
    pub(in crate::aws) const QUOTAS: Self =
        Self::json("Service Quotas", "servicequotas", "ServiceQuotasV20190624");
    pub(in crate::aws) const ROUTE53: Self = Self {
        protocol: Protocol::Paths,
        is_global: true,
        ..Self::query("Route 53", "route53", "")
    };
    pub(in crate::aws) const S3: Self = Self {
        protocol: Protocol::Paths,
        ..Self::query("S3", "s3", "")
    };
    pub(in crate::aws) const TAGGING: Self = Self::json(
        "Resource Groups Tagging API",
        "tagging",
        "ResourceGroupsTaggingAPI_20170126",
    );

    const fn query(id: &'static str, name: &'static str, version: &'static str) -> Self {
        Self {
            id,
            signed: name,
            host: name,
            protocol: Protocol::Query(version),
            is_global: false,
        }
    }

    const fn json(id: &'static str, name: &'static str, target: &'static str) -> Self {
        Self {
            protocol: Protocol::Json(target),
            ..Self::query(id, name, "")
        }
    }

    /// Finds where it is for a region.
    pub(super) fn seat(self, region: &str) -> Seat {
        let host = self.host;
        let (url, region) = match (self.is_global, region.split('-').next()) {
            (false, Some("cn")) => (format!("https://{host}.{region}.amazonaws.com.cn"), region),
            (false, _) => (format!("https://{host}.{region}.amazonaws.com"), region),
            (true, Some("cn")) if host == "iam" => {
                ("https://iam.cn-north-1.amazonaws.com.cn".to_owned(), "cn-north-1")
            }
            (true, Some("cn")) => (format!("https://{host}.amazonaws.com.cn"), "cn-northwest-1"),
            (true, _) if region.starts_with("us-gov-") => {
                (format!("https://{host}.us-gov.amazonaws.com"), "us-gov-west-1")
            }
            (true, _) => (format!("https://{host}.amazonaws.com"), "us-east-1"),
        };
        Seat {
            url,
            region: region.to_owned(),
        }
    }
}
