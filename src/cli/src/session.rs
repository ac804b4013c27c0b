//! Connection to AWS: Region and credentials, checked before the first call.

use std::error::Error;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_eventbridge::config::{ProvideCredentials, SharedCredentialsProvider};
use budget_guard_aws::{Aws, DynamoStore, EventBridgeRules, patient, regions};
use budget_guard_core::alerts::quoted;
use budget_guard_core::escape::option;
use budget_guard_core::model::{Excerpt, Fault, Own, RuleArn};
use budget_guard_core::run::Guard;

use crate::context::{Context, GuardSettings, Needs};
use crate::deployed;
use crate::fault;
use crate::output;
use crate::problem::Problem;
use crate::rule::RuleName;

/// A session with credentials, in one Region.
#[derive(Debug)]
pub(crate) struct Session {
    config: SdkConfig,
    region: String,
    /// Parts of the guard's own stack.
    pub own: Own,
    /// Names for messages about failed calls.
    pub named: fault::Named,
}

impl Session {
    /// Finds the Region, the credentials, and the settings of the guard that are not given. `rules` are those on the command
    /// line, because an ARN names its Region.
    pub(crate) async fn of_guard(
        context: &Context,
        rules: &[RuleName],
        needs: Needs,
    ) -> Result<Self, Problem> {
        let lacking = context.lacking(needs)?;
        let mut session = Self::open(context, rules).await?;
        if lacking.is_some() || context.global.stack.is_some() {
            let found = deployed::find(context, lacking, &session.config, &session.named);
            context.complete(Box::pin(found).await?);
            (session.own, session.named.table) = (context.own()?, context.table().ok());
        }
        Ok(session)
    }

    /// Reads the settings of the deployed guard as well, if they can be read, for what is shown and not needed.
    pub(crate) async fn complete(&self, context: &Context) {
        if !context.knows_mode() {
            let found = deployed::find(context, None, &self.config, &self.named);
            if let Ok(found) = Box::pin(found).await {
                context.complete(found);
            }
        }
    }

    /// Finds the Region and the credentials. `rules` are those on the command line, because an ARN names its Region.
    pub(crate) async fn open(context: &Context, rules: &[RuleName]) -> Result<Self, Problem> {
        let own = context.own()?;
        let mut loader = budget_guard_aws::loader();
        if let Some(region) = meant_region(context, rules)? {
            loader = loader.region(Region::new(region));
        }
        if let Some(profile) = &context.global.profile {
            loader = loader.profile_name(profile);
        }
        let config = Box::pin(loader.load()).await;
        let region = config.region().map(ToString::to_string).filter(|region| !region.is_empty());
        let region = region.ok_or_else(|| no_region(context))?;
        check_region("the Region in use", &region)?;
        let Some(provider) = provider(context, &config) else { return Err(no_credentials(context, None)) };
        let credentials = Box::pin(provider.provide_credentials()).await;
        let credentials = credentials.map_err(|error| no_credentials(context, Some(&error)))?;
        let provider = SharedCredentialsProvider::new(credentials);
        let config = config.into_builder().credentials_provider(provider).build();
        let named = fault::Named {
            region: region.clone(),
            profile: context.global.profile.clone(),
            table: context.table().ok(),
        };
        Ok(Self { config, region, own, named })
    }

    /// Region of the session.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// The same session in another Region.
    pub(crate) fn in_region(&self, region: &str) -> Self {
        let config = self.config.clone().into_builder().region(Region::new(region.to_owned())).build();
        let named = fault::Named { region: region.to_owned(), ..self.named.clone() };
        Self { config, region: region.to_owned(), own: self.own.clone(), named }
    }

    /// Names of the Regions that the account has enabled. The others are named and left out.
    pub(crate) async fn enabled_regions(&self, hint_if_denied: &str) -> Result<Vec<String>, Problem> {
        let found = regions(&patient(&self.config)).await;
        let found = found.map_err(|fault| self.problem(&fault).hint(hint_if_denied))?;
        let (on, off): (Vec<_>, Vec<_>) = found.into_iter().partition(|region| region.is_enabled);
        if !off.is_empty() {
            let names: Vec<&str> = off.iter().map(|region| &*region.name).collect();
            let names = names.join(", ");
            output::note(format_args!("left out, because the account has not enabled them: {names}"));
        }
        Ok(on.into_iter().map(|region| region.name).collect())
    }

    /// SDK configuration, for services that only one command calls.
    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Rules of the Region.
    pub(crate) fn rules(&self) -> EventBridgeRules {
        EventBridgeRules::new(&self.config).of_stack(&self.own)
    }

    pub(crate) fn store(&self, table: &str) -> DynamoStore {
        DynamoStore::new(&self.config, table)
    }

    /// The guard itself, to carry out an order.
    pub(crate) fn guard(&self, settings: GuardSettings) -> Guard<Aws> {
        let ports = Aws::new(&self.config, &settings.table, &settings.topic_arn).of_stack(&self.own);
        Guard::new(ports, settings.home, settings.defaults)
    }

    /// Description of the person who gives an order: the access key, by which CloudTrail names the principal.
    pub(crate) async fn who(&self) -> String {
        let Some(provider) = self.config.credentials_provider() else { return "someone".to_owned() };
        match provider.provide_credentials().await {
            Ok(credentials) => format!("the holder of access key {}", credentials.access_key_id()),
            Err(_) => "someone".to_owned(),
        }
    }

