//! `C`: CloudFront gives renditions to the public, and nothing else, over TLS.

use super::Findings;
use crate::Stack;
use crate::model::{items, target, texts};
use crate::policy::{place, statements};
use serde_json::Value;

const RENDITIONS: &str = "StoreBucket/assets/*/renditions/*";

pub fn check(stack: &Stack, found: &mut Findings) {
    for (name, distribution) in stack.of("AWS::CloudFront::Distribution") {
        let config = &distribution["DistributionConfig"];
        found.unless(config["Enabled"] == true, "C1", name, "is switched off");
        let domain = stack.parameter("DeliveryDomain");
        let is_named = texts(&config["Aliases"]).contains(&domain) != domain.is_empty();
        found.unless(is_named, "C1", name, "answers to its own domain, if it has one");
        let origins = items(&config["Origins"]);
        let is_store = |origin: &&Value| {
            origin["DomainName"] == "${StoreBucket.RegionalDomainName}"
                // Without it CloudFront takes the bucket for a web server.
                && origin["S3OriginConfig"]["OriginAccessIdentity"] == ""
                && origin["Id"] == config["DefaultCacheBehavior"]["TargetOriginId"]
        };
        found.unless(
            origins.len() == 1 && origins.iter().all(is_store),
            "C1",
            name,
            "brings what is in the store, and nothing else",
        );
        let cached = &config["DefaultCacheBehavior"];
        let is_whole = cached["CachePolicyId"].is_string() && cached["ResponseHeadersPolicyId"].is_string();
        found.unless(is_whole, "C4", name, "says how it caches and which security headers it adds");
        for origin in origins {
            let access = target(&origin["OriginAccessControlId"]);
            let access = access.and_then(|access| stack.get("AWS::CloudFront::OriginAccessControl", access));
            let is_signed =
                access.is_some_and(|access| access["OriginAccessControlConfig"]["SigningBehavior"] == "always");
            found.unless(is_signed, "C1", name, "does not sign what it asks the bucket: use an origin access control");
        }
        for behavior in items(&config["CacheBehaviors"]).into_iter().chain([&config["DefaultCacheBehavior"]]) {
            let is_tls =
                ["redirect-to-https", "https-only"].iter().any(|policy| behavior["ViewerProtocolPolicy"] == *policy);
            found.unless(is_tls, "C2", name, "answers over plain HTTP");
            let only_reads =
                texts(&behavior["AllowedMethods"]).iter().all(|method| ["GET", "HEAD", "OPTIONS"].contains(method));
            found.unless(only_reads, "C2", name, "passes writes on");
        }
        let certificate = &config["ViewerCertificate"];
        let version = certificate["MinimumProtocolVersion"].as_str().unwrap_or_default();
        let is_new = certificate["CloudFrontDefaultCertificate"] == true || version.starts_with("TLSv1.2");
        found.unless(is_new, "C2", name, "takes TLS older than 1.2");
        check_bucket(stack, name, found);
    }
}

fn check_bucket(stack: &Stack, distribution: &str, found: &mut Findings) {
    let is_cloudfront = |statement: &Value| {
        statement["Effect"] == "Allow" && statement["Principal"]["Service"] == "cloudfront.amazonaws.com"
    };
    let mut n_reads = 0;
    for (name, statement) in
        statements(stack, "AWS::S3::BucketPolicy").filter(|(_, statement)| is_cloudfront(statement))
    {
        let places: Vec<String> = texts(&statement["Resource"]).into_iter().map(place).collect();
        let is_narrow = places == [RENDITIONS] && texts(&statement["Action"]) == ["s3:GetObject"];
        found.unless(
            is_narrow,
            "C3",
            name,
            format!("gives {places:?} to the public: renditions are read, nothing else"),
        );
        let source = statement["Condition"]["StringEquals"]["AWS:SourceArn"].as_str().unwrap_or_default();
        let is_ours = source.ends_with(&format!(":distribution/${{{distribution}}}"));
        found.unless(is_ours, "C3", name, "lets other people's distributions in");
        n_reads += 1;
    }
    found.unless(n_reads == 1, "C3", distribution, "the bucket does not let it read renditions");
}
