//! What the containers of one task write.

use aws_sdk_ecs::types::{ContainerDefinition, LogDriver};

use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::refusal::ask;
use crate::aws::told::{Listener, Told};
use crate::tools::CancelToken;

/// The streams of a task's containers, each with how far it was read.
///
/// A log that cannot be read is told, and is no reason to leave a task alone.
#[derive(Debug)]
pub(super) struct TaskLog {
    definition: String,
    task: String,
    streams: Option<Vec<Stream>>,
}

#[derive(Debug)]
struct Stream {
    group: String,
    name: String,
    next: Option<String>,
}

impl TaskLog {
    /// Takes a task and the definition that says where it writes.
    pub(super) fn new(definition: &str, task: &str) -> Self {
        Self {
            definition: definition.to_owned(),
            task: task.rsplit('/').next().unwrap_or(task).to_owned(),
            streams: None,
        }
    }

    /// Tells the lines that are new, and says whether there were any.
    pub(super) async fn tell(&mut self, aws: &Aws, tell: &mut Listener<'_>, cancel: &CancelToken) -> bool {
        match self.read(aws, tell, cancel).await {
            Ok(is_any) => is_any,
            // The next look tries again, or finds out that it is to stop.
            Err(error) if error.is_passing() || matches!(error, AwsError::Interrupted { .. }) => false,
            Err(error) => {
                let why = std::error::Error::source(&error).map(|why| format!(": {why}"));
                tell(Told::Event(format!("{error}{}", why.unwrap_or_default())));
                self.streams = Some(Vec::new());
                false
            }
        }
    }

    async fn read(
        &mut self,
        aws: &Aws,
        tell: &mut Listener<'_>,
        cancel: &CancelToken,
    ) -> Result<bool, AwsError> {
        if self.streams.is_none() {
            self.streams = Some(self.find(aws, cancel).await?);
        }
        let mut is_any = false;
        for stream in self.streams.iter_mut().flatten() {
            is_any |= stream.read(aws, tell, cancel).await?;
        }
        Ok(is_any)
    }

    /// Finds out where the task writes; what does not go to CloudWatch is not read.
    async fn find(&self, aws: &Aws, cancel: &CancelToken) -> Result<Vec<Stream>, AwsError> {
        let describe = aws
            .ecs
            .describe_task_definition()
            .task_definition(&self.definition);
        let doing = format!("read the definition {}", self.definition);
        let answer = ask(doing, cancel, describe.send()).await?;
        let containers = answer.task_definition.and_then(|one| one.container_definitions);
        let streams = containers
            .iter()
            .flatten()
            .filter_map(|one| Stream::of(one, &self.task));
        Ok(streams.collect())
    }
}

impl Stream {
    /// Names a container's stream as ECS does: by its prefix, its container and its task.
    fn of(container: &ContainerDefinition, task: &str) -> Option<Self> {
        let log = container.log_configuration()?;
        if *log.log_driver() != LogDriver::Awslogs {
            return None;
        }
        let options = log.options()?;
        let prefix = options.get("awslogs-stream-prefix")?;
        Some(Self {
            group: options.get("awslogs-group")?.clone(),
            name: format!("{prefix}/{}/{task}", container.name()?),
            next: None,
        })
    }

    async fn read(
        &mut self,
        aws: &Aws,
        tell: &mut Listener<'_>,
        cancel: &CancelToken,
    ) -> Result<bool, AwsError> {
        let mut is_any = false;
        loop {
            let read = aws
                .logs
                .get_log_events()
                .log_group_name(&self.group)
                .log_stream_name(&self.name)
                .start_from_head(true)
                .set_next_token(self.next.clone());
            let doing = format!("read the log stream `{}`", self.name);
            let answer = match ask(doing, cancel, read.send()).await {
                Ok(answer) => answer,
                // It is made with its first line.
                Err(error) if error.is("ResourceNotFoundException") => return Ok(is_any),
                Err(error) => return Err(error),
            };
            let events = answer.events.unwrap_or_default();
            is_any |= !events.is_empty();
            for line in events.iter().filter_map(|event| event.message()) {
                tell(Told::Line(line.trim_end_matches('\n').to_owned()));
            }
            // At its end the answer has the token of the call.
            if answer.next_forward_token.is_none() || answer.next_forward_token == self.next {
                return Ok(is_any);
            }
            self.next = answer.next_forward_token;
        }
    }
}
