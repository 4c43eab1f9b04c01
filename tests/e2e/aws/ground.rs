//! A cluster and a log of a test's own, and what every test makes in it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_ecs::types::{
    Compatibility, ContainerDefinition, DeploymentCircuitBreaker, DeploymentConfiguration,
    DeploymentRolloutState, LaunchType, LogConfiguration, LogDriver, NetworkMode,
};
use landfall::aws::{Aws, AwsError, ServiceName, TaskEnd, TaskNetwork, TaskOrder, Told};
use landfall::tools::CancelToken;
use tokio::sync::OnceCell;

use super::emulator::{ACCOUNT, Emulator, emulator};

static NUMBER: AtomicU32 = AtomicU32::new(0);
static SWEPT: OnceCell<()> = OnceCell::const_new();

/// How long anything here may take before a test counts it as hanging.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A cluster and a log group of its name, gone with all that runs when dropped.
pub struct Ground {
    pub emulator: &'static Emulator,
    /// What is tested.
    pub aws: Aws,
    pub ecs: aws_sdk_ecs::Client,
    pub rds: aws_sdk_rds::Client,
    /// Stops everything, where a test wants that.
    pub cancel: CancelToken,
    /// The name of the cluster and of the log group.
    pub cluster: String,
}

impl Ground {
    /// Makes one; none where there is no emulator, which is said aloud.
    pub async fn new() -> Option<Self> {
        let emulator = emulator()?;
        let config = emulator.configuration(ACCOUNT);
        let ecs = aws_sdk_ecs::Client::new(&config);
        SWEPT.get_or_init(|| sweep(&ecs)).await;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let cluster = format!("lf-e2e-{}-{number}", std::process::id());
        ecs.create_cluster().cluster_name(&cluster).send().await.unwrap();
        let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
        logs.create_log_group()
            .log_group_name(&cluster)
            .send()
            .await
            .unwrap();
        Some(Self {
            emulator,
            aws: Aws::over(&config).unwrap().paced(Duration::from_millis(200)),
            ecs,
            rds: aws_sdk_rds::Client::new(&config),
            cancel: CancelToken::new(),
            cluster,
        })
    }

    /// Names the image that has a shell.
    pub async fn shell(&self) -> String {
        self.emulator.image("library/postgres", "15").await
    }

    /// Registers a revision of one container, which has the family's name and writes to the log; returns its ARN.
    pub async fn define(&self, family: &str, image: &str, command: &[&str]) -> String {
        let container = ContainerDefinition::builder()
            .set_command(Some(command.iter().map(|word| (*word).to_owned()).collect()))
            .environment(pair("NOTES_LISTEN", "0.0.0.0:8080"));
        self.register(family, image, container).await
    }

    /// Registers a revision of a container that is half described.
    pub async fn register(
        &self,
        family: &str,
        image: &str,
        container: aws_sdk_ecs::types::builders::ContainerDefinitionBuilder,
    ) -> String {
        let log = LogConfiguration::builder()
            .log_driver(LogDriver::Awslogs)
            .options("awslogs-group", &self.cluster)
            .options("awslogs-region", &self.emulator.region)
            .options("awslogs-stream-prefix", family);
        let container = container
            .name(family)
            .image(image)
            .log_configuration(log.build().unwrap());
        let register = self
            .ecs
            .register_task_definition()
            .family(format!("{}-{family}", self.cluster))
            .network_mode(NetworkMode::Awsvpc)
            .requires_compatibilities(Compatibility::Fargate)
            .cpu("256")
            .memory("512")
            .container_definitions(container.build());
        let answer = register.send().await.unwrap();
        answer.task_definition.unwrap().task_definition_arn.unwrap()
    }

    /// Orders a task of a revision.
    pub fn order(&self, name: &str, definition: &str) -> TaskOrder {
        TaskOrder {
            name: format!("{}/{name}", self.cluster),
            cluster: self.cluster.clone(),
            definition: definition.to_owned(),
            container: name.to_owned(),
            command: None,
            environment: [].into(),
            network: TaskNetwork {
                subnets: vec!["subnet-1".to_owned()],
                security_groups: vec!["sg-1".to_owned()],
            },
            known: None,
            limit: PATIENCE,
        }
    }

