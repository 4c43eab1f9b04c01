//! Asking the product as its users do.

use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status; 0 when nothing answered.
    pub status: u16,
    /// The body, or why nothing answered.
    pub body: String,
}

/// Sends one request.
pub fn ask(method: &str, url: &str, body: Option<&str>) -> Reply {
    ask_for(None, method, url, body)
}

/// Sends one request, which names another host than the one it goes to.
pub fn ask_for(host: Option<&str>, method: &str, url: &str, body: Option<&str>) -> Reply {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let send = async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()?;
        let mut request = client.request(method.parse().expect("a method"), url);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        if let Some(body) = body {
            request = request.body(body.to_owned());
        }
        let reply = request.send().await?;
        let status = reply.status().as_u16();
        Ok(Reply {
            status,
            body: reply.text().await?,
        })
    };
    let reply: Result<Reply, reqwest::Error> = runtime.block_on(send);
    reply.unwrap_or_else(|error| Reply {
        status: 0,
        body: format!("{error:?}"),
    })
}