    /// Problem for a failed call.
    pub(crate) fn problem(&self, fault: &Fault) -> Problem {
        fault::problem(fault, &self.named)
    }

    /// Problem for a failed call of a command that works on several rules. Its message names the rule.
    pub(crate) fn problem_with(&self, rule: &RuleArn, fault: &Fault) -> Problem {
        let mut problem = self.problem(fault);
        problem.message = format!("rule {}: {}", quoted(rule), problem.message);
        problem
    }
}

/// Region given by the option or by an ARN. All rules of one run are in one Region.
fn meant_region(context: &Context, rules: &[RuleName]) -> Result<Option<String>, Problem> {
    let given = context.global.region.as_deref();
    given.map_or(Ok(()), |region| check_region("--region", region))?;
    let mut arns = rules.iter().filter_map(RuleName::arn);
    let Some(region) = given.or_else(|| arns.clone().next().map(|arn| arn.region())) else { return Ok(None) };
    match arns.find(|arn| arn.region() != region) {
        Some(arn) => Err(Problem::usage(format!(
            "{arn} is in {}, but {} {region}; expected one Region",
            arn.region(),
            if given.is_some() { "--region is" } else { "another rule is in" },
        ))),
        None => Ok(Some(region.to_owned())),
    }
}

/// Checks that a text can be the name of a Region. `what` names its origin in the message.
fn check_region(what: &str, region: &str) -> Result<(), Problem> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !region.is_empty() && region.bytes().all(is_plain) {
        return Ok(());
    }
    let seen = Excerpt::new(region);
    Err(Problem::usage(format!("{what} is {seen}; expected the name of a Region, as in eu-west-1")))
}

/// Credentials provider. `--profile` uses that profile only, so that keys in the environment do not override it.
fn provider(context: &Context, config: &SdkConfig) -> Option<SharedCredentialsProvider> {
    let Some(profile) = &context.global.profile else { return config.credentials_provider() };
    let parts = ProviderConfig::without_region()
        .with_http_client(budget_guard_aws::http_client())
        .with_region(config.region().cloned());
    let provider = ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&parts).build();
    Some(SharedCredentialsProvider::new(provider))
}

fn no_region(context: &Context) -> Problem {
    let looked = match &context.global.profile {
        Some(profile) => format!("--region, AWS_REGION and the profile {}", Excerpt::new(profile)),
        None => "--region, AWS_REGION and the AWS profile".to_owned(),
    };
    Problem::usage(format!("no Region is set: looked at {looked}"))
        .hint("give --region, as in --region eu-west-1; it is the Region the guard stands in")
}

fn no_credentials(context: &Context, error: Option<&dyn Error>) -> Problem {
    let causes = error.and_then(causes);
    let profile = context.global.profile.as_deref();
    let with_profile =
        profile.map(|profile| format!(" {}", option("--profile", profile))).unwrap_or_default();
    let problem = Problem::failed(match (&causes, profile) {
        (Some(causes), _) => format!("no AWS credentials: {causes}"),
        (None, Some(profile)) => {
            format!("no AWS credentials: the profile \"{profile}\" does not exist or holds none")
        }
        (None, None) => {
            "no AWS credentials: none in the environment, in the profile or on this machine".into()
        }
    });
    let words = causes.unwrap_or_default().to_lowercase();
    if words.contains("sso") {
        problem.hint(format!("sign in again: aws sso login{with_profile}"))
    } else if words.contains("login") {
        problem.hint(format!("sign in again: aws login{with_profile}"))
    } else if words.contains("external process") {
        problem.hint("run the profile's credential_process by hand to see what is wrong with it")
    } else if words.contains("not defined") || (profile.is_some() && words.is_empty()) {
        problem.hint("to see the profiles: aws configure list-profiles")
    } else {
        problem.hint(format!(
            "sign in (aws sso login{with_profile}), choose a profile with --profile, or export AWS_ACCESS_KEY_ID"
        ))
    }
}

/// Causes of an error, without the SDK's own phrases. `None` if there are no credentials at all.
fn causes(error: &dyn Error) -> Option<String> {
    let chain = std::iter::successors(error.source(), |&error| error.source());
    let words: Vec<String> = chain.map(ToString::to_string).collect();
    if let Some(attempts) = words.iter().find(|word| word.contains("no credentials found in chain")) {
        // One line for each provider. Only the line of the profile shows a mistake.
        let profile = attempts.lines().find_map(|line| line.trim().strip_prefix("Profile: "));
        let mistake = profile.and_then(|line| line.strip_prefix("the credential provider was not enabled: "));
        return mistake.map(str::to_owned);
    }
    // The metadata service is the last provider, and only EC2 instances have it.
    if words.iter().any(|word| word.contains("IMDS")) {
        return None;
    }
    let is_phrase =
        |word: &String| word.starts_with("an error occurred while") || word.starts_with("unexpected");
    let telling: Vec<String> = words.into_iter().filter(|word| !is_phrase(word)).collect();
    (!telling.is_empty()).then(|| telling.join(": ").replace('\n', " "))
}
