//! `notes probe`: asks addresses from where it runs. `helm test` runs it inside a cluster.

use std::time::{Duration, Instant};

use hyper::StatusCode;

use crate::error::Failure;
use crate::http::{Call, Client};
use crate::net::Network;
use crate::settings::Environment;

/// A new pod's way through the network may open a moment after the pod has started.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(250);

/// Asks each address until it answers 2xx and gives a line on each; fails with the first that does not in time.
pub async fn run(environment: &Environment, urls: &[String]) -> Result<Vec<String>, Failure> {
    if urls.is_empty() {
        return Err(Failure::new(
            "no address was given, usage: notes probe URL [URL]..",
        ));
    }
    let client = Client::new(Network::new(environment)?);
    let mut lines = Vec::new();
    for url in urls {
        let status = ask(&client, url, PATIENCE).await?;
        lines.push(format!("{url} answered {status}"));
    }
    Ok(lines)
}

async fn ask(client: &Client, url: &str, patience: Duration) -> Result<StatusCode, Failure> {
    let begin = Instant::now();
    loop {
        let failure = match client.send(Call::get(url)).await {
            Ok((status, _)) if status.is_success() => return Ok(status),
            Ok((status, body)) => {
                let body = String::from_utf8_lossy(&body);
                Failure::new(format!("{url} answered {status}: {}", body.trim()))
            }
            Err(failure) => failure,
        };
        if begin.elapsed() >= patience {
            return Err(failure);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers requests with these statuses, one after the other, and then no more.
    async fn server(statuses: &'static [&'static str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ready", listener.local_addr().unwrap());
        tokio::spawn(async move {
            for status in statuses {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 1024]).await.unwrap();
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\nwhy\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        url
    }

    async fn asked(url: &str, patience: Duration) -> Result<StatusCode, Failure> {
        let network = Network::new(&Environment::of_process()).unwrap();
        ask(&Client::new(network), url, patience).await
    }

    #[tokio::test]
    async fn what_is_not_ready_yet_is_asked_again() {
        let url = server(&["503 Service Unavailable", "200 OK"]).await;
        assert_eq!(asked(&url, PATIENCE).await.unwrap(), StatusCode::OK);
    }

    #[tokio::test]
    async fn what_is_never_ready_is_a_failure_with_its_reason() {
        let url = server(&["503 Service Unavailable"]).await;
        let failure = asked(&url, Duration::ZERO).await.unwrap_err().to_string();
        assert_eq!(failure, format!("{url} answered 503 Service Unavailable: why"));
        let failure = asked(&url, Duration::ZERO).await.unwrap_err().to_string();
        assert!(failure.contains("127.0.0.1"), "{failure}");
    }

    #[tokio::test]
    async fn an_address_is_needed() {
        let failure = run(&Environment::of_process(), &[]).await.unwrap_err();
        assert!(failure.to_string().contains("usage"), "{failure}");
    }
}
