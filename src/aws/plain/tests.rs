use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::aws::testing::{Stand, configuration};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Things {
    thing_set: Items<String>,
}

#[tokio::test]
async fn a_form_is_asked_with_its_version_and_xml_is_read() {
    let stand = Stand::default().answer(
        "DescribeThings",
        200,
        "<DescribeThingsResponse><requestId>r</requestId><thingSet><item>a</item><item>b</item></thingSet></DescribeThingsResponse>",
    );
    let aws = stand.start().await;
    let parameters = [("Filter.1.Value.1", "with space & sign")];
    let cancel = CancelToken::new();
    let found: Things = aws
        .query(("look", &cancel), (Api::EC2, "DescribeThings"), &parameters)
        .await
        .unwrap();
    assert_eq!(found.thing_set.items, ["a", "b"]);
    assert_eq!(
        stand.calls("DescribeThings"),
        ["Action=DescribeThings&Version=2016-11-15&Filter.1.Value.1=with+space+%26+sign"]
    );
}

#[tokio::test]
async fn json_is_asked_and_read() {
    let stand = Stand::default().answer("GetThing", 200, r#"{"a":[1]}"#);
    let aws = stand.start().await;
    let cancel = CancelToken::new();
    let found: Value = aws
        .json(
            ("look", &cancel),
            (Api::QUOTAS, "GetThing"),
            &json!({ "Code": "c" }),
        )
        .await
        .unwrap();
    assert_eq!(found, json!({ "a": [1] }));
    assert_eq!(stand.calls("GetThing"), [r#"{"Code":"c"}"#]);
}

/// Gives the code and the words of a refusal.
async fn refused(status: u16, body: &str) -> (AwsError, String) {
    let aws = Stand::default().answer("X", status, body).start().await;
    let cancel = CancelToken::new();
    let asked = aws.query::<Things>(("look", &cancel), (Api::EC2, "X"), &[]);
    let error = asked.await.unwrap_err();
    let said = std::error::Error::source(&error).unwrap().to_string();
    (error, said)
}

#[tokio::test]
async fn what_a_service_says_is_read_in_each_of_its_forms() {
    for body in [
        "<Response><Errors><Error><Code>Nope</Code><Message>not this</Message></Error></Errors><RequestID>r</RequestID></Response>",
        "<ErrorResponse><Error><Type>Sender</Type><Code>Nope</Code><Message>not this</Message></Error><RequestId>r</RequestId></ErrorResponse>",
        "<Error><Code>Nope</Code><Message>not this</Message></Error>",
        r#"{"__type":"com.example#Nope","message":"not this"}"#,
    ] {
        let (error, said) = refused(400, body).await;
        assert!(error.is("Nope") && !error.is_passing(), "{body}");
        assert_eq!(said, "AWS answered Nope: not this (request r-1)", "{body}");
    }
}

#[tokio::test]
async fn an_answer_without_words_is_known_by_its_status() {
    assert!(refused(404, "").await.0.is("404"));
    let (error, _) = refused(503, "<html>busy</html>").await;
    assert!(error.is("503") && error.is_passing());
}

#[tokio::test]
async fn what_is_no_answer_is_an_error() {
    let (error, said) = refused(200, "<Other/>").await;
    assert_eq!(said, "AWS's answer could not be read");
    assert!(!error.is_passing());
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again() {
    let stand = Stand::default()
        .answer("X", 503, "")
        .answer("X", 200, "<R><thingSet/></R>");
    let mut configuration = configuration(&stand.listen().await, None).into_builder();
    configuration.set_retry_config(Some(aws_config::retry::RetryConfig::standard()));
    let aws = Aws::over(&configuration.build()).unwrap();
    let cancel = CancelToken::new();
    let found: Things = aws.query(("look", &cancel), (Api::EC2, "X"), &[]).await.unwrap();
    assert!(found.thing_set.items.is_empty());
    assert_eq!(stand.calls("X").len(), 2);
}

#[test]
fn services_are_where_aws_has_them() {
    let at = |api: Api, region| {
        let seat = api.seat(region);
        (seat.url, seat.region)
    };
    let pair = |url: &str, region: &str| (url.to_owned(), region.to_owned());
    assert_eq!(
        at(Api::EC2, "eu-west-1"),
        pair("https://ec2.eu-west-1.amazonaws.com", "eu-west-1")
    );
    assert_eq!(
        at(Api::ECR, "cn-north-1"),
        pair("https://api.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1")
    );
    assert_eq!(
        at(Api::IAM, "eu-west-1"),
        pair("https://iam.amazonaws.com", "us-east-1")
    );
    assert_eq!(
        at(Api::IAM, "cn-northwest-1"),
        pair("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1")
    );
    assert_eq!(
        at(Api::ROUTE53, "us-gov-east-1"),
        pair("https://route53.us-gov.amazonaws.com", "us-gov-west-1")
    );
}

#[tokio::test]
async fn the_endpoint_and_the_region_are_signed_for() {
    let stand = Stand::default().answer("HEAD /some-bucket", 200, "");
    let aws = stand.start().await;
    let owner = vec![("x-amz-expected-bucket-owner", "000000000042".to_owned())];
    let cancel = CancelToken::new();
    let call = (Api::S3, "HeadBucket");
    aws.head(("look", &cancel), call, ("/some-bucket", owner))
        .await
        .unwrap();
    let header = |name: &str| stand.header("HEAD /some-bucket", name);
    let signed = header("authorization");
    assert!(signed.contains("/eu-central-1/s3/aws4_request"), "{signed}");
    assert!(signed.contains("x-amz-expected-bucket-owner"), "{signed}");
    assert!(
        header("x-amz-content-sha256").starts_with("e3b0c442"),
        "S3 wants the body's hash"
    );
}
