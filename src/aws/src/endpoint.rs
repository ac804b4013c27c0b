//! Endpoint URLs of AWS services by Region.

/// Domains of the partitions other than `amazonaws.com`, by the beginning of the Region's name.
///
/// Source: the SDK's table of partitions.
const SUFFIXES: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
];

/// Endpoint URL of a service. `service` is its name in host names.
///
/// Source: the endpoint rules in the service models of the SDK.
pub(super) fn endpoint(service: &str, region: &str, use_fips: bool) -> String {
    let own = SUFFIXES.iter().find(|(prefix, _)| region.starts_with(prefix));
    let suffix = own.map_or("amazonaws.com", |(_, suffix)| suffix);
    let is_gov = region.starts_with("us-gov-");
    let host = match service {
        _ if !use_fips => service.to_owned(),
        "batch" if own.is_none() && !is_gov => format!("fips.{service}"),
        // In GovCloud the ordinary endpoint of most services is the FIPS endpoint.
        _ if is_gov && !matches!(service, "ecs" | "codebuild" | "scheduler") => service.to_owned(),
        _ => format!("{service}-fips"),
    };
    format!("https://{host}.{region}.{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_follows_the_partition() {
        let check = |service: &str, region: &str, use_fips: bool, host: &str| {
            assert_eq!(endpoint(service, region, use_fips), format!("https://{host}"));
        };
        check("monitoring", "eu-west-1", false, "monitoring.eu-west-1.amazonaws.com");
        check("monitoring", "us-east-1", true, "monitoring-fips.us-east-1.amazonaws.com");
        check("monitoring", "us-gov-west-1", true, "monitoring.us-gov-west-1.amazonaws.com");
        check("states", "cn-north-1", false, "states.cn-north-1.amazonaws.com.cn");
        check("states", "us-iso-east-1", false, "states.us-iso-east-1.c2s.ic.gov");
        check("states", "us-isob-east-1", false, "states.us-isob-east-1.sc2s.sgov.gov");
        check("states", "eusc-de-east-1", false, "states.eusc-de-east-1.amazonaws.eu");
        check("batch", "us-east-1", true, "fips.batch.us-east-1.amazonaws.com");
        check("batch", "us-gov-west-1", true, "batch.us-gov-west-1.amazonaws.com");
        check("batch", "us-iso-east-1", true, "batch-fips.us-iso-east-1.c2s.ic.gov");
        check("ecs", "us-gov-west-1", true, "ecs-fips.us-gov-west-1.amazonaws.com");
        check("scheduler", "us-gov-west-1", true, "scheduler-fips.us-gov-west-1.amazonaws.com");
        check("codebuild", "us-gov-west-1", true, "codebuild-fips.us-gov-west-1.amazonaws.com");
    }
}
