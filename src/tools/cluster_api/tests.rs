use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::tools::{CancelToken, Said};

/// What a stand-in for a cluster answers: the start of a request, a status, a body.
type Answers = Vec<(&'static str, u16, Value)>;

/// A stand-in for a cluster's API, and the requests that it got.
struct Cluster {
    api: ClusterApi,
    asked: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

fn discovery() -> Answers {
    let resource = |plural: &str, kind: &str, scope: &str| {
        json!({ "resource": plural, "singularResource": kind.to_lowercase(), "scope": scope,
            "responseKind": { "group": "", "version": "", "kind": kind } })
    };
    let group = |name: &str, version: &str, resources: Value| json!({ "metadata": { "name": name }, "versions": [{ "version": version, "resources": resources }] });
    let core = json!([
        resource("pods", "Pod", "Namespaced"),
        resource("nodes", "Node", "Cluster")
    ]);
    let apps = json!([resource("deployments", "Deployment", "Namespaced")]);
    let older = json!([resource("deployments", "Deployment", "Namespaced")]);
    let lists = |items: Value| json!({ "kind": "APIGroupDiscoveryList", "items": items });
    vec![
        (
            "GET /apis HTTP",
            200,
            lists(json!([
                group("apps", "v1", apps),
                group("old.example", "v1", older)
            ])),
        ),
        ("GET /api HTTP", 200, lists(json!([group("", "v1", core)]))),
    ]
}

impl Cluster {
    /// Answers each request by the first answer that fits and was not given yet; the last that fits stays.
    async fn answering(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::new(Mutex::new([discovery(), answers].concat()));
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answers), Arc::clone(&seen)));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let file = camino::Utf8PathBuf::from_path_buf(folder.path().join("config")).unwrap();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "one",
            "clusters": [{ "name": "one", "cluster": { "server": server } }],
            "users": [{ "name": "me", "user": { "token": "t" } }],
            "contexts": [{ "name": "one", "context": { "cluster": "one", "user": "me" } }],
        });
        fs_err::write(&file, config.to_string()).unwrap();
        let api = ClusterApi::new(ClusterAccess {
            environment: BTreeMap::new(),
            context: None,
            kubeconfig: Some(file),
            namespace: "notes".to_owned(),
        });
        Self {
            api,
            asked,
            _folder: folder,
        }
    }

    fn asked(&self, start: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|line| line.starts_with(start))
            .cloned()
            .collect()
    }
}

async fn serve(
    mut stream: tokio::net::TcpStream,
    answers: Arc<Mutex<Answers>>,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() < length.map_or(0, |length| length.parse().unwrap()) {
            continue;
        }
        let line = head.lines().next().unwrap_or_default().to_owned();
        let (status, answer) = {
            let mut answers = answers.lock().unwrap();
            let fits: Vec<usize> = (0..answers.len())
                .filter(|at| line.starts_with(answers[*at].0))
                .collect();
            match fits[..] {
                [] => (
                    404,
                    json!({ "status": "Failure", "code": 404, "message": format!("{line}: not found") }),
                ),
                [only] => (answers[only].1, answers[only].2.clone()),
                [first, ..] => {
                    let (_, status, answer) = answers.remove(first);
                    (status, answer)
                }
            }
        };
        asked.lock().unwrap().push(line);
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", answer.len());
        stream
            .write_all(format!("{head}{answer}").as_bytes())
            .await
            .unwrap();
        text.clear();
    }
}

fn refusal(code: u16, message: &str) -> Value {
    json!({ "kind": "Status", "status": "Failure", "code": code, "message": message })
}

