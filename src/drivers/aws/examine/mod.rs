//! Looking at an account before anything is applied, for the doctor to judge.
//!
//! Everything is asked at once, each with a time limit, and nothing is changed. What AWS does not tell, or may not be asked, is
//! a fact too.

mod ground;
mod needs;

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};

use self::needs::{Counted, Needed, Quota};
use super::account::environment;
use super::place::{Certificate, DatabaseKind, Images, Place, State};
use super::render::{Needs, needs};
use crate::aws::{self, Aws, AwsError};
use crate::deployment::{Deployment, Part};
use crate::doctor::{
    AccountSeen, BoundSeen, BucketSeen, CertificateFound, CertificateSeen, Fact, Holder, ImageAnswer,
    ImageSeen, Looked, ZoneSeen,
};
use crate::drivers::{World, images};
use crate::oci::Registry;
use crate::run::chain_text;
use crate::tools::CancelToken;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at everything in a part's account that could be in its way.
pub async fn examine(world: &World, deployment: &Deployment, part: &Part, installed: bool) -> AccountSeen {
    let mut seen = AccountSeen {
        part: part.name.clone(),
        place: format!("parts.{}", part.name),
        identity: Err((String::new(), None)),
        facts: Ok(Vec::new()),
    };
    let rendered = Place::of(deployment, part).and_then(|place| {
        let needed = Needed::of(deployment, part)?;
        Ok((place, needed, needs(deployment, part)?))
    });
    let (place, needed, needs) = match rendered {
        Ok(found) => found,
        Err(error) => {
            seen.identity = Err((chain_text(&error), None));
            return seen;
        }
    };
    let options = &place.options;
    seen.place = format!("account {} in {}", options.account, options.region);
    let aws = match sign_in(world, &place).await {
        Ok((aws, who)) => {
            seen.identity = Ok(who);
            aws
        }
        Err(error) => {
            seen.identity = Err((chain_text(&error), error.advice().map(str::to_owned)));
            return seen;
        }
    };
    let registry = images::registry(world, part);
    let ask = Ask {
        aws: &aws,
        place: &place,
        needs: &needs,
        cancel: &world.cancel,
        installed,
    };
    seen.facts = Ok(ask.facts(needed, &registry).await);
    seen
}

/// Signs in, and makes sure that it is the account that is meant.
async fn sign_in(world: &World, place: &Place) -> Result<(Aws, String), AwsError> {
    let options = &place.options;
    let aws = Aws::connect(Some(&options.region), &environment(world, place)).await?;
    let identity = tokio::time::timeout(PATIENCE, aws.identity(&world.cancel)).await;
    let identity = identity.map_err(|_| AwsError::TimedOut {
        what: "AWS does not say who is signed in".to_owned(),
        after: PATIENCE,
    })??;
    identity.guard(&options.account)?;
    Ok((aws, identity.arn))
}

/// Asks an account, and says in words why there is no answer.
#[derive(Clone, Copy)]
struct Ask<'a> {
    aws: &'a Aws,
    place: &'a Place,
    needs: &'a Needs,
    cancel: &'a CancelToken,
    installed: bool,
}

