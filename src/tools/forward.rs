//! `kubectl port-forward`: a port of a pod, from this machine.

use super::cancel::CancelToken;
use super::error::ToolError;
use super::kubectl::Kubectl;
use super::output::Stream;

impl Kubectl {
    /// Leads a port of this machine's loopback to one of a pod while `work` is done, which is given that port.
    ///
    /// It ends inside the pod, so that no network policy stands in the way.
    ///
    /// # Errors
    /// [`ToolError`] when the pod is not reached, or not long enough.
    pub async fn forward<T, W>(
        &self,
        pod: &str,
        port: u16,
        work: impl FnOnce(u16) -> W + Send,
        cancel: &CancelToken,
    ) -> Result<T, ToolError>
    where
        W: Future<Output = T> + Send,
    {
        let call = self.call("port-forward", format!("reaching port {port} of {pod}"));
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let local = free.map_err(|source| call.follow(source))?.port();
        let call = call
            .args(["--address", "127.0.0.1"])
            .args([format!("pod/{pod}"), format!("{local}:{port}")]);
        // Its first line says that it listens; before that, somebody else might.
        let (listens, listening) = tokio::sync::oneshot::channel();
        let mut listens = Some(listens);
        let line = move |stream: Stream, _: &str| {
            if stream == Stream::Out
                && let Some(listens) = listens.take()
            {
                let _ = listens.send(());
            }
        };
        let work = async {
            match listening.await {
                Ok(()) => work(local).await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = call.stream(cancel, line) => {
                ended.and_then(|_| Err(call.follow(std::io::ErrorKind::UnexpectedEof.into())))
            }
            done = work => Ok(done),
        }
    }
}
