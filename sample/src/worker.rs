//! `notes worker`: looks after new notes in the background.

use std::sync::Arc;
use std::time::Duration;

use crate::database::Database;
use crate::error::{Explain as _, Failure};
use crate::http::{self, Answer, Client, Component, Problem, Request, Service};
use crate::log;
use crate::net::Network;
use crate::release::Release;
use crate::settings::Environment;
use crate::trace::Tracer;

const PAUSE: Duration = Duration::from_secs(1);

/// Runs the component until it is told to stop.
pub async fn run(release: Release, environment: &Environment) -> Result<(), Failure> {
    let network = Network::new(environment)?;
    let client = Client::new(network.clone());
    let database = Database::new(environment, network, "worker")?;
    let worker = Arc::new(Worker {
        schema: release.schema,
        database,
    });
    let tracer = Tracer::start(environment, &release, "worker", client);
    let listen = environment.or("NOTES_LISTEN", "127.0.0.1:8080").to_owned();
    let work = tokio::spawn(Arc::clone(&worker).work());
    let outcome = http::serve(
        Service {
            name: "worker",
            release,
            listen,
            tracer,
        },
        worker,
    )
    .await;
    // Each round is one statement: cut off, it happened wholly or not at all.
    work.abort();
    outcome
}

struct Worker {
    schema: u32,
    database: Database,
}

impl Component for Worker {
    async fn ready(&self) -> Result<(), Failure> {
        self.database.ready(self.schema).await
    }

    async fn respond(&self, _: &Request) -> Answer {
        Err(Problem::not_found())
    }
}

impl Worker {
    async fn work(self: Arc<Self>) {
        loop {
            match self.round().await {
                Ok(0) => tokio::time::sleep(PAUSE).await,
                Ok(notes) => log::info("notes processed", &[("notes", notes.into())]),
                Err(failure) => {
                    log::warn("cannot process notes", &[("error", failure.to_string().into())]);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn round(&self) -> Result<u64, Failure> {
        // The first release only notes that it saw a note; from schema 2 on words are counted.
        let (change, open) = if self.schema >= 2 {
            let count = "(SELECT count(*) FROM regexp_matches(text, '\\S+', 'g'))";
            (
                format!("word_count = {count}, processed_at = coalesce(processed_at, now())"),
                "word_count",
            )
        } else {
            ("processed_at = now()".to_owned(), "processed_at")
        };
        let statement = format!(
            "UPDATE notes SET {change} WHERE id IN (
                 SELECT id FROM notes WHERE {open} IS NULL ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED)"
        );
        let client = self.database.client().await?;
        client
            .execute(&statement, &[])
            .await
            .explain("cannot update notes")
    }
}
