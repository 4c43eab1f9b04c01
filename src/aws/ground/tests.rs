use super::*;
use crate::aws::error::AwsError;
use crate::aws::testing::Stand;
use crate::tools::CancelToken;

const NO: &str = r#"{"__type":"NoSuchResourceException","message":"no"}"#;
const DENIED: &str =
    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>";

fn cancel() -> CancelToken {
    CancelToken::new()
}

#[tokio::test]
async fn a_quota_that_nobody_raised_is_known_by_its_default() {
    let raised = r#"{"Quota":{"Value":12.0}}"#;
    let aws = Stand::default()
        .answer("GetServiceQuota", 200, raised)
        .start()
        .await;
    assert_eq!(aws.quota(("vpc", "L-1"), &cancel()).await.unwrap(), Some(12.0));
    let stand = Stand::default().answer("GetServiceQuota", 400, NO);
    let aws = stand.answer("GetAWSDefaultServiceQuota", 200, r#"{"Quota":{"Value":5.0}}"#);
    let quota = aws.start().await.quota(("vpc", "L-1"), &cancel()).await;
    assert_eq!(quota.unwrap(), Some(5.0));
    let stand = Stand::default().answer("GetServiceQuota", 400, NO);
    let aws = stand.answer("GetAWSDefaultServiceQuota", 400, NO).start().await;
    assert_eq!(aws.quota(("vpc", "L-1"), &cancel()).await.unwrap(), None);
}

#[tokio::test]
async fn what_quotas_bound_is_counted() {
    let aws = Stand::default()
        .answer("DescribeAddresses", 200, "<R><addressesSet><item><publicIp>1.2.3.4</publicIp></item><item/></addressesSet></R>")
        .answer("DescribeInternetGateways", 200, "<R><internetGatewaySet/></R>")
        .answer("DescribeNatGateways", 200, "<R><natGatewaySet><item><subnetId>subnet-1</subnetId></item></natGatewaySet></R>")
        .answer(
            "DescribeLoadBalancers",
            200,
            "<R><DescribeLoadBalancersResult><LoadBalancers><member><Type>application</Type></member><member><Type>network</Type></member></LoadBalancers></DescribeLoadBalancersResult></R>",
        )
        .answer(
            "DescribeCacheClusters",
            200,
            "<R><DescribeCacheClustersResult><CacheClusters><CacheCluster><NumCacheNodes>1</NumCacheNodes></CacheCluster><CacheCluster><NumCacheNodes>2</NumCacheNodes></CacheCluster></CacheClusters></DescribeCacheClustersResult></R>",
        )
        .answer(
            "DescribeAccountAttributes",
            200,
            "<DescribeAccountAttributesResponse><DescribeAccountAttributesResult><AccountQuotas><AccountQuota><AccountQuotaName>DBClusters</AccountQuotaName><Used>3</Used><Max>40</Max></AccountQuota></AccountQuotas></DescribeAccountAttributesResult></DescribeAccountAttributesResponse>",
        )
        .start()
        .await;
    let cancel = cancel();
    assert_eq!(aws.count_addresses(&cancel).await.unwrap(), 2);
    assert_eq!(aws.count_internet_gateways(&cancel).await.unwrap(), 0);
    assert_eq!(aws.nat_subnets(&cancel).await.unwrap(), ["subnet-1"]);
    assert_eq!(aws.count_balancers(&cancel).await.unwrap(), 1);
    assert_eq!(aws.count_cache_nodes(&cancel).await.unwrap(), 3);
    assert_eq!(aws.count_in_rds("DBClusters", &cancel).await.unwrap(), 3);
    let error = aws.count_in_rds("DBInstances", &cancel).await.unwrap_err();
    assert!(matches!(error, AwsError::Strange { .. }), "{error:?}");
}

#[tokio::test]
async fn a_role_that_is_not_there_is_no_error_and_one_that_may_not_be_looked_at_is() {
    let there = "<GetRoleResponse><GetRoleResult><Role><Arn>arn:aws:iam::1:role/a/b</Arn></Role></GetRoleResult></GetRoleResponse>";
    let missing = "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>";
    let aws = Stand::default()
        .answer("GetRole", 200, there)
        .answer("GetRole", 404, missing)
        .answer("GetRole", 403, DENIED)
        .start()
        .await;
    let found = aws.role("b", &cancel()).await.unwrap();
    assert_eq!(found.as_deref(), Some("arn:aws:iam::1:role/a/b"));
    assert_eq!(aws.role("b", &cancel()).await.unwrap(), None);
    assert!(aws.role("b", &cancel()).await.unwrap_err().is("AccessDenied"));
}

#[tokio::test]
async fn whose_a_bucket_is_follows_from_the_status() {
    let call = "HEAD /states";
    let aws = Stand::default()
        .answer(call, 200, "")
        .answer(call, 404, "")
        .answer(call, 403, "")
        .answer(call, 500, "")
        .start()
        .await;
    let cancel = cancel();
    let look = async || aws.bucket(("states", "000000000042"), &cancel).await;
    assert_eq!(look().await.unwrap(), BucketSeen::Ours);
    assert_eq!(look().await.unwrap(), BucketSeen::Free);
    assert_eq!(look().await.unwrap(), BucketSeen::Closed);
    assert!(look().await.unwrap_err().is_passing());
}

#[tokio::test]
async fn secrets_images_and_engines_are_there_or_not() {
    let engine = "<DescribeDBEngineVersionsResponse><DescribeDBEngineVersionsResult><DBEngineVersions><DBEngineVersion><EngineVersion>16.6</EngineVersion></DBEngineVersion></DBEngineVersions></DescribeDBEngineVersionsResult></DescribeDBEngineVersionsResponse>";
    let none = "<DescribeDBEngineVersionsResponse><DescribeDBEngineVersionsResult><DBEngineVersions/></DescribeDBEngineVersionsResult></DescribeDBEngineVersionsResponse>";
    let aws = Stand::default()
        .answer("DescribeSecret", 200, r#"{"ARN":"a"}"#)
        .answer("DescribeSecret", 200, r#"{"ARN":"a","DeletedDate":1.0}"#)
        .answer("DescribeImages", 200, r#"{"imageDetails":[]}"#)
        .answer("DescribeImages", 400, r#"{"__type":"ImageNotFoundException"}"#)
        .answer("DescribeDBEngineVersions", 200, engine)
        .answer("DescribeDBEngineVersions", 200, none)
        .start()
        .await;
    let cancel = cancel();
    for expected in [true, false] {
        assert_eq!(aws.has_secret("a", &cancel).await.unwrap(), expected);
        let image = aws.has_image(("1", "notes/api", "sha256:0"), &cancel);
        assert_eq!(image.await.unwrap(), expected);
        let engine = aws.offers_engine(("postgres", "16.6"), &cancel);
        assert_eq!(engine.await.unwrap(), expected);
    }
}

#[tokio::test]
async fn certificates_and_zones_are_read() {
    let certificate = r#"{"Certificate":{"Status":"ISSUED","NotAfter":1.8E9,"DomainName":"a.test","SubjectAlternativeNames":["a.test"]}}"#;
    let zone = "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>a.test.</Name><Config><PrivateZone>true</PrivateZone></Config></HostedZone></GetHostedZoneResponse>";
    let missing = "<ErrorResponse><Error><Code>NoSuchHostedZone</Code></Error></ErrorResponse>";
    let path = "GET /2013-04-01/hostedzone/Z1";
    let aws = Stand::default()
        .answer("DescribeCertificate", 200, certificate)
        .answer(path, 200, zone)
        .answer(path, 404, missing)
        .start()
        .await;
    let found = aws.certificate("arn", &cancel()).await.unwrap().unwrap();
    assert_eq!((found.status.as_str(), found.not_after), ("ISSUED", Some(1.8e9)));
    let zone = aws.zone("/hostedzone/Z1", &cancel()).await.unwrap().unwrap();
    assert_eq!((zone.name.as_str(), zone.is_private), ("a.test", true));
    assert_eq!(aws.zone("Z1", &cancel()).await.unwrap(), None);
}

#[tokio::test]
async fn networks_are_read_with_their_subnets_and_routes() {
    let networks = "<R><vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockAssociationSet><item><cidrBlock>10.0.0.0/16</cidrBlock></item><item><cidrBlock>10.1.0.0/16</cidrBlock></item></cidrBlockAssociationSet><tagSet><item><key>installation</key><value>notes</value></item></tagSet></item></vpcSet></R>";
    let subnets = "<R><subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><availabilityZone>eu-central-1a</availabilityZone><availableIpAddressCount>9</availableIpAddressCount></item></subnetSet></R>";
    let routes = "<R><routeTableSet><item><routeSet><item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId></item><item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId></item></routeSet><associationSet><item><subnetId>subnet-1</subnetId><main>false</main></item></associationSet></item><item><routeSet/><associationSet><item><main>true</main></item></associationSet></item></routeTableSet></R>";
    let aws = Stand::default()
        .answer("DescribeVpcs", 200, networks)
        .answer("DescribeSubnets", 200, subnets)
        .answer("DescribeRouteTables", 200, routes)
        .answer("DescribeAvailabilityZones", 200, "<R><availabilityZoneInfo><item><zoneName>eu-central-1a</zoneName></item></availabilityZoneInfo></R>")
        .start()
        .await;
    let cancel = cancel();
    let network = aws.networks(&cancel).await.unwrap().remove(0);
    assert_eq!(network.cidrs, ["10.0.0.0/16", "10.1.0.0/16"]);
    assert_eq!(network.installation.as_deref(), Some("notes"));
    let subnet = aws.subnets(&cancel).await.unwrap().remove(0);
    assert_eq!((subnet.zone.as_str(), subnet.free), ("eu-central-1a", 9));
    let routes = aws.routes("vpc-1", &cancel).await.unwrap();
    assert_eq!(routes[0].outward.as_deref(), Some("nat-1"));
    assert_eq!(routes[0].subnets, ["subnet-1"]);
    assert!(routes[1].is_main && routes[1].outward.is_none());
    assert_eq!(aws.zones(&cancel).await.unwrap(), ["eu-central-1a"]);
}

#[tokio::test]
async fn how_a_network_names_its_machines_is_asked_for_each() {
    let support = "<R><vpcId>vpc-1</vpcId><enableDnsSupport><value>true</value></enableDnsSupport></R>";
    let hostnames = "<R><vpcId>vpc-1</vpcId><enableDnsHostnames><value>true</value></enableDnsHostnames></R>";
    let stand = Stand::default()
        .answer("DescribeVpcAttribute", 200, support)
        .answer("DescribeVpcAttribute", 200, hostnames);
    let aws = stand.start().await;
    assert_eq!(aws.network_names("vpc-1", &cancel()).await.unwrap(), (true, true));
    let asked = stand.calls("DescribeVpcAttribute").concat();
    assert!(
        asked.contains("enableDnsSupport") && asked.contains("enableDnsHostnames"),
        "{asked}"
    );
}

#[tokio::test]
async fn what_is_tagged_is_listed_over_pages() {
    let stand = Stand::default()
        .answer(
            "GetResources",
            200,
            r#"{"PaginationToken":"p","ResourceTagMappingList":[{"ResourceARN":"a","Tags":[{"Key":"installation","Value":"notes"}]}]}"#,
        )
        .answer(
            "GetResources",
            200,
            r#"{"PaginationToken":"","ResourceTagMappingList":[{"ResourceARN":"b"}]}"#,
        );
    let aws = stand.start().await;
    let tags = [("installation", "notes"), ("layer", "data")];
    let found = aws.tagged(&tags, &cancel()).await.unwrap();
    assert_eq!(
        found.iter().map(|it| it.arn.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(found[0].tags["installation"], "notes");
    assert!(stand.calls("GetResources")[0].contains(r#"{"Key":"layer","Values":["data"]}"#));
    assert!(stand.calls("GetResources")[1].contains(r#""PaginationToken":"p""#));
}

#[tokio::test]
async fn what_denies_is_told_over_pages() {
    let result = |action: &str, decision: &str, detail: &str| {
        format!(
            "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName><EvalDecision>{decision}</EvalDecision>{detail}</member>"
        )
    };
    let page = |rest: &str, results: &[String]| {
        format!(
            "<R><SimulatePrincipalPolicyResult>{rest}<EvaluationResults>{}</EvaluationResults></SimulatePrincipalPolicyResult></R>",
            results.concat()
        )
    };
    let organization = "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>";
    let boundary = "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>";
    let first = [
        result("a:One", "allowed", ""),
        result("a:Two", "implicitDeny", ""),
    ];
    let second = [
        result("a:Three", "explicitDeny", ""),
        result("a:Four", "implicitDeny", organization),
        result("a:Five", "implicitDeny", boundary),
    ];
    let stand = Stand::default()
        .answer(
            "SimulatePrincipalPolicy",
            200,
            page("<IsTruncated>true</IsTruncated><Marker>m</Marker>", &first),
        )
        .answer(
            "SimulatePrincipalPolicy",
            200,
            page("<IsTruncated>false</IsTruncated>", &second),
        );
    let aws = stand.start().await;
    let question = Question {
        actions: vec!["a:One".to_owned()],
        resources: vec!["*".to_owned()],
        context: vec![(
            "aws:RequestTag/installation".to_owned(),
            "string",
            vec!["notes".to_owned()],
        )],
    };
    let denied = aws
        .denied("arn:aws:iam::1:user/ann", &question, &cancel())
        .await
        .unwrap();
    let by: Vec<_> = denied.iter().map(|it| (it.action.as_str(), it.by)).collect();
    assert_eq!(
        by,
        [
            ("a:Two", Decision::Implicit),
            ("a:Three", Decision::Explicit),
            ("a:Four", Decision::Organization),
            ("a:Five", Decision::Boundary),
        ]
    );
    let asked = stand.calls("SimulatePrincipalPolicy");
    assert!(
        asked[0].contains("ContextEntries.member.1.ContextKeyValues.member.1=notes"),
        "{}",
        asked[0]
    );
    assert!(asked[1].ends_with("Marker=m"), "{}", asked[1]);
}
