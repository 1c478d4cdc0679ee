//! How processes share the cores.

/// How many processes there are where nobody says: one a core, as narrow networks gain less from threads than from company. At most 4, since each needs
/// memory of its own.
pub fn default_jobs() -> usize {
    cores().min(4)
}

/// Threads of the process in a place, from 0, of `jobs`: what is left over of an even share goes to the first.
pub fn threads(jobs: usize, place: usize) -> usize {
    let (cores, jobs) = (cores(), jobs.max(1));
    (cores / jobs + usize::from(place < cores % jobs)).max(1)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
