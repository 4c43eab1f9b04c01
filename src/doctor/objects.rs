//! Whether objects can be stored.

use camino::Utf8Path;

use super::{Check, Context, Finding, Level};
use crate::deployment::ResolvedService;
use crate::product::{Supply, Target};

pub(super) fn checks<'a>(
    cx: &'a Context<'_>,
    name: &str,
    service: &'a ResolvedService,
    checks: &mut Vec<Check<'a>>,
) {
    let subject = format!("services.{name}");
    let on_host = cx
        .what
        .deployment
        .parts
        .values()
        .any(|part| part.target == Some(Target::Host));
    if service.text("driver") == "filesystem" {
        // In a container or a cluster the path is inside, and means nothing here.
        if on_host {
            checks.push(Check::new("objects", subject.clone(), async move {
                vec![folder(cx, &subject, service).await]
            }));
        }
    } else if service.supply == Supply::Yours {
        checks.push(Check::new("objects", subject.clone(), async move {
            vec![endpoint(cx, &subject, service).await]
        }));
    }
}

async fn folder(cx: &Context<'_>, subject: &str, service: &ResolvedService) -> Finding {
    let path = service.text("path");
    match cx.world.writable(Utf8Path::new(path)).await {
        Ok(()) => Finding::ok("objects", subject, format!("{path} can be written")),
        Err(error) => {
            let fix = format!("make {path} writable for whoever runs Landfall");
            Finding::new("objects", subject, Level::Blocker, error.whole()).fix(fix)
        }
    }
}

/// Any answer will do: without a signature every store refuses.
async fn endpoint(cx: &Context<'_>, subject: &str, service: &ResolvedService) -> Finding {
    let url = match service.text("endpoint") {
        "" if service.text("driver") == "s3" => {
            format!("https://s3.{}.amazonaws.com", service.text("region"))
        }
        "" => {
            let message = "it has no endpoint";
            return Finding::new("objects", subject, Level::Blocker, message)
                .fix(format!("set `{subject}.endpoint`"));
        }
        endpoint => endpoint.to_owned(),
    };
    match cx.world.get(&url).await {
        Ok(response) => {
            let message = format!("it answers (status {} without a signature)", response.status);
            Finding::ok("objects", subject, message)
        }
        Err(error) => Finding::new("objects", subject, cx.unreachable, error.whole())
            .fix("check the endpoint, and firewalls on the way"),
    }
}
