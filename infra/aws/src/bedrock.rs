//! What a role has to name so that a model of Bedrock may be asked.

/// Where inference may take place, as profiles of it are called that AWS defines: `us.anthropic.…`.
const AREAS: [&str; 8] = ["us", "us-gov", "eu", "apac", "jp", "au", "ca", "global"];

/// Returns the ARNs for a model as a price book names it, one per resource that is asked about.
///
/// A call by an inference profile is allowed if the profile is, and the model in every region that AWS may choose
/// ([prerequisites](https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html)). Of a name that is
/// an ARN already, an application's own profile, nobody here knows the model below: it has to be added by hand.
pub fn model_arns(model: &str) -> Vec<String> {
    if model.starts_with("arn:") {
        return vec![model.to_owned()];
    }
    let of_area = model.split_once('.').filter(|(area, _)| AREAS.contains(area));
    let partition = if model.starts_with("us-gov.") { "aws-us-gov" } else { "aws" };
    let foundation = |model: &str| format!("arn:{partition}:bedrock:*::foundation-model/{model}");
    match of_area {
        Some((_, below)) => vec![format!("arn:{partition}:bedrock:*:*:inference-profile/{model}"), foundation(below)],
        None => vec![foundation(model)],
    }
}

#[cfg(test)]
mod tests {
    use super::model_arns;

    #[test]
    fn a_profile_needs_its_model_too() {
        let model = "anthropic.claude-haiku-4-5-20251001-v1:0";
        let foundation = format!("arn:aws:bedrock:*::foundation-model/{model}");
        assert_eq!(model_arns(model), std::slice::from_ref(&foundation));
        for area in ["us", "eu", "global"] {
            let profile = format!("arn:aws:bedrock:*:*:inference-profile/{area}.{model}");
            assert_eq!(model_arns(&format!("{area}.{model}")), [profile, foundation.clone()]);
        }
        let arn = "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/abc";
        assert_eq!(model_arns(arn), [arn]);
    }
}
