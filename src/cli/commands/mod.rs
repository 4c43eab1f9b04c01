//! One file per verb.

pub mod backup;
pub mod completions;
pub mod cost;
pub mod destroy;
pub mod doctor;
pub mod drift;
pub mod init;
pub mod internal;
pub mod license;
pub mod logs;
pub mod permissions;
pub mod plan;
pub mod product;
pub mod prune;
pub mod recommend;
pub mod rehearse;
pub mod release;
pub mod render;
pub mod restore;
pub mod resume;
pub mod rollback;
pub mod runs;
pub mod schema;
pub mod status;
pub mod up;
pub mod upgrade;
