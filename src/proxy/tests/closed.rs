//! A proxy that is closed while a file is there.

use camino::{Utf8Path, Utf8PathBuf};
use hyper::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};

use super::*;

struct Gate {
    _folder: tempfile::TempDir,
    file: Utf8PathBuf,
}

impl Gate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = Utf8Path::from_path(folder.path()).unwrap().join("closed");
        Self {
            _folder: folder,
            file,
        }
    }

    fn close(&self, reason: &str) {
        fs_err::write(&self.file, reason).unwrap();
    }

    fn open(&self) {
        fs_err::remove_file(&self.file).unwrap();
    }

    async fn start(&self, routes: Vec<Route>) -> Running {
        Running::start(ProxyConfig {
            closed: Some(self.file.clone()),
            ..config(routes)
        })
        .await
    }
}

async fn ask(proxy: &Running, accept: &str) -> (Response<()>, String) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let request = Request::get(proxy.url("/x")).header(ACCEPT, accept);
    let response = client.request(request.body(Empty::new()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        Response::from_parts(parts, ()),
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn it_is_closed_while_the_file_is_there_and_no_upstream_is_asked() {
    let asked = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&asked);
    let counting = upstream(move |_| {
        *counter.lock().unwrap() += 1;
        async { Response::new(full("served")) }
    })
    .await;
    let gate = Gate::new();
    let proxy = gate.start(vec![route("/", counting)]).await;
    assert_eq!(proxy.get("/").await, (StatusCode::OK, "served".to_owned()));

    gate.close("an upgrade to 2.0 is under way\n");
    let (response, text) = ask(&proxy, "*/*").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[RETRY_AFTER], "5");
    assert_eq!(response.headers()["x-frame-options"], "DENY");
    assert_eq!(text, "an upgrade to 2.0 is under way\n");
    assert_eq!(proxy.get("/nowhere/..").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(*asked.lock().unwrap(), 1);

    gate.open();
    assert_eq!(proxy.get("/").await.0, StatusCode::OK);
    assert_eq!(*asked.lock().unwrap(), 2);
}

#[tokio::test]
async fn the_reason_is_told_as_the_client_wants_it() {
    let gate = Gate::new();
    let proxy = gate.start(vec![]).await;
    gate.close("<b>back</b> soon");
    let (response, html) = ask(&proxy, "text/html,*/*;q=0.8").await;
    assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(html.contains("<p>&lt;b&gt;back&lt;/b&gt; soon</p>"), "{html}");
    let (response, json) = ask(&proxy, "application/json").await;
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["message"], "<b>back</b> soon");
}

#[tokio::test]
async fn a_file_that_says_nothing_or_cannot_be_read_closes_too() {
    let gate = Gate::new();
    let proxy = gate.start(vec![]).await;
    gate.close("");
    let words = "closed for maintenance, please come back in a moment\n";
    assert_eq!(
        proxy.get("/").await,
        (StatusCode::SERVICE_UNAVAILABLE, words.to_owned())
    );
    gate.open();
    fs_err::create_dir(&gate.file).unwrap();
    assert_eq!(proxy.get("/").await.1, words);
}

#[tokio::test]
async fn what_is_under_way_is_not_cut() {
    let slow = upstream(|_| async {
        sleep(Duration::from_millis(300)).await;
        Response::new(full("done"))
    })
    .await;
    let gate = Gate::new();
    let proxy = gate
        .start(vec![route("/ws", echo().await), route("/slow", slow)])
        .await;
    let mut socket = open_websocket(&proxy).await;
    let (answer, ()) = tokio::join!(proxy.get("/slow"), async {
        sleep(Duration::from_millis(100)).await;
        gate.close("later");
        assert_echo(&mut socket, "still here").await;
        assert_eq!(proxy.get("/slow").await.0, StatusCode::SERVICE_UNAVAILABLE);
    });
    assert_eq!(answer, (StatusCode::OK, "done".to_owned()));
}