    /// Makes a service of one task, with a circuit breaker that goes back, and waits until it has something to go back to.
    pub async fn service(&self, name: &str, definition: &str) -> ServiceName {
        let breaker = DeploymentCircuitBreaker::builder()
            .enable(true)
            .rollback(true)
            .build();
        let create = self
            .ecs
            .create_service()
            .cluster(&self.cluster)
            .service_name(name)
            .task_definition(definition)
            .desired_count(1)
            .launch_type(LaunchType::Fargate)
            .deployment_configuration(
                DeploymentConfiguration::builder()
                    .deployment_circuit_breaker(breaker)
                    .build(),
            );
        create.send().await.unwrap();
        let service = ServiceName {
            cluster: self.cluster.clone(),
            service: name.to_owned(),
        };
        self.scale(&service, 1, PATIENCE).await.unwrap();
        soon("the end of the first rollout", async || {
            let describe = self.ecs.describe_services().cluster(&self.cluster).services(name);
            let seen = describe.send().await.unwrap();
            let completed = Some(&DeploymentRolloutState::Completed);
            seen.services()[0].deployments()[0].rollout_state() == completed
        })
        .await;
        service
    }

    /// Runs a task to its end, and returns what was told meanwhile.
    pub async fn run(&self, order: &TaskOrder) -> (Result<TaskEnd, AwsError>, Vec<Told>) {
        let mut told = Vec::new();
        let mut listen = |news| told.push(news);
        let ended = self.aws.run_task(order, &mut listen, &self.cancel).await;
        (ended, told)
    }

    /// Gives a service so many tasks.
    pub async fn scale(&self, name: &ServiceName, count: u16, limit: Duration) -> Result<(), AwsError> {
        let mut listen = |_| ();
        let scale = self
            .aws
            .scale_service(name, count, limit, &mut listen, &self.cancel);
        scale.await
    }

    /// Describes a task.
    pub async fn task(&self, arn: &str) -> aws_sdk_ecs::types::Task {
        let describe = self.ecs.describe_tasks().cluster(&self.cluster).tasks(arn);
        describe.send().await.unwrap().tasks.unwrap().remove(0)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let (ecs, cluster) = (self.ecs.clone(), self.cluster.clone());
        // A test's own runtime cannot be waited for from within.
        let cleaned = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(clean(&ecs, &cluster));
        });
        let _ = cleaned.join();
    }
}

/// Makes an environment variable.
pub fn pair(name: &str, value: &str) -> aws_sdk_ecs::types::KeyValuePair {
    aws_sdk_ecs::types::KeyValuePair::builder()
        .name(name)
        .value(value)
        .build()
}

/// Picks the lines out of what was told.
pub fn lines(told: &[Told]) -> Vec<&str> {
    let lines = told.iter().filter_map(|news| match news {
        Told::Line(line) => Some(line.as_str()),
        _ => None,
    });
    lines.collect()
}

/// Waits until something is so.
pub async fn soon(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !is_so().await {
        assert!(begin.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Ends what tests have left whose process has ended.
async fn sweep(ecs: &aws_sdk_ecs::Client) {
    let clusters = ecs.list_clusters().send().await.unwrap();
    for arn in clusters.cluster_arns() {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let process = name
            .strip_prefix("lf-e2e-")
            .and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            clean(ecs, name).await;
        }
    }
}

async fn clean(ecs: &aws_sdk_ecs::Client, cluster: &str) {
    let services = ecs.list_services().cluster(cluster).send().await.unwrap();
    for service in services.service_arns() {
        let delete = ecs.delete_service().cluster(cluster).service(service).force(true);
        delete.send().await.unwrap();
    }
    let tasks = ecs.list_tasks().cluster(cluster).send().await.unwrap();
    for task in tasks.task_arns() {
        ecs.stop_task().cluster(cluster).task(task).send().await.unwrap();
    }
    ecs.delete_cluster().cluster(cluster).send().await.unwrap();
}
