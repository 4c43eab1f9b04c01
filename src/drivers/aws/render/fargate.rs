//! How much processor and memory Fargate has to give.

use crate::deployment::ResolvedComponent;
use crate::product::thousandths;

/// What the proxy beside a component takes that calls others or is called.
const PROXY_MIB: u64 = 64;

/// What a task is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// CPU units; 1024 are one CPU.
    pub(super) cpu: u64,
    /// Memory in MiB.
    pub(super) memory: u64,
}

/// The processors there are, each with the least memory, the most, and the steps in between.
const OFFERS: [(u64, u64, u64, u64); 8] = [
    (256, 512, 512, 512),
    (256, 1024, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
];

impl Size {
    /// Finds the smallest that has what a component asks for; none when there is none so large.
    pub(super) fn of(component: &ResolvedComponent, connected: bool) -> Option<Self> {
        let cpu = thousandths(&component.resources.cpu)?;
        let memory = thousandths(&component.resources.memory)?;
        let units = u64::try_from(cpu * 1024).ok()?.div_ceil(1000);
        let mebibytes = u64::try_from(memory).ok()?.div_ceil(1000 << 20);
        Self::with(units, mebibytes + if connected { PROXY_MIB } else { 0 })
    }

    fn with(cpu: u64, memory: u64) -> Option<Self> {
        let fits = |(units, least, most, step): (u64, u64, u64, u64)| {
            let memory = memory.max(least).next_multiple_of(step);
            (units >= cpu && memory <= most).then_some(Self { cpu: units, memory })
        };
        OFFERS.into_iter().find_map(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_offer_that_fits_is_taken() {
        for ((cpu, memory), wanted) in [
            ((100, 128), (256, 512)),
            ((100, 600), (256, 1024)),
            ((100, 1100), (256, 2048)),
            ((100, 2100), (512, 3072)),
            ((1024, 2112), (1024, 3072)),
            ((1025, 100), (2048, 4096)),
            ((4096, 30_721), (8192, 32_768)),
            ((16_384, 122_880), (16_384, 122_880)),
        ] {
            let (cpu_given, memory_given) = wanted;
            let size = Size {
                cpu: cpu_given,
                memory: memory_given,
            };
            assert_eq!(Size::with(cpu, memory), Some(size), "{cpu} {memory}");
        }
        assert_eq!(Size::with(16_385, 100), None);
        assert_eq!(Size::with(256, 122_881), None);
    }
}
