//! Regions of the account, with their states.

use aws_config::{Region, SdkConfig};
use serde::Deserialize;
use serde_json::json;

use super::json_client::{Api, JsonClient, Operation, Retry};
use budget_guard_core::model::Fault;

/// AWS Account Management (2021-02-01).
const ACCOUNT: Api = Api::rest("account");
const LIST_REGIONS: Operation = Operation::new(ACCOUNT, "account:ListRegions");
/// Page size: the API's maximum.
const PAGE: u32 = 50;

/// Region as the account has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRegion {
    /// Name, as in `eu-west-1`.
    pub name: String,
    /// True if the account can use the Region.
    pub is_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    #[serde(default)]
    regions: Vec<Listed>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    region_name: String,
    region_opt_status: String,
}

/// IAM action of [`regions`].
pub const REGIONS_RIGHT: &str = LIST_REGIONS.right;

/// Lists the Regions of the account, in their alphabetical order. One call for each 50.
///
/// Source: "ListRegions" (AWS Account Management API reference). The API has one endpoint for each partition.
///
/// # Errors
///
/// Returns the fault of the first page that cannot be read.
pub async fn regions(config: &SdkConfig) -> Result<Vec<AccountRegion>, Fault> {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let config = config.clone().into_builder().region(Region::from_static(home(&region))).build();
    let client = JsonClient::new(&config, Retry::Standard);
    let (mut regions, mut next_token) = (Vec::new(), None);
    loop {
        let mut body = json!({"MaxResults": PAGE});
        if let Some(token) = &next_token {
            body["NextToken"] = json!(token);
        }
        let reply: Reply = client.call(LIST_REGIONS.post("/listRegions", body.to_string())).await?;
        regions.extend(reply.regions.into_iter().map(|one| AccountRegion {
            is_enabled: matches!(&*one.region_opt_status, "ENABLED" | "ENABLED_BY_DEFAULT"),
            name: one.region_name,
        }));
        next_token = reply.next_token.filter(|token| !token.is_empty());
        if next_token.is_none() {
            regions.sort_by(|one, other| one.name.cmp(&other.name));
            return Ok(regions);
        }
    }
}

/// Region with the endpoint of the API, in the partition of a Region.
fn home(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "cn-northwest-1",
        _ if region.starts_with("us-gov-") => "us-gov-west-1",
        _ => "us-east-1",
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sns::config::{Credentials, SharedCredentialsProvider};
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

    use super::*;

    #[tokio::test]
    async fn all_pages_are_read_and_disabled_regions_are_told_apart() {
        let server = MockServer::start().await;
        let page = |name: &str, state: &str, token: Option<&str>| {
            let regions = json!([{"RegionName": name, "RegionOptStatus": state}]);
            ResponseTemplate::new(200).set_body_json(json!({"Regions": regions, "NextToken": token}))
        };
        let on = || Mock::given(matchers::path("/listRegions"));
        let next = matchers::body_partial_json(json!({"NextToken": "n"}));
        on().and(next).respond_with(page("af-south-1", "DISABLED", None)).mount(&server).await;
        let first = matchers::body_json(json!({"MaxResults": 50}));
        on().and(first).respond_with(page("us-west-2", "ENABLED_BY_DEFAULT", Some("n"))).mount(&server).await;
        let keys = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .region(Region::from_static("eu-west-1"))
            .endpoint_url(server.uri())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let found = regions(&config).await.expect("regions");
        let found: Vec<_> = found.iter().map(|one| (&*one.name, one.is_enabled)).collect();
        assert_eq!(found, [("af-south-1", false), ("us-west-2", true)]);
        let seen = server.received_requests().await.unwrap_or_default();
        let signature = seen[0].headers["authorization"].to_str().expect("text");
        assert!(signature.contains("/us-east-1/account/aws4_request"), "{signature}");
    }

    #[test]
    fn each_partition_has_its_endpoint() {
        let check = |region: &str, expected: &str| assert_eq!(home(region), expected);
        check("eu-central-1", "us-east-1");
        check("cn-north-1", "cn-northwest-1");
        check("us-gov-east-1", "us-gov-west-1");
    }
}