#[tokio::test]
async fn kinds_are_found_by_their_names_and_learned_once() {
    let items = json!({ "items": [{ "metadata": { "name": "a", "managedFields": [] } }] });
    let cluster = Cluster::answering(vec![("GET /api", 200, items)]).await;
    let cancel = CancelToken::new();
    for (name, path) in [
        ("pods", "/api/v1/namespaces/notes/pods"),
        ("pod", "/api/v1/namespaces/notes/pods"),
        ("nodes", "/api/v1/nodes"),
        ("deployments", "/apis/apps/v1/namespaces/notes/deployments"),
        (
            "deployments.old.example",
            "/apis/old.example/v1/namespaces/notes/deployments",
        ),
    ] {
        let found = cluster.api.list(name, "a in (b,c)", &cancel).await.unwrap();
        assert_eq!(found[0]["metadata"], json!({ "name": "a" }), "{name}");
        assert!(found[0]["kind"].is_string(), "{name}");
        let asked = cluster.asked.lock().unwrap().last().unwrap().clone();
        assert_eq!(
            asked,
            format!("GET {path}?labelSelector=a+in+%28b%2Cc%29 HTTP/1.1")
        );
    }
    assert_eq!(cluster.asked("GET /apis HTTP").len(), 1);
    assert_eq!(
        cluster.api.groups(&cancel).await.unwrap(),
        ["v1", "apps/v1", "old.example/v1"]
    );
    let unknown = cluster.api.list("gateways", "", &cancel).await.unwrap_err();
    assert!(
        matches!(unknown, ToolError::Refused { code: 404, .. }),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_none_and_what_is_forbidden_an_error() {
    let forbidden = refusal(403, "pods \"b\" is forbidden");
    let cluster = Cluster::answering(vec![("GET /api/v1/namespaces/notes/pods/b", 403, forbidden)]).await;
    let cancel = CancelToken::new();
    assert_eq!(cluster.api.get("pod", "a", &cancel).await.unwrap(), None);
    let error = cluster.api.get("pod", "b", &cancel).await.unwrap_err();
    assert_eq!(error.to_string(), "reading pod b: the cluster refused");
    assert!(
        matches!(error, ToolError::Refused { code: 403, said: Said(said), .. } if said == ["pods \"b\" is forbidden"])
    );
}

#[tokio::test]
async fn a_dry_run_shows_all_and_tells_everything_that_is_refused() {
    let cluster = Cluster::answering(vec![
        (
            "PATCH /api/v1/namespaces/notes/pods/a?",
            200,
            json!({ "kind": "Pod" }),
        ),
        (
            "PATCH /api/v1/namespaces/other/pods/b?",
            422,
            refusal(422, "b is wrong"),
        ),
        ("PATCH /api/v1/nodes/c?", 403, refusal(403, "c is wrong")),
    ])
    .await;
    let object =
        |kind: &str, name: &str| json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name } });
    let (a, mut b, c) = (object("Pod", "a"), object("Pod", "b"), object("Node", "c"));
    b["metadata"]["namespace"] = json!("other");
    let cancel = CancelToken::new();
    assert_eq!(
        cluster.api.dry_run(&a.to_string(), &cancel).await.unwrap(),
        [json!({ "kind": "Pod" })]
    );
    let manifest = format!("{a}\n---\n{}\n", json!({ "kind": "List", "items": [b, c] }));
    let error = cluster.api.dry_run(&manifest, &cancel).await.unwrap_err();
    assert!(
        matches!(error, ToolError::Refused { said: Said(said), .. } if said == ["b is wrong", "c is wrong"])
    );
    assert!(
        cluster
            .asked("PATCH")
            .iter()
            .all(|line| line.contains("dryRun=All") && line.contains("force=true"))
    );
}

#[tokio::test]
async fn a_cluster_that_is_too_busy_is_asked_again() {
    let path = "GET /version";
    let busy = refusal(429, "too many requests");
    let version = json!({ "gitVersion": "v1.31.2-eks-7f9249a" });
    let cluster = Cluster::answering(vec![(path, 429, busy), (path, 200, version)]).await;
    let found = cluster.api.version(&CancelToken::new()).await.unwrap();
    assert_eq!(
        (found.to_string().as_str(), cluster.asked(path).len()),
        ("1.31.2", 2)
    );
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_is_told_and_not_waited_for_without_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut cluster = Cluster::answering(Vec::new()).await;
    let file = cluster.api.access.kubeconfig.clone().unwrap();
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "one",
        "clusters": [{ "name": "one", "cluster": { "server": format!("http://{}", listener.local_addr().unwrap()) } }],
        "users": [{ "name": "me", "user": {} }],
        "contexts": [{ "name": "one", "context": { "cluster": "one", "user": "me" } }],
    });
    fs_err::write(&file, config.to_string()).unwrap();
    cluster.api = ClusterApi::new(cluster.api.access).with_patience(Duration::from_millis(50));
    let cancel = CancelToken::new();
    let error = cluster.api.version(&cancel).await.unwrap_err();
    assert!(matches!(error, ToolError::Unanswered { .. }), "{error:?}");
    cancel.force();
    let error = cluster.api.version(&cancel).await.unwrap_err();
    assert!(matches!(error, ToolError::Interrupted { .. }), "{error:?}");
}

#[tokio::test]
async fn without_a_kubeconfig_nobody_is_logged_in_and_the_files_of_a_list_are_joined() {
    let access = |environment: &[(&str, &str)]| ClusterAccess {
        environment: environment
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        context: Some("two".to_owned()),
        kubeconfig: None,
        namespace: "notes".to_owned(),
    };
    let cancel = CancelToken::new();
    let error = ClusterApi::new(access(&[])).version(&cancel).await.unwrap_err();
    assert!(crate::run::chain_text(&error).contains("kubeconfig"), "{error:?}");

    let version = json!({ "gitVersion": "v1.30.1" });
    let cluster = Cluster::answering(vec![("GET /version", 200, version)]).await;
    let one = cluster.api.access.kubeconfig.clone().unwrap();
    let two = one.with_file_name("two");
    let context = json!({ "apiVersion": "v1", "kind": "Config",
        "contexts": [{ "name": "two", "context": { "cluster": "one", "user": "me" } }] });
    fs_err::write(&two, context.to_string()).unwrap();
    let list = format!("{}:{one}:{two}", one.with_file_name("none"));
    let found = ClusterApi::new(access(&[("KUBECONFIG", &list)]))
        .version(&cancel)
        .await
        .unwrap();
    assert_eq!(found.to_string(), "1.30.1");
}
