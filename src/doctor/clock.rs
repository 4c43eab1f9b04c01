//! Whether this machine knows what time it is: tokens, licenses and certificates all depend on it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::identity::discovery;
use super::{Check, Context, Finding, Level};
use crate::product::{ServiceKind, Supply};

/// More than this and tokens are refused.
const WRONG: SignedDuration = SignedDuration::from_mins(5);
/// More than this and short-lived signatures begin to fail.
const OFF: SignedDuration = SignedDuration::from_secs(60);
/// 2025-01-01 and 2100-01-01: no machine that runs this lives outside of them.
const SANE: std::ops::Range<i64> = 1_735_689_600..4_102_444_800;

const FIX: &str = "switch time synchronization on: `timedatectl set-ntp true`";

pub(super) fn checks<'a>(cx: &'a Context<'_>, checks: &mut Vec<Check<'a>>) {
    checks.push(Check::new("clock", "this machine", async move {
        let now = cx.world.now();
        let sane = SANE.contains(&now.as_second());
        let finding = if sane {
            Finding::ok("clock", "this machine", format!("it is {now:.0}"))
        } else {
            let message = format!("it is not {now:.0}");
            Finding::new("clock", "this machine", Level::Blocker, message).fix(FIX)
        };
        vec![finding]
    }));
    let services = cx.what.deployment.services.values();
    let issuers = services
        .filter(|service| service.kind == ServiceKind::Oidc && service.supply == Supply::Yours)
        .map(|service| discovery(service.text("issuer")));
    let urls: BTreeSet<String> = issuers.chain(cx.what.clock.map(str::to_owned)).collect();
    for url in urls {
        checks.push(Check::new("clock", url.clone(), async move {
            compare(cx, &url).await
        }));
    }
}

/// Compares the clocks; that the other side does not answer or tell is another check's business.
async fn compare(cx: &Context<'_>, url: &str) -> Vec<Finding> {
    let Some(theirs) = cx.world.get(url).await.ok().and_then(|response| response.date) else {
        return Vec::new();
    };
    vec![judge(url, cx.world.now(), theirs)]
}

fn judge(url: &str, ours: Timestamp, theirs: Timestamp) -> Finding {
    let apart = ours.duration_since(theirs);
    let seconds = apart.unsigned_abs().as_secs();
    let way = if apart.is_negative() { "behind" } else { "ahead" };
    let level = match apart.abs() {
        apart if apart > WRONG => Level::Blocker,
        apart if apart > OFF => Level::Warning,
        _ => return Finding::ok("clock", url, "the clocks agree"),
    };
    Finding::new(
        "clock",
        url,
        level,
        format!("this machine is {seconds} seconds {way}"),
    )
    .fix(FIX)
}