impl<'a> Ask<'a> {
    async fn look<T>(self, call: impl Future<Output = Result<T, AwsError>>) -> Looked<T> {
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(answer) => answer.map_err(|error| chain_text(&error)),
            Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
        }
    }

    /// Asks for everything at once; only what networks and subnets are told of is asked first.
    async fn facts(self, needed: Needed, registry: &'a Result<Registry, String>) -> Vec<Fact> {
        let ground = ground::Ground::look(self).await;
        let mut asked: Vec<BoxFuture<'_, Fact>> = Vec::new();
        asked.push(self.quotas(needed.quotas, &ground).boxed());
        asked.push(self.roles(needed.roles).boxed());
        let options = &self.place.options;
        match options.certificate {
            _ if !self.needs.reached => {}
            Certificate::Given => asked.push(self.certificate().boxed()),
            Certificate::Zone => asked.push(self.zone().boxed()),
        }
        if let Some(arn) = &options.registry_credentials {
            asked.push(self.secret("registry_credentials", arn).boxed());
        }
        if self.needs.instances.is_some() {
            asked.push(self.engine().boxed());
        }
        if let Some(name) = self.place.state_bucket() {
            asked.push(self.bucket(name).boxed());
        }
        for image in &self.needs.images {
            // Repositories of the installation's own are filled after they were made.
            if options.images != Images::Ecr || self.installed {
                asked.push(self.image(image, registry).boxed());
            }
        }
        let (mut facts, network) = tokio::join!(join_all(asked), ground.facts(self));
        facts.extend(network);
        facts
    }

    async fn secret(self, option: &'static str, arn: &str) -> Fact {
        let there = self.look(self.aws.has_secret(arn, self.cancel)).await;
        Fact::Secret(option, arn.to_owned(), there)
    }

    /// Counts addresses that must be free yet: what is there has its own.
    fn new_only(self, count: u64) -> u64 {
        if self.installed { 0 } else { count }
    }

    /// Counts the addresses that tasks take at most, twice while another revision takes over.
    fn free_for_tasks(self) -> u64 {
        self.new_only(2 * self.needs.tasks)
    }

    async fn quotas(self, quotas: Vec<(Quota, u64)>, ground: &ground::Ground) -> Fact {
        let asked = quotas
            .into_iter()
            .map(|(quota, needed)| self.quota(quota, needed, ground));
        Fact::Quotas(join_all(asked).await)
    }

    async fn quota(self, quota: Quota, needed: u64, ground: &ground::Ground) -> BoundSeen {
        let limit = self.look(self.aws.quota((&quota.service, &quota.code), self.cancel));
        let used = async {
            match quota.used {
                Some(counted) => Some(self.count(counted, ground).await),
                None => None,
            }
        };
        let (limit, used) = tokio::join!(limit, used);
        BoundSeen {
            title: quota.title,
            code: (quota.service, quota.code),
            needed,
            used,
            there: self.installed,
            // AWS writes whole numbers with a fraction.
            limit: limit.map(|limit| limit.map(|limit| limit as u64)),
        }
    }

    async fn count(self, what: Counted, ground: &ground::Ground) -> Looked<u64> {
        let (aws, cancel) = (self.aws, self.cancel);
        match what {
            Counted::Addresses => self.look(aws.count_addresses(cancel)).await,
            Counted::Balancers => self.look(aws.count_balancers(cancel)).await,
            Counted::CacheNodes => self.look(aws.count_cache_nodes(cancel)).await,
            Counted::DatabaseClusters => self.look(aws.count_in_rds("DBClusters", cancel)).await,
            Counted::DatabaseInstances => self.look(aws.count_in_rds("DBInstances", cancel)).await,
            Counted::InternetGateways => self.look(aws.count_internet_gateways(cancel)).await,
            Counted::NatGateways => {
                let gateways = self.look(aws.nat_subnets(cancel)).await?;
                ground.fullest_zone(&gateways, &self.place.options.zones)
            }
            Counted::Networks => ground.count_networks(),
        }
    }

    async fn roles(self, names: Vec<String>) -> Fact {
        let asked = names.into_iter().map(|name| async move {
            let found = self.look(self.aws.role(&name, self.cancel)).await;
            (name, found.map(|role| role.is_some()))
        });
        Fact::Roles(join_all(asked).await)
    }

    async fn certificate(self) -> Fact {
        let options = &self.place.options;
        let arn = options.certificate_arn.clone().unwrap_or_default();
        let found = self.look(self.aws.certificate(&arn, self.cancel)).await;
        let told = |seen: aws::CertificateSeen| {
            let mut names = seen.subject_alternative_names;
            names.push(seen.domain_name);
            names.sort_unstable();
            names.dedup();
            CertificateFound {
                status: seen.status,
                ends: seen.not_after.map(|ends| ends as i64),
                names,
            }
        };
        Fact::Certificate(CertificateSeen {
            arn,
            region: options.region.clone(),
            domain: options.domain.clone(),
            found: found.map(|found| found.map(told)),
        })
    }

    async fn zone(self) -> Fact {
        let options = &self.place.options;
        let id = options.zone_id.clone().unwrap_or_default();
        let found = self.look(self.aws.zone(&id, self.cancel)).await;
        Fact::Zone(ZoneSeen {
            id,
            domain: options.domain.clone(),
            found: found.map(|found| found.map(|zone| (zone.name, zone.is_private))),
        })
    }

    async fn engine(self) -> Fact {
        let options = &self.place.options;
        let engine = match options.database_kind {
            DatabaseKind::Aurora => "aurora-postgresql",
            DatabaseKind::Postgres => "postgres",
        };
        let version = options.database_version.as_str();
        let offered = self
            .look(self.aws.offers_engine((engine, version), self.cancel))
            .await;
        Fact::Engine(format!("{engine} {version}"), offered)
    }

    async fn bucket(self, name: String) -> Fact {
        let account = self.place.options.account.as_str();
        let found = self.look(self.aws.bucket((&name, account), self.cancel)).await;
        Fact::Bucket(BucketSeen {
            made: self.place.options.state == State::S3,
            holder: found.map(|found| match found {
                aws::BucketSeen::Ours => Holder::Ours,
                aws::BucketSeen::Free => Holder::Nobody,
                aws::BucketSeen::Closed => Holder::Closed,
            }),
            name,
        })
    }

    /// Asks for an image where tasks pull it: this account's own registry answers whoever is signed in.
    async fn image(self, reference: &str, registry: &Result<Registry, String>) -> Fact {
        let own = format!("{}/", self.place.ecr());
        let own = reference.strip_prefix(&own).and_then(|rest| rest.split_once('@'));
        let answer = match (own, registry) {
            (Some((repository, digest)), _) => {
                let which = (self.place.options.account.as_str(), repository, digest);
                match self.look(self.aws.has_image(which, self.cancel)).await {
                    Ok(true) => ImageAnswer::There,
                    Ok(false) => ImageAnswer::Missing,
                    Err(why) => ImageAnswer::Silent(why),
                }
            }
            (None, Ok(registry)) => images::offered(registry, reference).await.answer,
            (None, Err(why)) => ImageAnswer::Silent(why.clone()),
        };
        Fact::Image(ImageSeen {
            reference: reference.to_owned(),
            answer,
        })
    }
}
